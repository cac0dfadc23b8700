package foreign

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Tabular reports whether the streams of a kind are rows, for NewGrid, and not
// files.
func (k Kind) Tabular() bool { return k == Parquet }

// Bounds on a row as it travels. A longer cell is cut, and said to be.
const (
	maxRowCells = 1 << 16
	maxCell     = 1 << 20 // bytes
)

// A row travels as the number of its cells, then each cell's size and bytes,
// numbers as unsigned varints: as little as can be, since the other side is
// not believed.
func appendRow(b []byte, row [][]byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(row)))
	for _, cell := range row {
		b = binary.AppendUvarint(b, uint64(len(cell)))
		b = append(b, cell...)
	}
	return b
}

// Grid reads rows as a Tabular kind streams them; it is a table.Grid. A stream
// that breaks the form ends with document.ErrDamaged.
type Grid struct {
	r     *bufio.Reader
	row   [][]byte
	sizes []int
	cells []byte
}

// NewGrid returns the rows of a stream that a Tabular kind has given.
func NewGrid(r io.Reader) *Grid { return &Grid{r: bufio.NewReaderSize(r, 64<<10)} }

// Next returns the next row, which is valid until the next call.
func (g *Grid) Next() ([][]byte, error) {
	if _, err := g.r.Peek(1); err != nil {
		return nil, err
	}
	count, err := g.number(maxRowCells)
	if err != nil {
		return nil, err
	}
	g.sizes, g.cells = g.sizes[:0], g.cells[:0]
	for range count {
		size, err := g.number(maxCell)
		if err != nil {
			return nil, err
		}
		from := len(g.cells)
		if len(g.cells)+size > maxRow {
			return nil, fmt.Errorf("row: %w", document.ErrTooBig)
		}
		g.cells = append(g.cells, make([]byte, size)...)
		if _, err := io.ReadFull(g.r, g.cells[from:]); err != nil {
			return nil, cutOff(err)
		}
		g.sizes = append(g.sizes, size)
	}
	g.row = g.row[:0]
	rest := g.cells
	for _, size := range g.sizes {
		g.row, rest = append(g.row, rest[:size:size]), rest[size:]
	}
	return g.row, nil
}

// maxRow bounds the bytes of one row.
const maxRow = 8 << 20

func (g *Grid) number(most uint64) (int, error) {
	v, err := binary.ReadUvarint(g.r)
	if err != nil {
		return 0, cutOff(err)
	}
	if v > most {
		return 0, fmt.Errorf("rows: %w", document.ErrDamaged)
	}
	return int(v), nil
}

// cutOff turns an end within a row into damage; other errors say why by
// themselves.
func cutOff(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("rows cut off: %w", document.ErrDamaged)
	}
	return err
}

// rowReader is the sending side: it encodes the rows that next appends, one or
// more a call, until next returns an error.
type rowReader struct {
	next func(b []byte) ([]byte, error)
	buf  []byte
	left []byte
	err  error
}

func (r *rowReader) Read(p []byte) (int, error) {
	for len(r.left) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.buf, r.err = r.next(r.buf[:0])
		r.left = r.buf
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}
