package pdf

import (
	"bytes"
	"errors"
	"io"
)

// place is where an indirect object stands: at an offset of the file, or as
// the index-th object of an object stream.
type place struct {
	off   int64
	in    ref // the object stream; 0: the object stands in the file itself
	index int
}

// file is an opened document: its cross-reference table and the objects that
// were read of it.
type file struct {
	r       io.ReaderAt
	size    int64
	budget  *budget
	xref    map[ref]place
	trailer dict
	crypt   *crypt // nil: not encrypted, or not set up yet

	cache   map[ref]object
	held    int // elements of the objects in cache
	loading map[ref]bool
	packs   map[ref]*pack
	fonts   map[ref]*font
	mapped  int // codes that they map
	packed  int // bytes held in packs

	pages   []ref // pages met by that search
	rebuilt bool  // the table was made by searching the file
	missing bool  // an object was not where the table says
	fault   error // the first reason why something was not read
	buf     []byte
}

// maxCached bounds the objects that are kept.
const maxCached = 1 << 14

// note keeps the first fault; reading goes on. Faults that end the reading
// are returned instead.
func (f *file) note(err error) {
	if f.fault == nil {
		f.fault = err
	}
}

// pay spends n bytes of the budget, and notes it if there are not as many.
func (f *file) pay(n int64) bool {
	err := f.budget.spend(n)
	if err != nil {
		f.note(err)
	}
	return err == nil
}

// window reads up to n bytes at off into a buffer that the next call reuses.
// whole says that the window reaches the end of the file.
func (f *file) window(off int64, n int) (b []byte, whole bool) {
	if off < 0 || off >= f.size {
		return nil, true
	}
	if rest := f.size - off; int64(n) >= rest {
		n, whole = int(rest), true
	}
	if cap(f.buf) < n {
		f.buf = make([]byte, n)
	}
	b = f.buf[:n]
	m, err := f.r.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		f.missing = true
	}
	return b[:m], whole || m < n
}

// Windows grow from the size of most objects to the largest that is accepted.
const (
	firstWindow = 4 << 10
	lastWindow  = 32 << 20
)

// indirect is an indirect object as found in the file.
type indirect struct {
	num  ref
	gen  int
	obj  object
	size int   // elements of the object
	end  int64 // offset behind the object, or behind the keyword "stream"
}

// objectAt reads the indirect object "num gen obj ..." at off. Strings are
// decrypted when crypt is given. The second result is false if none is there.
func (f *file) objectAt(off int64, c *crypt) (indirect, bool) {
	for n := firstWindow; ; n *= 8 {
		b, whole := f.window(off, n)
		if n > firstWindow && !f.pay(int64(len(b))) {
			return indirect{}, false
		}
		p := parser{lex: lexer{buf: b}}
		num, gen, word := p.lex.next(), p.lex.next(), p.lex.next()
		if !num.integer || !gen.integer || num.num < 0 || num.num > 1<<31 || !bytes.HasPrefix(word.text, []byte("obj")) {
			return indirect{}, false
		}
		p.lex.pos -= len(word.text) - len("obj") // "1 0 obj<<" and "1 0 obj12"
		at := indirect{num: ref(num.num), gen: int(gen.num)}
		if c != nil {
			p.decrypt = func(s string) string { return c.string(s, at.num, at.gen) }
		}
		obj, _, _ := p.object(0)
		if !f.pay(int64(p.lex.pos)) { // hostile files have many objects without an end
			return indirect{}, false
		}
		end := p.lex.pos
		tail := p.lex.next()
		if p.lex.pos+2 >= len(b) && !whole && n < lastWindow {
			continue // perhaps cut by the window
		}
		at.obj, at.size, at.end = obj, p.elements, off+int64(end)
		if d, ok := obj.(dict); ok && tail.kind == tokenWord && bytes.HasPrefix(tail.text, []byte("stream")) {
			pos := p.lex.pos - len(tail.text) + len("stream")
			if pos < len(b) && b[pos] == '\r' {
				pos++
			}
			if pos < len(b) && b[pos] == '\n' {
				pos++
			}
			at.end = off + int64(pos)
			at.obj = &stream{dict: d, off: at.end, size: -1, num: at.num, gen: at.gen}
		}
		return at, true
	}
}

// load reads the object of a number; nil if there is none.
func (f *file) load(num ref) object {
	if obj, ok := f.cache[num]; ok {
		return obj
	}
	if f.loading[num] || len(f.loading) > maxNesting {
		return nil // it needs itself
	}
	f.loading[num] = true
	defer delete(f.loading, num)

	at, ok := f.xref[num]
	if !ok {
		// What the table never had is null; what a search did not find may
		// have been cut off.
		f.missing = f.missing || f.rebuilt
		return nil
	}
	var obj object
	size := 0
	if at.in != 0 {
		obj, size, ok = f.unpack(at.in, at.index, num)
	} else {
		var found indirect
		found, ok = f.objectAt(at.off, f.crypt)
		ok = ok && found.num == num
		obj, size = found.obj, found.size
	}
	if !ok {
		f.missing = true
		if !f.rebuilt {
			f.rebuild()
			delete(f.loading, num)
			return f.load(num)
		}
		return nil
	}
	if f.held += size; len(f.cache) >= maxCached || f.held > maxElements {
		clear(f.cache)
		f.held = size
	}
	f.cache[num] = obj
	return obj
}

// resolve follows references to the object itself.
func (f *file) resolve(obj object) object {
	for range 32 {
		r, ok := obj.(ref)
		if !ok {
			return obj
		}
		obj = f.load(r)
	}
	return nil
}

// The typed views of an object. Another type gives the zero value: a reader
// of PDF files ignores what it does not expect.

func (f *file) dict(obj object) dict {
	switch o := f.resolve(obj).(type) {
	case dict:
		return o
	case *stream:
		return o.dict
	}
	return nil
}

func (f *file) array(obj object) array    { a, _ := f.resolve(obj).(array); return a }
func (f *file) name(obj object) name      { n, _ := f.resolve(obj).(name); return n }
func (f *file) text(obj object) text      { t, _ := f.resolve(obj).(text); return t }
func (f *file) stream(obj object) *stream { s, _ := f.resolve(obj).(*stream); return s }

func (f *file) number(obj object) (float64, bool) {
	switch n := f.resolve(obj).(type) {
	case int:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func (f *file) int(obj object, otherwise int) int {
	n, ok := f.number(obj)
	if !ok || n > 1<<31 || n < -1<<31 {
		return otherwise
	}
	return int(n)
}
