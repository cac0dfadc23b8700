package pdf

import (
	"bytes"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// maxSections bounds the chain of incremental updates.
const maxSections = 4096

// readXref reads the cross-reference sections from the newest to the oldest
// (ISO 32000-2, 7.5). What a newer section says of an object stands. It
// reports false where the chain is broken.
func (f *file) readXref() bool {
	const tail = 4 << 10
	from := max(0, f.size-tail)
	b, _ := f.window(from, tail)
	i := bytes.LastIndex(b, []byte("startxref"))
	if i < 0 {
		return false
	}
	lex := lexer{buf: b, pos: i + len("startxref")}
	t := lex.next()
	if !t.integer {
		return false
	}
	seen := map[int64]bool{}
	queue := []int64{int64(t.num)}
	for len(queue) > 0 {
		off := queue[0]
		queue = queue[1:]
		if seen[off] {
			continue
		}
		seen[off] = true
		if off < 0 || off >= f.size || len(seen) > maxSections {
			return false
		}
		trailer, ok := f.section(off)
		if !ok {
			return false
		}
		for k, v := range trailer {
			if _, ok := f.trailer[k]; !ok {
				f.trailer[k] = v
			}
		}
		// A hybrid file's stream comes before the table's predecessor.
		for _, key := range []name{"XRefStm", "Prev"} {
			if n, ok := trailer[key].(int); ok {
				queue = append(queue, int64(n))
			}
		}
	}
	return f.trailer["Root"] != nil
}

// section reads one cross-reference table or stream and returns its trailer.
func (f *file) section(off int64) (dict, bool) {
	b, _ := f.window(off, 64)
	lex := lexer{buf: b}
	if t := lex.next(); t.kind == tokenWord && string(t.text) == "xref" {
		return f.table(off + int64(lex.pos))
	}
	at, ok := f.objectAt(off, nil)
	s, isStream := at.obj.(*stream)
	if !ok || !isStream {
		return nil, false
	}
	return s.dict, f.xrefStream(s)
}

// enter adds one entry unless a newer section has it.
func (f *file) enter(num ref, at place) bool {
	if len(f.xref) >= maxObjects {
		f.note(fmt.Errorf("objects of a PDF: %w", document.ErrTooMany))
		return false
	}
	if _, ok := f.xref[num]; !ok {
		f.xref[num] = at
	}
	return true
}

// table reads a classic cross-reference table behind its keyword. Entries
// are read as tokens, since writers get their fixed width wrong.
func (f *file) table(off int64) (dict, bool) {
	const step = 64 << 10
	b, whole := f.window(off, step)
	p := parser{lex: lexer{buf: b}}
	// refill moves the window on where little of it is left.
	refill := func(need int) {
		if !whole && len(b)-p.lex.pos < need {
			off += int64(p.lex.pos)
			b, whole = f.window(off, max(step, need))
			p.lex = lexer{buf: b}
		}
	}
	for {
		refill(1 << 10)
		first := p.lex.next()
		if first.kind == tokenWord && string(first.text) == "trailer" {
			off += int64(p.lex.pos)
			for n := firstWindow; ; n *= 8 {
				b, whole = f.window(off, n)
				p := parser{lex: lexer{buf: b}}
				obj, _, _ := p.object(0)
				if p.lex.pos+2 < len(b) || whole || n >= lastWindow {
					d, ok := obj.(dict)
					return d, ok
				}
			}
		}
		count := p.lex.next()
		if !first.integer || !count.integer || first.num < 0 {
			return nil, false
		}
		for i := range int(count.num) {
			refill(1 << 10)
			offset, _, kind := p.lex.next(), p.lex.next(), p.lex.next()
			if kind.kind != tokenWord {
				return nil, false
			}
			if string(kind.text) == "n" && offset.num > 0 {
				if !f.enter(ref(first.num)+ref(i), place{off: int64(offset.num)}) {
					return nil, false
				}
			}
		}
		if f.budget.stopped() != nil {
			return nil, false
		}
	}
}

// xrefStream reads a cross-reference stream (ISO 32000-2, 7.5.8).
func (f *file) xrefStream(s *stream) bool {
	widths := f.array(s.dict["W"])
	if len(widths) < 3 {
		return false
	}
	var w [3]int
	for i := range w {
		if w[i] = f.int(widths[i], -1); w[i] < 0 || w[i] > 8 {
			return false
		}
	}
	index := f.array(s.dict["Index"])
	if len(index) == 0 {
		index = array{0, f.int(s.dict["Size"], 0)}
	}
	b, err := f.decode(s)
	if err != nil {
		f.note(err)
		return false
	}
	width := w[0] + w[1] + w[2]
	for i := 0; i+1 < len(index) && width > 0; i += 2 {
		num := ref(max(0, f.int(index[i], 0)))
		for n := f.int(index[i+1], 0); n > 0 && len(b) >= width; n-- {
			kind := 1
			if w[0] > 0 {
				kind = bigEndian(b[:w[0]])
			}
			second, third := bigEndian(b[w[0]:w[0]+w[1]]), bigEndian(b[w[0]+w[1]:width])
			ok := true
			switch kind {
			case 1:
				ok = f.enter(num, place{off: int64(second)})
			case 2:
				ok = f.enter(num, place{in: ref(second), index: third})
			}
			if !ok {
				return false
			}
			b = b[width:]
			num++
		}
	}
	return true
}

func bigEndian(b []byte) int {
	v := 0
	for _, c := range b {
		v = v<<8 | int(c)
	}
	return v
}
