package pdf

import (
	"bytes"
)

// rebuild makes the cross-reference table anew by searching the file for
// "N G obj", as every program that shows PDF files does with a damaged one.
// The last object of a number stands.
func (f *file) rebuild() {
	f.rebuilt = true
	clear(f.xref)
	clear(f.cache)
	clear(f.packs)
	f.packed = 0
	found := &salvage{trailer: dict{}}
	for off := int64(0); off < f.size && f.budget.ended() == nil; {
		off = f.salvage(off, found)
	}
	for k, v := range found.trailer {
		f.trailer[k] = v
	}
	if f.trailer["Root"] == nil && found.catalog != 0 {
		f.trailer["Root"] = found.catalog
	}
	if f.crypt == nil {
		f.unlock()
	}
	// Objects in object streams never replace a later one of the file itself.
	for _, num := range found.packs {
		if f.budget.ended() != nil {
			return
		}
		p := f.pack(num)
		if p == nil {
			continue
		}
		for i, n := range p.nums {
			if at, ok := f.xref[n]; (!ok || at.in != 0) && len(f.xref) < maxObjects {
				f.xref[n] = place{in: num, index: i}
				found.meet(n, f.load(n))
			}
		}
	}
	if f.trailer["Root"] == nil && found.catalog != 0 {
		f.trailer["Root"] = found.catalog
	}
	f.pages = found.pages
}

// salvage is what a search of the file has met beside the objects themselves.
type salvage struct {
	trailer dict
	catalog ref
	packs   []ref
	pages   []ref
	behind  int64 // offset behind the last stream whose length is sure
}

// salvage enters the objects that begin in one window of the file and returns
// where to go on.
func (f *file) salvage(off int64, found *salvage) int64 {
	const step, overlap = 256 << 10, 64
	// The window's buffer is used again by objectAt, so the places are listed
	// before anything is read.
	b, whole := f.window(off, step)
	next := off + int64(len(b))
	if !whole {
		next -= overlap
	}
	var starts, trailers []int64
	for i := 0; i < len(b); {
		j := bytes.IndexByte(b[i:], 'o')
		if j < 0 {
			break
		}
		i += j + 1
		if bytes.HasPrefix(b[i:], []byte("bj")) {
			if at, ok := header(b, i-1); ok {
				starts = append(starts, off+int64(at))
			}
		}
	}
	for i := 0; ; {
		j := bytes.Index(b[i:], []byte("trailer"))
		if j < 0 {
			break
		}
		i += j + len("trailer")
		trailers = append(trailers, off+int64(i))
	}
	for _, at := range starts {
		if at < found.behind {
			continue // inside a stream: an embedded file, say
		}
		if f.budget.ended() != nil {
			return f.size
		}
		f.salvageObject(at, found)
	}
	for _, at := range trailers {
		p := parser{}
		p.lex.buf, _ = f.window(at, firstWindow)
		if obj, _, _ := p.object(0); at >= found.behind {
			found.keys(obj)
		}
	}
	if next <= off {
		return f.size
	}
	return next
}

// header finds the start of "N G obj" whose keyword stands at i.
func header(b []byte, i int) (int, bool) {
	back := func(in func(byte) bool) int {
		n := 0
		for i > 0 && in(b[i-1]) {
			i--
			n++
		}
		return n
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	space := func(c byte) bool { return class(c) == classSpace }
	back(space)
	if n := back(digit); n == 0 || n > 5 {
		return 0, false
	}
	if back(space) == 0 {
		return 0, false
	}
	if n := back(digit); n == 0 || n > 10 {
		return 0, false
	}
	return i, true
}

// salvageObject enters the object at an offset.
func (f *file) salvageObject(off int64, found *salvage) {
	at, ok := f.objectAt(off, nil)
	if !ok || at.num == 0 || len(f.xref) >= maxObjects {
		return
	}
	f.xref[at.num] = place{off: off}
	if s, ok := at.obj.(*stream); ok {
		if n, direct := s.dict["Length"].(int); direct && n > 0 {
			if s.size = f.extent(s); s.size == int64(n) {
				found.behind = s.off + s.size
			}
		}
		switch s.dict["Type"] {
		case name("XRef"):
			found.keys(s.dict)
		case name("ObjStm"):
			found.packs = append(found.packs, at.num)
		}
		return
	}
	found.meet(at.num, at.obj)
}

// keys takes over what a trailer says; the last one stands.
func (s *salvage) keys(obj object) {
	d, _ := obj.(dict)
	for _, key := range []name{"Root", "Encrypt", "ID", "Info"} {
		if v := d[key]; v != nil {
			s.trailer[key] = v
		}
	}
}

// meet remembers the catalog and the pages, for files without a trailer or
// with a broken page tree.
func (s *salvage) meet(num ref, obj object) {
	d, _ := obj.(dict)
	switch d["Type"] {
	case name("Catalog"):
		s.catalog = num
	case name("Page"):
		s.pages = append(s.pages, num)
	}
}
