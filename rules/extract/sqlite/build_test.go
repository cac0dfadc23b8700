package sqlite

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// build writes a database with one table, t(number, name, mail), of invented
// rows, in the way of the format's description: leaves, and trees of interior
// pages above them.
func build(rows, pageSize int) []byte {
	pages := [][]byte{make([]byte, pageSize)} // the first, last of all
	var leaf [][]byte
	var level []child
	used := 8
	flush := func() {
		pages = append(pages, page(leafTable, pageSize, 0, leaf))
		level = append(level, child{len(pages), highest(leaf)})
		leaf, used = nil, 8
	}
	for i := range rows {
		cell := leafCell(i+1, fmt.Sprint(100000+i), fmt.Sprintf("Ada Fjord %d", i), fmt.Sprintf("ada%d@example.org", i))
		if used+len(cell)+2 > pageSize {
			flush()
		}
		leaf, used = append(leaf, cell), used+len(cell)+2
	}
	flush()
	for len(level) > 1 {
		var above []child
		for len(level) > 0 {
			n := min(len(level), (pageSize-12)/16)
			var cells [][]byte
			for _, c := range level[:n-1] {
				cells = append(cells, putVarint(binary.BigEndian.AppendUint32(nil, uint32(c.page)), c.key))
			}
			pages = append(pages, page(interiorTable, pageSize, uint32(level[n-1].page), cells))
			above = append(above, child{len(pages), level[n-1].key})
			level = level[n:]
		}
		level = above
	}
	return finish(pages, level[0].page, pageSize)
}

// child is a page below an interior page, and its highest row number.
type child struct {
	page int
	key  uint64
}

// highest returns the row number of a leaf's last cell.
func highest(leaf [][]byte) uint64 {
	if len(leaf) == 0 {
		return 0
	}
	last := leaf[len(leaf)-1]
	_, n := varint(last)
	id, _ := varint(last[n:])
	return id
}

func putVarint(b []byte, v uint64) []byte {
	var digits []byte
	for digits = append(digits, byte(v&0x7f)); v > 0x7f; {
		v >>= 7
		digits = append(digits, byte(v&0x7f)|0x80)
	}
	for i := len(digits) - 1; i >= 0; i-- {
		b = append(b, digits[i])
	}
	return b
}

func leafCell(rowid int, values ...string) []byte {
	var types, body []byte
	for _, v := range values {
		types = putVarint(types, uint64(13+2*len(v)))
		body = append(body, v...)
	}
	record := append(putVarint(nil, uint64(len(types)+1)), types...)
	record = append(record, body...)
	return append(putVarint(putVarint(nil, uint64(len(record))), uint64(rowid)), record...)
}

func page(kind byte, size int, right uint32, cells [][]byte) []byte {
	p := make([]byte, size)
	fill(p, 0, kind, right, cells)
	return p
}

// fill writes a b-tree page whose header stands at an offset.
func fill(p []byte, at int, kind byte, right uint32, cells [][]byte) {
	p[at] = kind
	binary.BigEndian.PutUint16(p[at+3:], uint16(len(cells)))
	pointers, end := at+8, len(p)
	if kind == interiorTable {
		binary.BigEndian.PutUint32(p[at+8:], right)
		pointers += 4
	}
	for i, c := range cells {
		end -= len(c)
		copy(p[end:], c)
		binary.BigEndian.PutUint16(p[pointers+2*i:], uint16(end))
	}
}

// finish writes the header and the schema onto the first page.
func finish(pages [][]byte, root, pageSize int) []byte {
	first := pages[0]
	copy(first, magic)
	binary.BigEndian.PutUint16(first[16:], uint16(pageSize))
	binary.BigEndian.PutUint32(first[28:], uint32(len(pages)))
	binary.BigEndian.PutUint32(first[56:], 1)
	var number [4]byte
	binary.BigEndian.PutUint32(number[:], uint32(root))
	sql := "CREATE TABLE t(number, name, mail)"
	types := []byte{6, 13 + 2*5, 13 + 2, 13 + 2, 4, byte(13 + 2*len(sql))}
	record := append(types, "tablett"+string(number[:])+sql...)
	fill(first, 100, leafTable, 0, [][]byte{append([]byte{byte(len(record)), 1}, record...)})
	return bytes.Join(pages, nil)
}

func TestTreeOfManyLevelsIsReadInOrder(t *testing.T) {
	const rows = 5000
	got, err := read(t, build(rows, 512), limits())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got.tables["t"]); n != rows+1 {
		t.Fatalf("%d rows, want %d", n, rows+1)
	}
	for i, row := range got.tables["t"][1:] {
		if row[0] != fmt.Sprint(100000+i) {
			t.Fatalf("row %d is %q", i, row)
		}
	}
}

// Whatever the bytes are, Read ends within its bounds, gives UTF-8 and returns
// one of the promised errors.
func FuzzRead(f *testing.F) {
	for _, b := range load(f) {
		f.Add(b)
	}
	f.Add(build(200, 512))
	lim := document.Limits{Bytes: 4 << 20, Ratio: 200, Cells: 20_000, Pages: 20, Depth: 12}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := read(t, b, lim)
		promised := err == nil
		for _, e := range []error{document.ErrDamaged, document.ErrUnsupported, document.ErrTooBig, document.ErrTooMany} {
			promised = promised || errors.Is(err, e)
		}
		if !promised {
			t.Errorf("error %v", err)
		}
		cells := 0
		for _, rows := range got.tables {
			for _, row := range rows {
				cells += len(row)
				for _, c := range row {
					if !utf8.ValidString(c) {
						t.Errorf("%q is not UTF-8", c)
					}
				}
			}
		}
		if int64(cells) > lim.Cells {
			t.Errorf("%d cells", cells)
		}
	})
}

// BenchmarkRead reads a table of 20,000 rows.
func BenchmarkRead(b *testing.B) {
	const rows = 20_000
	file := build(rows, 4096)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		n := counter{}
		if err := Read(context.Background(), bytes.NewReader(file), int64(len(file)), limits(), &n); err != nil {
			b.Fatal(err)
		}
		if n.rows != rows+1 {
			b.Fatalf("%d rows", n.rows)
		}
	}
}

// counter counts rows without keeping them.
type counter struct {
	sink
	rows int
}

func (c *counter) Table(_ string, g table.Grid) error {
	for {
		if _, err := g.Next(); err != nil {
			return nil
		}
		c.rows++
	}
}
