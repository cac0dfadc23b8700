package avro

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flat"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// maxCell is where a cell is cut off, in bytes.
const maxCell = 1 << 20

// grid gives the rows of a file, its columns' names first.
type grid struct {
	f      *file
	b      *block // nil between blocks
	record *flat.Record
	begun  bool
	row    int // of the record, the next to be given
	err    error
}

var _ table.Grid = (*grid)(nil)

// Next returns the next row; see table.Grid.
func (g *grid) Next() ([][]byte, error) {
	if !g.begun {
		g.begun = true
		row := make([][]byte, len(g.f.columns))
		for i, name := range g.f.columns {
			row[i] = []byte(name)
		}
		return row, nil
	}
	for {
		if row := g.record.Row(g.row); row != nil {
			g.row++
			return row, nil
		}
		if g.err != nil {
			return nil, g.err
		}
		g.err = g.fill() // rows that came before an error are given
	}
}

// fill decodes the next record.
func (g *grid) fill() (err error) {
	for g.b == nil || g.b.left == 0 {
		if g.b != nil {
			if err := g.b.end(); err != nil {
				return err
			}
		}
		if g.b, err = g.f.block(); err != nil {
			return err
		}
	}
	g.b.left--
	g.record.Reset()
	g.row = 0
	d := g.b.d
	d.record = g.record
	if d.pay() {
		d.value(g.f.root)
	}
	g.f.cells += int64(g.record.Size())
	if g.record.Full() {
		d.fail(fmt.Errorf("record of an Avro file: %w", document.ErrTooMany))
	}
	if d.err != nil {
		return d.err
	}
	return nil
}

// decoder reads values. After its first error every value is empty.
type decoder struct {
	br interface {
		io.Reader
		io.ByteReader
	}
	f      *file
	record *flat.Record
	buf    []byte
	err    error
}

// fail keeps the first error. What a decompressor says, or the end of the file
// before its time, is damage.
func (d *decoder) fail(err error) {
	if d.err != nil {
		return
	}
	for _, known := range []error{document.ErrTooBig, document.ErrTooMany, document.ErrRatio, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			d.err = err
			return
		}
	}
	d.err = errDamaged
}

// pay counts a cell, so that a record that states endless items without a
// byte between them comes to an end.
func (d *decoder) pay() bool {
	if d.f.cells++; d.f.cells > d.f.lim.Cells {
		d.fail(fmt.Errorf("rows of an Avro file: %w", document.ErrTooMany))
	}
	return d.err == nil
}

func (d *decoder) long() int64 {
	if d.err != nil {
		return 0
	}
	v, err := binary.ReadVarint(d.br)
	if err != nil {
		d.fail(err)
		return 0
	}
	return v
}

// count reads how many items a block of an array or map has. A negative one is
// followed by its size in bytes.
func (d *decoder) count() int {
	n := d.long()
	if n < 0 {
		d.long()
		n = -n
	}
	if n < 0 || n > math.MaxInt32 {
		d.fail(errDamaged)
		return 0
	}
	return int(n)
}

// bytes reads a value with its size before it. It is valid until the next.
func (d *decoder) bytes(most int64) []byte {
	n := d.long()
	if n < 0 || n > most {
		d.fail(errDamaged)
		return nil
	}
	return append([]byte(nil), d.fixed(int(n))...)
}

// fixed reads so many bytes, valid until the next call. Memory is taken as the
// bytes come, whatever was stated.
func (d *decoder) fixed(n int) []byte {
	d.buf = d.buf[:0]
	for len(d.buf) < n && d.err == nil {
		from := len(d.buf)
		d.buf = append(d.buf, make([]byte, min(n-from, 64<<10))...)
		if _, err := io.ReadFull(d.br, d.buf[from:]); err != nil {
			d.fail(err)
			d.buf = d.buf[:from]
		}
	}
	return d.buf
}

