package table

import (
	"io"
	"strconv"
)

const (
	shelfRecords = 64       // records put by before a grid is given
	shelfBytes   = 64 << 10 // bytes of them
)

// field is a labelled value of a record, as places in its text.
type field struct{ key, keyEnd, value, end int32 }

// record is a set of labelled values. Keys may be empty, and may repeat.
type record struct {
	text   []byte
	fields []field
}

func (r *record) reset() { r.text, r.fields = r.text[:0], r.fields[:0] }

func (r *record) add(key, value []byte) {
	f := field{key: int32(len(r.text))}
	r.text = append(r.text, key...)
	f.keyEnd = int32(len(r.text))
	f.value = f.keyEnd
	r.text = append(r.text, value...)
	f.end = int32(len(r.text))
	r.fields = append(r.fields, f)
}

// put is add for records that the text alone bounds: what is past recordFields
// is one note, which is searched as text.
func (r *record) put(key, value []byte) {
	switch n := len(r.fields); {
	case n < recordFields:
		r.add(key, value)
	case n == recordFields:
		r.add([]byte("note"), value)
	default:
		r.extend([]byte{' '})
		r.extend(value)
	}
}

// take moves the fields of another record behind those of r.
func (r *record) take(from *record) {
	for i := range from.fields {
		r.add(from.key(i), from.value(i))
	}
	from.reset()
}

// full reports whether a record is as large as one may be; more begins another.
func (r *record) full() bool { return len(r.text) > recordBytes || len(r.fields) > recordFields }

// extend lengthens the last value.
func (r *record) extend(more []byte) {
	r.text = append(r.text, more...)
	r.fields[len(r.fields)-1].end = int32(len(r.text))
}

func (r *record) key(i int) []byte   { return r.text[r.fields[i].key:r.fields[i].keyEnd] }
func (r *record) value(i int) []byte { return r.text[r.fields[i].value:r.fields[i].end] }

// noted is a record that is gathered over several segments, with what the
// others say of it.
type noted struct {
	record
	note []byte
}

// full reports whether what was gathered is as large as a record may be.
func (n *noted) full() bool { return len(n.text)+len(n.note) > recordBytes }

// flush moves what was gathered into r, and reports whether there is something
// in it.
func (n *noted) flush(r *record) bool {
	r.take(&n.record)
	if len(n.note) > 0 {
		r.add([]byte("note"), n.note)
		n.note = n.note[:0]
	}
	return len(r.fields) > 0
}

// label is a column of a shelf: the n-th value of a key in a record.
type label struct {
	key string
	n   int
}

// shelf keeps records of one sort until they are given as rows, and the
// columns they have had so far.
type shelf struct {
	columns []label
	index   map[label]int
	queue   []*record // the records from next on wait to be given
	next    int
	spare   []*record
	size    int
	named   bool // some column has a name
}

func newShelf() *shelf { return &shelf{index: map[label]int{}} }

// fresh returns an empty record to fill.
func (h *shelf) fresh() *record {
	if n := len(h.spare); n > 0 {
		r := h.spare[n-1]
		h.spare = h.spare[:n-1]
		r.reset()
		return r
	}
	return &record{}
}

func (h *shelf) put(r *record) {
	h.queue = append(h.queue, r)
	h.size += len(r.text)
}

// waiting returns the records not yet given.
func (h *shelf) waiting() []*record { return h.queue[h.next:] }

// take removes the first record that waits.
func (h *shelf) take() *record {
	r := h.queue[h.next]
	h.size -= len(r.text)
	if h.next++; h.next == len(h.queue) {
		h.queue, h.next = h.queue[:0], 0
	}
	return r
}

func (h *shelf) full() bool { return len(h.waiting()) >= shelfRecords || h.size >= shelfBytes }

// manyColumns is the number of columns from which those of earlier grids are
// forgotten: notes such as a change log have other keys in each record, and
// would make every grid as wide as all of them together.
const manyColumns = 64

// forget drops the columns; those that the waiting records have are learned
// anew.
func (h *shelf) forget() {
	clear(h.index)
	h.columns = h.columns[:0]
}

// learn adds the record's keys to the columns, up to limit of them, and
// reports whether there was a new one and whether all found room.
func (h *shelf) learn(r *record, limit int) (grew, all bool) {
	all = true
	for i := h.inPlace(r); i < len(r.fields); i++ {
		l := label{key: string(r.key(i)), n: r.nth(i)}
		if _, ok := h.index[l]; ok {
			continue
		}
		if len(h.columns) >= limit {
			all = false
			continue
		}
		h.index[l] = len(h.columns)
		h.columns = append(h.columns, l)
		h.named = h.named || l.key != ""
		grew = true
	}
	return grew, all
}

