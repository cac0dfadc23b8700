package exact

import (
	"runtime"
	"runtime/debug"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

// cell looks a cell up in the class of its type, and where the type is unsure
// or could be called otherwise, in those that its form allows.
func (m *Matcher) cell(t detect.Type, value []byte) {
	c := classOf(t)
	if c != noClass {
		m.look(c, value)
	}
	if !vague(t) {
		return
	}
	form := formOf(value)
	if form.digits > 0 && c != codes {
		m.look(codes, value)
	}
	if c != texts {
		m.look(texts, value)
	}
	if form.digits == 0 && form.spaces > 0 {
		m.look(names, value)
	}
	if t != detect.None {
		return
	}
	if form.at {
		m.look(emails, value)
	}
	if form.digits >= phoneDigits && form.letters == 0 {
		m.look(phones, value)
	}
}

// vague reports whether a column of a type may hold values that another table
// calls something else.
func vague(t detect.Type) bool {
	switch t {
	case detect.None, detect.IDCustomer, detect.IDEmployee, detect.IDUsername, detect.FinanceAccount, detect.Number,
		detect.Text, detect.Code, detect.Product, detect.Company, detect.Status:
		return true
	}
	return false
}

// form is what a value is made of.
type form struct {
	digits, letters, spaces int
	at                      bool
}

func formOf(value []byte) (f form) {
	for _, c := range value {
		switch {
		case '0' <= c && c <= '9':
			f.digits++
		case c == ' ':
			f.spaces++
		case c == '@':
			f.at = true
		case c >= 0x80 || 'a' <= c|0x20 && c|0x20 <= 'z':
			f.letters++
		}
	}
	return f
}

// query is a look-up that is yet to be made.
type query struct {
	index    int
	hash     uint64
	at       span
	line     int
	pass     int
	from, to uint32 // its bucket
}

// look asks for the present field in a class; answer looks it up.
func (m *Matcher) look(c class, value []byte) {
	if m.set.lengths[c].longest == 0 {
		return
	}
	var ok bool
	m.form, ok = appendForm(m.form[:0], c, value)
	if !ok || !m.set.lengths[c].has(len(m.form)-1) {
		return
	}
	m.tried[m.pass][c]++
	var hash uint64
	for i, x := range m.set.indexes {
		if !x.lengths[c].has(len(m.form) - 1) {
			continue
		}
		if i == 0 || hash == 0 || m.set.indexes[i-1].hash != x.hash {
			hash = x.hash.Sum(m.form)
		}
		m.queries = append(m.queries, query{index: i, hash: hash, at: m.at, line: m.line, pass: m.pass})
	}
}

// answer looks up what was asked for. An index is larger than any cache: each
// look-up waits for memory twice, so those of a row are made together, and
// wait at the same time.
func (m *Matcher) answer() {
	before := debug.SetPanicOnFault(true) // see Index.find
	defer func() {
		debug.SetPanicOnFault(before)
		runtime.KeepAlive(m)
	}()
	for i := range m.queries {
		q := &m.queries[i]
		q.from, q.to = m.set.indexes[q.index].bucket(q.hash)
	}
	for i := range m.queries {
		if q := &m.queries[i]; q.from < q.to {
			x := m.set.indexes[q.index]
			m.touched ^= x.entries[entrySize*int64(q.from)+int64(guess(uint32(q.hash<<x.BucketBits>>32), q.to-q.from))]
		}
	}
	for i := range m.queries {
		q := &m.queries[i]
		if m.posts = m.set.indexes[q.index].scan(m.posts[:0], q.hash, q.from, q.to); len(m.posts) > 0 {
			m.take(q)
		}
	}
	m.queries = m.queries[:0]
}

// take makes hits of the posts that a query found.
func (m *Matcher) take(q *query) {
	x := m.set.indexes[q.index]
	count := uint32(len(m.posts))
	for _, p := range m.posts {
		if p.column() == countColumn {
			count = p.number()
		}
	}
	last, bits := -1, 0.0 // of the column before: most often the same
	for _, p := range m.posts {
		if p.column() >= len(x.Columns) || int64(p.number()) >= x.Records {
			continue // the count, or a post of no record
		}
		if p.column() != last {
			last = p.column()
			bits = x.Columns[last].agreement(count, uint32(x.Records))
		}
		m.hits = append(m.hits, hit{
			index: q.index, number: p.number(), column: uint8(last), at: q.at, line: q.line, pass: q.pass,
			bits: bits, rare: count <= fewPosts,
		})
	}
}