// value decodes a value into the cells of its columns.
func (d *decoder) value(s *schema) {
	if d.err != nil {
		return
	}
	switch s.kind {
	case kindNull:
	case kindRecord:
		for _, f := range s.items {
			d.value(f)
		}
	case kindUnion:
		branch := d.long()
		if branch < 0 || branch >= int64(len(s.items)) {
			d.fail(errDamaged)
			return
		}
		for i, item := range s.items {
			if int64(i) == branch {
				d.value(item)
			} else {
				d.empty(item)
			}
		}
	case kindArray, kindMap:
		d.items(s)
	default:
		d.leaf(s)
	}
}

// empty leaves a cell empty in each column of what is not there.
func (d *decoder) empty(s *schema) {
	for i := s.from; i < s.to && d.pay(); i++ {
		d.record.Cell(i)
	}
}

func (d *decoder) items(s *schema) {
	first := true
	for n := d.count(); n > 0 && d.err == nil; n = d.count() {
		for range n {
			if !first {
				d.record.Align(s.from, s.to)
			}
			first = false
			if !d.pay() {
				return
			}
			if s.kind == kindMap {
				d.text(s.from)
			}
			d.value(s.items[0])
		}
	}
	if first {
		d.empty(s)
	}
}

// text decodes a string into a column.
func (d *decoder) text(column int) {
	n := d.long()
	if n < 0 || n > maxValue {
		d.fail(errDamaged)
		return
	}
	v := d.fixed(int(n))
	cell := d.record.Cell(column)
	*cell = d.clip(flat.AppendText(*cell, v))
}

func (d *decoder) clip(cell []byte) []byte {
	if len(cell) > maxCell {
		d.f.cut = true
		return cell[:maxCell]
	}
	return cell
}

// leaf decodes a value that is one cell.
func (d *decoder) leaf(s *schema) {
	if !d.pay() {
		return
	}
	switch s.kind {
	case kindBytes, kindString, kindFixed:
		d.raw(s)
		return
	}
	cell := d.record.Cell(s.from)
	switch s.kind {
	case kindBoolean:
		*cell = strconv.AppendBool(*cell, string(d.fixed(1)) == "\x01")
	case kindInt:
		*cell = appendInt(*cell, s, d.long())
	case kindFloat:
		if b := d.fixed(4); len(b) == 4 {
			*cell = strconv.AppendFloat(*cell, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 'g', -1, 32)
		}
	case kindDouble:
		if b := d.fixed(8); len(b) == 8 {
			*cell = strconv.AppendFloat(*cell, math.Float64frombits(binary.LittleEndian.Uint64(b)), 'g', -1, 64)
		}
	case kindEnum:
		if i := d.long(); i >= 0 && i < int64(len(s.symbols)) {
			*cell = d.clip(append(*cell, s.symbols[i]...))
		}
	}
}

// raw decodes bytes, as what they stand for.
func (d *decoder) raw(s *schema) {
	if s.kind != kindFixed && s.logical != decimal {
		d.text(s.from)
		return
	}
	size := int64(s.size)
	if s.kind != kindFixed {
		size = d.long()
	}
	if size < 0 || size > maxValue {
		d.fail(errDamaged)
		return
	}
	v := d.fixed(int(size))
	cell := d.record.Cell(s.from)
	switch {
	case s.logical == decimal:
		*cell = flat.AppendDecimal(*cell, flat.TwosComplement(v), s.scale)
	case len(v) <= 32 && len(flat.AppendText(nil, v)) == 0:
		*cell = hex.AppendEncode(*cell, v) // a key or an address
	default:
		*cell = d.clip(flat.AppendText(*cell, v))
	}
}

func appendInt(b []byte, s *schema, v int64) []byte {
	switch s.logical {
	case date:
		return flat.AppendDate(b, int64(int32(v)))
	case milliseconds:
		return flat.AppendTime(b, v, 1e3)
	case microseconds:
		return flat.AppendTime(b, v, 1e6)
	case nanoseconds:
		return flat.AppendTime(b, v, 1e9)
	case decimal:
		return flat.AppendDecimal(b, big.NewInt(v), s.scale)
	}
	return strconv.AppendInt(b, v, 10)
}
