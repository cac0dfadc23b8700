package sqlite

import (
	"encoding/binary"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// The kinds of b-tree pages.
const (
	interiorIndex = 2
	interiorTable = 5
	leafIndex     = 10
	leafTable     = 13
)

// cursor walks the records of a b-tree in order. Tables keep them in leaves,
// by row number; tables without row numbers are index b-trees, which keep
// them in all their pages.
type cursor struct {
	db      *database
	root    uint32
	stack   []level
	payload []byte
	spare   [][]byte // page buffers to use again
}

// level is a page on the way to the present record.
type level struct {
	page  []byte
	kind  byte
	cells int
	at    int  // the next cell
	down  bool // the child left of that cell was visited
	start int  // of the cell pointers
	right uint32
}

func (db *database) cursor(root uint32) *cursor { return &cursor{db: db, root: root} }

// next returns the next record and its row number.
func (c *cursor) next() (payload []byte, rowid int64, ok bool) {
	if c.root != 0 {
		c.enter(c.root)
		c.root = 0
	}
	for len(c.stack) > 0 {
		top := &c.stack[len(c.stack)-1]
		if top.at == top.cells && (top.right == 0 || top.down) {
			c.leave()
			continue
		}
		if top.at == top.cells {
			top.down = true
			c.enter(top.right)
			continue
		}
		cell := top.cell()
		if cell == nil {
			c.db.damaged("a cell of a database")
			top.at++
			continue
		}
		switch top.kind {
		case interiorTable:
			top.at++
			c.enter(binary.BigEndian.Uint32(cell))
			continue
		case interiorIndex:
			if !top.down {
				top.down = true
				c.enter(binary.BigEndian.Uint32(cell))
				continue
			}
			cell = cell[4:]
		}
		top.at++
		top.down = false
		if payload, rowid, ok = c.record(cell, top.kind == leafTable); ok {
			return payload, rowid, true
		}
	}
	return nil, 0, false
}

// enter goes down to a page.
func (c *cursor) enter(n uint32) {
	if len(c.stack) >= maxDepth {
		c.db.damaged("a tree of a database")
		return
	}
	var b []byte
	if k := len(c.spare); k > 0 {
		b, c.spare = c.spare[k-1], c.spare[:k-1]
	}
	if b = c.db.page(n, b); b == nil {
		return
	}
	h := 0
	if n == 1 {
		h = 100 // behind the file's header
	}
	l := level{page: b[:c.db.usable], kind: b[h], cells: int(binary.BigEndian.Uint16(b[h+3:])), start: h + 8}
	switch l.kind {
	case interiorIndex, interiorTable:
		l.right, l.start = binary.BigEndian.Uint32(b[h+8:]), h+12
	case leafIndex, leafTable:
	default:
		c.db.damaged("a page of a database")
		return
	}
	l.cells = min(l.cells, (len(l.page)-l.start)/2)
	c.stack = append(c.stack, l)
}

func (c *cursor) leave() {
	last := len(c.stack) - 1
	c.spare = append(c.spare, c.stack[last].page)
	c.stack = c.stack[:last]
}

// cell returns the bytes from the present cell to the page's end.
func (l *level) cell() []byte {
	off := int(binary.BigEndian.Uint16(l.page[l.start+2*l.at:]))
	if off < l.start || off+4 > len(l.page) {
		return nil
	}
	return l.page[off:]
}

// record reads a record, with what overflows its page.
func (c *cursor) record(cell []byte, table bool) (payload []byte, rowid int64, ok bool) {
	size, n := varint(cell)
	cell = cell[n:]
	if table {
		var id uint64
		id, n = varint(cell)
		rowid, cell = int64(id), cell[n:]
	}
	if n == 0 {
		c.db.damaged("a record of a database")
		return nil, 0, false
	}
	if size > maxRecord {
		c.db.note(fmt.Errorf("a record of a database: %w", document.ErrTooBig))
		return nil, 0, false
	}
	local := c.local(int(size), table)
	if local > len(cell) {
		c.db.damaged("a record of a database")
		return nil, 0, false
	}
	if local == int(size) {
		return cell[:local], rowid, true
	}
	c.payload = append(c.payload[:0], cell[:local]...)
	if len(cell) < local+4 {
		c.db.damaged("a record of a database")
		return c.payload, rowid, true
	}
	var b []byte
	for next := binary.BigEndian.Uint32(cell[local:]); len(c.payload) < int(size); {
		if b = c.db.page(next, b); b == nil {
			break // what there is of the record is good
		}
		next = binary.BigEndian.Uint32(b)
		c.payload = append(c.payload, b[4:min(c.db.usable, 4+int(size)-len(c.payload))]...)
	}
	return c.payload, rowid, true
}

// local returns how many bytes of a record stand in its cell (section 1.6,
// "Cell Payload Overflow Pages").
func (c *cursor) local(size int, table bool) int {
	u := c.db.usable
	most := u - 35
	if !table {
		most = (u-12)*64/255 - 23
	}
	if size <= most {
		return size
	}
	least := (u-12)*32/255 - 23
	if k := least + (size-least)%(u-4); k <= most {
		return k
	}
	return least
}

// varint reads a number of one to nine bytes, highest first. No bytes give 0.
func varint(b []byte) (uint64, int) {
	var v uint64
	for i := 0; i < 9 && i < len(b); i++ {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
