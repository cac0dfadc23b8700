package sqlite

import (
	"bytes"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// grid gives the rows of a table, its column names first.
type grid struct {
	db     *database
	cursor *cursor
	def    definition
	begun  bool
	values []value
	row    [][]byte
	text   []byte
	ends   []int
	files  []string // binary values that are neither text nor pictures
	kept   int      // bytes in files
}

var _ table.Grid = (*grid)(nil)

// Next returns the next row; see table.Grid.
func (g *grid) Next() ([][]byte, error) {
	if !g.begun {
		g.begun = true
		if len(g.def.columns) > 0 {
			return g.header()
		}
	}
	payload, rowid, ok := g.cursor.next()
	if !ok {
		return nil, io.EOF
	}
	g.values = g.db.record(g.values[:0], payload)
	g.text, g.ends = g.text[:0], g.ends[:0]
	for i, v := range g.values {
		if i == g.def.rowid && v.kind == null {
			v = value{kind: integer, integer: rowid}
		}
		if v.kind == blob && !v.isText() {
			g.keep(v.bytes)
		}
		g.text = v.append(g.text, g.db.encoding)
		g.ends = append(g.ends, len(g.text))
	}
	g.row = g.row[:0]
	from := 0
	for _, to := range g.ends {
		g.row = append(g.row, g.text[from:to])
		from = to
	}
	return g.pay()
}

func (g *grid) header() ([][]byte, error) {
	g.row = g.row[:0]
	for _, name := range g.def.columns {
		g.row = append(g.row, []byte(name))
	}
	return g.pay()
}

// pay counts the row's cells.
func (g *grid) pay() ([][]byte, error) {
	if g.db.cells += int64(len(g.row)); g.db.cells > g.db.lim.Cells {
		g.db.ended = fmt.Errorf("rows of a database: %w", document.ErrTooMany)
		return nil, g.db.ended
	}
	return g.row, nil
}

// keep keeps a binary value as a file, unless it is a picture or too short to
// be a document.
func (g *grid) keep(b []byte) {
	if len(b) < 64 || bytes.HasPrefix(b, []byte("\xff\xd8\xff")) || bytes.HasPrefix(b, []byte("\x89PNG")) ||
		bytes.HasPrefix(b, []byte("GIF8")) || bytes.HasPrefix(b, []byte("RIFF")) {
		return
	}
	if g.kept += len(b); g.kept > maxFiles {
		g.db.note(fmt.Errorf("binary values of a database: %w", document.ErrTooBig))
		return
	}
	g.files = append(g.files, string(b))
}