// nth counts the fields with the key of field i that come before it.
func (r *record) nth(i int) int {
	n := 0
	key := r.key(i)
	for k := i - 1; k >= 0; k-- {
		if string(r.key(k)) == string(key) {
			n++
		}
	}
	return n
}

// inPlace counts the first fields of a record that are those of the columns
// in their order: all of them, most often.
func (h *shelf) inPlace(r *record) int {
	n := 0
	for n < len(r.fields) && n < len(h.columns) && string(r.key(n)) == h.columns[n].key {
		n++
	}
	return n
}

// knows reports whether all keys of a record are columns.
func (h *shelf) knows(r *record) bool {
	for i := h.inPlace(r); i < len(r.fields); i++ {
		if _, ok := h.index[label{key: string(r.key(i)), n: r.nth(i)}]; !ok {
			return false
		}
	}
	return true
}

// recordGrid is a Grid over the records of a shelf: first their labels, then
// one row for each. It ends where a record has a key that is not among the
// labels; that record begins the next grid.
type recordGrid struct {
	shelf *shelf
	more  func() (bool, error) // puts at least one record more on the shelf, false if there is none now
	begun bool
	row   [][]byte
	last  *record
	limit int
}

// Labelled implements the interface of that name.
func (g *recordGrid) Labelled() bool { return g.shelf.named }

func (g *recordGrid) Next() ([][]byte, error) {
	if !g.begun {
		g.begun = true
		if g.shelf.named {
			return g.header(), nil
		}
	}
	if len(g.shelf.waiting()) == 0 {
		ok, err := g.more()
		if err != nil {
			return nil, err
		}
		if !ok || len(g.shelf.waiting()) == 0 {
			return nil, io.EOF
		}
	}
	r := g.shelf.waiting()[0]
	if !g.shelf.knows(r) && len(g.shelf.columns) < g.limit {
		return nil, io.EOF
	}
	g.shelf.take()
	if g.last != nil {
		g.shelf.spare = append(g.shelf.spare, g.last)
	}
	g.last = r
	g.row = g.row[:0]
	for range g.shelf.columns {
		g.row = append(g.row, nil)
	}
	same := g.shelf.inPlace(r)
	for i := range same {
		g.row[i] = r.value(i)
	}
	for i := same; i < len(r.fields); i++ {
		if at, ok := g.shelf.index[label{key: string(r.key(i)), n: r.nth(i)}]; ok {
			g.row[at] = r.value(i)
		}
	}
	return g.row, nil
}

func (g *recordGrid) header() [][]byte {
	g.row = g.row[:0]
	for _, l := range g.shelf.columns {
		name := []byte(l.key)
		if l.n > 0 && l.key != "" {
			name = strconv.AppendInt(append(name, ' '), int64(l.n+1), 10)
		}
		g.row = append(g.row, name)
	}
	return g.row
}

// giveShelf gives the records of a shelf, and those that more adds, as one or
// more grids. fill puts records on the shelf until it is full, or none follow.
func (s *splitter) giveShelf(kind Kind, h *shelf, more func() (bool, error), fill func() error) error {
	for len(h.waiting()) > 0 {
		if len(h.columns) > manyColumns {
			h.forget()
		}
		for _, r := range h.waiting() {
			if _, all := h.learn(r, s.lim.Columns); !all {
				s.limit("columns")
			}
		}
		g := &recordGrid{shelf: h, more: more, limit: s.lim.Columns}
		if err := s.give(kind, g); err != nil {
			return err
		}
		if len(h.waiting()) == 0 {
			continue
		}
		// A record has a key that is no column. Those after it may have keys of
		// their own, too: the next grid is to have a column for all of them, and
		// not to end at each.
		if err := fill(); err != nil {
			return err
		}
	}
	return nil
}

// giveRecords gives a stream of records. next fills a record and reports
// whether there was one.
func (s *splitter) giveRecords(kind Kind, next func(*record) (bool, error)) error {
	h := newShelf()
	ended := false
	more := func() (bool, error) {
		if ended {
			return false, nil
		}
		r := h.fresh()
		ok, err := next(r)
		if err != nil || !ok {
			ended = true
			return false, err
		}
		h.put(r)
		return true, nil
	}
	fill := func() error {
		for !h.full() {
			if ok, err := more(); err != nil || !ok {
				return err
			}
		}
		return nil
	}
	for {
		if err := fill(); err != nil || len(h.waiting()) == 0 {
			return err
		}
		if err := s.giveShelf(kind, h, more, fill); err != nil {
			return err
		}
	}
}
