package ole

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
)

// Values of a compound file ([MS-CFB] 2.1, 2.6).
const (
	signature  = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	headerLen  = 512
	entryLen   = 128
	maxSector  = 0xFFFFFFFA // from here on numbers have other meanings
	maxEntries = 100_000
	noEntry    = 0xFFFFFFFF
	isStorage  = 1
	isStream   = 2
)

var le = binary.LittleEndian

// compound is an opened compound file. Chains of sectors that form a circle,
// share sectors or lead outside the file are cut where they do.
type compound struct {
	src        io.ReaderAt
	size       int64
	shift      uint // of the sector size
	miniShift  uint
	miniCutoff int64
	fat        []uint32
	miniFAT    []uint32
	mini       io.ReaderAt // the stream that holds the small ones
	miniSize   int64
	root       *entry
	damaged    bool
}

// entry is a storage or a stream.
type entry struct {
	name     string
	kind     byte
	start    uint32
	size     int64
	children []*entry // in the order of the directory
}

// openCompound reads the directory of a compound file. It gives what it can
// of a damaged one, which damaged tells.
func openCompound(src io.ReaderAt, size int64) (*compound, error) {
	var h [headerLen]byte
	if _, err := src.ReadAt(h[:], 0); err != nil || string(h[:8]) != signature {
		return nil, fmt.Errorf("compound file header: %w", document.ErrDamaged)
	}
	c := &compound{src: src, size: size, shift: uint(le.Uint16(h[30:])), miniShift: uint(le.Uint16(h[32:])), miniCutoff: int64(le.Uint32(h[56:]))}
	if c.shift < 7 || c.shift > 16 || c.miniShift < 4 || c.miniShift >= c.shift {
		return nil, fmt.Errorf("compound file sectors: %w", document.ErrDamaged)
	}
	c.loadFAT(h[:])
	miniFAT := c.chain(le.Uint32(h[60:]), c.fat, c.sectorCount())
	c.miniFAT = c.numbers(miniFAT)
	if err := c.loadDirectory(le.Uint32(h[48:])); err != nil {
		return nil, err
	}
	c.mini, c.miniSize = c.sectors(c.root.start, c.root.size)
	return c, nil
}

// sectorCount is the number of sectors that the file can have, a last one that
// is cut off among them.
func (c *compound) sectorCount() int64 { return (c.size-headerLen)>>c.shift + 1 }

// readSector reads a sector; what is past the end of the file is zero.
func (c *compound) readSector(n uint32, b []byte) {
	clear(b)
	if got, err := c.src.ReadAt(b, int64(n+1)<<c.shift); err != nil && got < len(b) {
		c.damaged = true
	}
}

// loadFAT reads the table of sector chains, whose own sectors are listed in
// the header and in a chain of further lists.
func (c *compound) loadFAT(h []byte) {
	buf := make([]byte, 1<<c.shift)
	limit := c.sectorCount()
	add := func(sector uint32) {
		if int64(sector) >= limit || int64(len(c.fat)) >= limit {
			return
		}
		c.readSector(sector, buf)
		for i := 0; i < len(buf); i += 4 {
			c.fat = append(c.fat, le.Uint32(buf[i:]))
		}
	}
	for i := 76; i < headerLen; i += 4 {
		add(le.Uint32(h[i:]))
	}
	list := make([]byte, 1<<c.shift)
	next := le.Uint32(h[68:])
	for seen := int64(0); int64(next) < limit && seen < limit; seen++ {
		c.readSector(next, list)
		last := len(list) - 4
		for i := 0; i < last; i += 4 {
			add(le.Uint32(list[i:]))
		}
		next = le.Uint32(list[last:])
	}
}

// chain returns the sectors of a chain, as many as are needed. A table that
// ends or turns back ends the chain.
func (c *compound) chain(start uint32, table []uint32, need int64) []uint32 {
	var list []uint32
	need = min(need, int64(len(table)))
	for n := start; n < maxSector && int64(len(list)) < need; n = table[n] {
		if int64(n) >= int64(len(table)) {
			c.damaged = true
			break
		}
		list = append(list, n)
	}
	return list
}

// numbers reads the sectors as a table of chains.
func (c *compound) numbers(sectors []uint32) []uint32 {
	buf := make([]byte, 1<<c.shift)
	var list []uint32
	for _, n := range sectors {
		c.readSector(n, buf)
		for i := 0; i < len(buf); i += 4 {
			list = append(list, le.Uint32(buf[i:]))
		}
	}
	return list
}

