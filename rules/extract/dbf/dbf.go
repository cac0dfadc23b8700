// Package dbf reads the tables of dBase III to V, Clipper, FoxBASE and FoxPro
// (.dbf). Memos stand in a file of their own (.dbt, .fpt) and are not here.
//
// What is always true: one record is in memory at a time, and records that are
// marked as deleted are read like the others, since they are still there.
package dbf

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/codepage"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flat"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"golang.org/x/text/encoding"
)

// Read gives the records of a file of size bytes to out as one table, the
// columns' names first, and then what stands behind its end, as a file. It
// returns out's error unchanged, the context's error, or one of document's:
// what was found before stays good.
func Read(ctx context.Context, r io.ReaderAt, size int64, lim document.Limits, out document.Output) error {
	begin := make([]byte, min(size, 64<<10)) // no header is longer
	n, _ := r.ReadAt(begin, 0)
	h, whole := parse(begin[:n])
	if h == nil {
		return fmt.Errorf("no header of a dBase file: %w", document.ErrUnsupported)
	}
	if h.sealed {
		return fmt.Errorf("a dBase file: %w", document.ErrEncrypted)
	}
	body := io.NewSectionReader(r, int64(h.size), max(size-int64(h.size), 0))
	g := &grid{ctx: ctx, h: h, br: bufio.NewReaderSize(body, 32<<10), buf: make([]byte, h.record), lim: lim}
	if h.page != 0 {
		g.text = codepage.Lookup(h.page).NewDecoder()
	}
	if err := out.Table("", g); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("reading a dBase file: %w", err)
	}
	if g.err != nil && g.err != io.EOF {
		return g.err
	}
	if !whole || g.read < int64(h.records) {
		return fmt.Errorf("a dBase file that is cut off: %w", document.ErrDamaged)
	}
	end := int64(h.size) + g.read*int64(h.record) + 1
	if size-end < minTrailer {
		return nil
	}
	return out.File("trailer", io.NewSectionReader(r, end, size-end), size-end)
}

// minTrailer is how many bytes behind the end are worth a look.
const minTrailer = 32

// grid gives the rows of a file, its columns' names first.
type grid struct {
	ctx   context.Context
	h     *header
	br    *bufio.Reader
	text  *encoding.Decoder // nil if the code page is not told
	lim   document.Limits
	buf   []byte
	cells []byte
	ends  []int
	row   [][]byte
	begun bool
	read  int64 // records
	count int64 // cells
	err   error
}

var _ table.Grid = (*grid)(nil)

// Next returns the next row; see table.Grid.
func (g *grid) Next() ([][]byte, error) {
	if g.err == nil {
		g.err = g.fill()
	}
	if g.err != nil {
		return nil, g.err
	}
	g.row = g.row[:0]
	from := 0
	for _, to := range g.ends {
		g.row = append(g.row, g.cells[from:to])
		from = to
	}
	if g.count += int64(len(g.row)); g.count > g.lim.Cells {
		g.err = fmt.Errorf("rows of a dBase file: %w", document.ErrTooMany)
		return nil, g.err
	}
	return g.row, nil
}

func (g *grid) fill() error {
	g.cells, g.ends = g.cells[:0], g.ends[:0]
	if !g.begun {
		g.begun = true
		for _, f := range g.h.fields {
			g.cells = append(g.cells, f.name...)
			g.ends = append(g.ends, len(g.cells))
		}
		return nil
	}
	if g.read%1024 == 0 && g.ctx.Err() != nil {
		return io.EOF
	}
	// The count in the header may be behind the truth: a record's first byte
	// tells, a blank or the star of a deleted one.
	if mark, _ := g.br.Peek(1); len(mark) == 0 || mark[0] != ' ' && mark[0] != '*' {
		return io.EOF
	}
	if _, err := io.ReadFull(g.br, g.buf); err != nil {
		return io.EOF // Read tells a missing record by the count
	}
	g.read++
	for _, f := range g.h.fields {
		g.cells = g.value(g.cells, f)
		g.ends = append(g.ends, len(g.cells))
	}
	return nil
}

// value appends a field of the record.
func (g *grid) value(b []byte, f field) []byte {
	raw := g.buf[f.from:f.to]
	switch f.kind {
	case 'M', 'G', 'P', 'W', '0': // a place in the memo file, marks of empty fields
		return b
	case 'I', '+':
		if len(raw) == 4 {
			return strconv.AppendInt(b, int64(int32(binary.LittleEndian.Uint32(raw))), 10)
		}
	case 'Y': // ten-thousandths
		if len(raw) == 8 {
			v := int64(binary.LittleEndian.Uint64(raw))
			return strconv.AppendFloat(b, float64(v)/10000, 'f', -1, 64)
		}
	case 'B', 'O':
		if len(raw) == 8 {
			return strconv.AppendFloat(b, math.Float64frombits(binary.LittleEndian.Uint64(raw)), 'g', -1, 64)
		}
		return b
	case 'T', '@':
		if len(raw) == 8 {
			return appendMoment(b, binary.LittleEndian.Uint32(raw), binary.LittleEndian.Uint32(raw[4:]))
		}
	case 'D':
		if day := trim(raw); len(day) == 8 {
			return append(append(append(append(append(b, day[:4]...), '-'), day[4:6]...), '-'), day[6:]...)
		}
	}
	return g.characters(b, trim(raw))
}

// appendMoment writes a Julian day and milliseconds of it. Day 0 is none.
func appendMoment(b []byte, day, milliseconds uint32) []byte {
	const epoch = 2440588
	if day == 0 {
		return b
	}
	return flat.AppendTime(b, (int64(day)-epoch)*86400+int64(milliseconds/1000), 1)
}

func (g *grid) characters(b, raw []byte) []byte {
	ascii := true
	for _, c := range raw {
		ascii = ascii && c < 0x80
	}
	if !ascii && g.text != nil {
		if out, err := g.text.Bytes(raw); err == nil {
			return append(b, out...)
		}
	}
	return flat.AppendText(b, raw)
}

// trim takes away the padding.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}