// loadDirectory reads the tree of storages and streams.
func (c *compound) loadDirectory(start uint32) error {
	sectors := c.chain(start, c.fat, maxEntries)
	perSector := 1 << c.shift / entryLen
	if len(sectors) == 0 || perSector == 0 {
		return fmt.Errorf("compound file directory: %w", document.ErrDamaged)
	}
	if len(sectors)*perSector > maxEntries {
		return fmt.Errorf("compound file directory: %w", document.ErrTooMany)
	}
	raw := make([]byte, len(sectors)<<c.shift)
	for i, n := range sectors {
		c.readSector(n, raw[i<<c.shift:(i+1)<<c.shift])
	}
	seen := make([]bool, len(raw)/entryLen)
	c.root = newEntry(raw[:entryLen])
	seen[0] = true
	c.addChildren(c.root, le.Uint32(raw[76:]), raw, seen)
	return nil
}

// addChildren hangs the tree of siblings at the number below the parent, and
// what is below them in turn. Each entry is taken once.
func (c *compound) addChildren(root *entry, number uint32, raw []byte, seen []bool) {
	type subtree struct { // of siblings, still to be walked
		parent *entry
		number uint32
	}
	stack := []subtree{{root, number}}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if t.number == noEntry {
			continue
		}
		if int64(t.number) >= int64(len(seen)) || seen[t.number] {
			c.damaged = true
			continue
		}
		seen[t.number] = true
		b := raw[int(t.number)*entryLen:][:entryLen]
		e := newEntry(b)
		stack = append(stack, subtree{t.parent, le.Uint32(b[72:])})
		if e.kind == isStorage || e.kind == isStream {
			t.parent.children = append(t.parent.children, e)
		}
		if e.kind == isStorage {
			stack = append(stack, subtree{e, le.Uint32(b[76:])})
		}
		stack = append(stack, subtree{t.parent, le.Uint32(b[68:])})
	}
}

func newEntry(b []byte) *entry {
	n := min(max(int(le.Uint16(b[64:]))-2, 0), 62)
	return &entry{
		name:  string(sheet.AppendUTF16(nil, b[:n])),
		kind:  b[66],
		start: le.Uint32(b[116:]),
		size:  int64(le.Uint32(b[120:])), // the upper half is unused in version 3 and may be junk
	}
}

// find returns the child of that name, whatever its case, or nil.
func (e *entry) find(name string) *entry {
	for _, child := range e.children {
		if strings.EqualFold(child.name, name) {
			return child
		}
	}
	return nil
}

// open returns the content of a stream and its size, which is less than the
// directory says where sectors are missing.
func (c *compound) open(e *entry) (io.ReaderAt, int64) {
	if e.size >= c.miniCutoff {
		return c.sectors(e.start, e.size)
	}
	list := c.chain(e.start, c.miniFAT, e.size>>c.miniShift+1)
	size := c.clip(e.size, int64(len(list))<<c.miniShift)
	return &chained{src: c.mini, list: list, shift: c.miniShift, size: size}, size
}

// sectors returns the stream in the chain that begins at the sector.
func (c *compound) sectors(start uint32, size int64) (io.ReaderAt, int64) {
	list := c.chain(start, c.fat, size>>c.shift+1)
	size = c.clip(size, int64(len(list))<<c.shift)
	return &chained{src: c.src, list: list, shift: c.shift, base: 1, size: size}, size
}

func (c *compound) clip(size, have int64) int64 {
	if size > have {
		c.damaged = true
		return have
	}
	return size
}

// chained reads a chain of sectors as one stream.
type chained struct {
	src   io.ReaderAt
	list  []uint32
	shift uint
	base  int64 // sectors before the first
	size  int64
}

// ReadAt implements io.ReaderAt.
func (s *chained) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || off >= s.size {
		return 0, io.EOF
	}
	done := 0
	for done < len(b) && off < s.size {
		i := off >> s.shift
		// Sectors that follow each other in the file are read at once.
		run := i + 1
		for want := int64(len(b)-done) >> s.shift; run < int64(len(s.list)) && s.list[run] == s.list[run-1]+1 && run-i <= want; {
			run++
		}
		within := off - i<<s.shift
		n := min((run-i)<<s.shift-within, s.size-off, int64(len(b)-done))
		got, err := s.src.ReadAt(b[done:done+int(n)], (int64(s.list[i])+s.base)<<s.shift+within)
		done += got
		off += int64(got)
		if int64(got) < n {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
	}
	if done < len(b) {
		return done, io.EOF
	}
	return done, nil
}
