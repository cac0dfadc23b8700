// Package flow turns a document that is written as a sequence of paragraphs,
// tables and cells into texts and tables. A format's reader calls Text,
// EndParagraph, OpenTable and so on while it goes through the document; Run
// drives it and gives the pieces out in order. Between two returns of the step
// that Run calls, at most one row may end, and no table begin after one that
// ended.
//
// What is always true: memory is bounded, however long a table or a text is; a
// table within a cell of another is given out after the outer one, or between
// two stretches of it where it is large; nothing that was written is dropped
// but for the tail of a cell past sheet.MaxCellBytes, which Cut tells.
package flow

import (
	"bytes"
	"context"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

const (
	segment   = 16 << 10 // bytes of text that are collected before a Text call begins
	maxNested = 4 << 20  // bytes of inner tables that wait for the outer one's end
	maxRepeat = 16       // times that a row or cell said to be repeated is given out: the copies hold nothing new
)

// Flow collects a document. Use New.
type Flow struct {
	ctx   context.Context // of the Run under way
	step  func() error
	depth int
	count func(cells int) bool

	text   []byte
	levels []*level // tables that are open, the outermost first
	deeper int      // tables that are open past the depth bound: their text goes to the innermost cell
	queue  []stored
	nested int // bytes in queue and in rows of inner tables
	cut    bool
	err    error // that ended the steps; io.EOF at the end of the document
}

// level is an open table.
type level struct {
	name   string
	row    sheet.Row
	repeat int        // times that the row at hand is to be given out
	done   bool       // the row at hand is complete
	gap    bool       // empty rows were left out before the row at hand
	any    bool       // a row was given out
	rows   [][][]byte // of an inner table
	closed bool
}

// stored is an inner table that waits to be given out.
type stored struct {
	name string
	rows [][][]byte
}

// New returns an empty flow. Tables nest up to depth; count is asked before
// each row whether so many cells more are within bounds.
func New(depth int, count func(cells int) bool) *Flow {
	return &Flow{depth: max(depth, 1), count: count}
}

// Cut tells whether a cell was cut off.
func (f *Flow) Cut() bool { return f.cut }

// inner returns the innermost table that is open, or nil.
func (f *Flow) inner() *level {
	n := len(f.levels)
	if n == 0 || f.levels[n-1].closed {
		return nil
	}
	return f.levels[n-1]
}

// Text adds text to the open cell, or to the running text.
func (f *Flow) Text(b []byte) {
	if l := f.inner(); l != nil {
		l.row.Append(b)
		return
	}
	f.text = append(f.text, b...)
}

// EndParagraph ends a line.
func (f *Flow) EndParagraph() {
	if l := f.inner(); l != nil {
		if len(l.row.Pending()) > 0 {
			l.row.Append([]byte("\n"))
		}
		return
	}
	f.text = append(f.text, '\n')
}

// OpenTable begins a table, with a name if it has one.
func (f *Flow) OpenTable(name string) {
	if len(f.levels) >= f.depth {
		f.deeper++
		return
	}
	f.levels = append(f.levels, &level{name: name})
}

// InTable tells whether a table is open.
func (f *Flow) InTable() bool { return f.inner() != nil }

// CloseCell ends a cell that says the same in so many columns, or spans them if
// spans is true: then it stands in the first only.
func (f *Flow) CloseCell(columns int, spans bool) {
	l := f.inner()
	if l == nil || f.deeper > 0 {
		return
	}
	row := &l.row
	columns = max(columns, 1)
	at := row.Next()
	row.Trim()
	switch {
	case len(row.Pending()) == 0:
		row.Skip(columns)
	case spans || columns == 1:
		row.Close(at)
		row.Skip(columns - 1)
	default:
		row.Close(at)
		cells := row.Cells()
		same := cells[len(cells)-1]
		for i := 1; i < min(columns, maxRepeat); i++ {
			row.Set(at+i, same)
		}
		row.Skip(columns - maxRepeat)
	}
	f.cut = f.cut || row.Cut()
	if row.Full() {
		f.CloseRow(1)
	}
}

// CloseRow ends a row that stands so many times one below the other.
func (f *Flow) CloseRow(times int) {
	l := f.inner()
	if l == nil || f.deeper > 0 {
		return
	}
	if l.row.Trim(); len(l.row.Pending()) > 0 {
		l.row.Close(l.row.Next()) // text beside the cells
	}
	if !hasText(l.row.Cells()) {
		l.row.Reset()
		l.gap = true
		return
	}
	l.repeat, l.done = min(max(times, 1), maxRepeat), true
	if len(f.levels) > 1 {
		f.storeRow(l)
	}
}

// CloseTable ends the innermost table.
func (f *Flow) CloseTable() {
	n := len(f.levels)
	switch {
	case f.deeper > 0:
		f.deeper--
	case n == 1:
		f.CloseRow(1)
		f.levels[0].closed = true
	case n > 1:
		f.CloseRow(1)
		f.store(f.levels[n-1])
		f.levels = f.levels[:n-1]
	}
}

// storeRow keeps a row of an inner table.
func (f *Flow) storeRow(l *level) {
	cells := l.row.Cells()
	kept := make([][]byte, len(cells))
	for i, c := range cells {
		kept[i] = bytes.Clone(c)
		f.nested += len(c) + 24
	}
	for range l.repeat {
		l.rows = append(l.rows, kept)
	}
	l.row.Reset()
	l.repeat, l.done = 0, false
	if f.nested > maxNested {
		for _, l := range f.levels[1:] {
			f.store(l)
		}
	}
}

// store queues the rows that an inner table has so far.
func (f *Flow) store(l *level) {
	if len(l.rows) > 0 {
		f.queue = append(f.queue, stored{l.name, l.rows})
		l.rows = nil
	}
}

func hasText(cells [][]byte) bool {
	for _, c := range cells {
		if len(bytes.TrimSpace(c)) > 0 {
			return true
		}
	}
	return false
}

// Run calls step until it returns an error, io.EOF at the document's end, and
// gives out what the steps write. The place names running text and tables
// without a name. The result is out's error or the context's; the step's is
// the caller's to know.
func (f *Flow) Run(ctx context.Context, place string, out document.Output, step func() error) error {
	f.ctx, f.step = ctx, step
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		f.more()
		if len(bytes.TrimSpace(f.text)) > 0 {
			if err := out.Text(place, &reader{f: f}); err != nil {
				return err
			}
		}
		f.text = f.text[:0]
		if err := f.giveTable(place, out); err != nil {
			return err
		}
		if f.err != nil && len(f.levels) == 0 {
			return ctx.Err()
		}
	}
}

// more collects text until there is enough of it, or a table, or the end.
func (f *Flow) more() {
	for f.err == nil && len(f.levels) == 0 && len(f.text) < segment {
		f.err = f.step()
	}
}

// giveTable gives out the table that is open, and then those that were in it.
func (f *Flow) giveTable(place string, out document.Output) error {
	if len(f.levels) == 0 {
		return nil
	}
	l := f.levels[0]
	g := &grid{f: f, l: l}
	if l.done || g.advance() {
		if err := out.Table(nameOr(l.name, place), g); err != nil {
			return err
		}
		for { // in case that out did not read to the end
			if _, err := g.Next(); err != nil {
				break
			}
		}
	}
	if l.closed && !l.done || f.err != nil {
		f.levels, f.deeper = f.levels[:0], 0
	}
	queue := f.queue
	f.queue, f.nested = nil, 0
	for _, s := range queue {
		if err := out.Table(nameOr(s.name, place), &rows{f: f, left: s.rows}); err != nil {
			return err
		}
	}
	return nil
}

func nameOr(name, place string) string {
	if name != "" {
		return name
	}
	return place
}

// reader gives out running text up to the next table.
type reader struct {
	f   *Flow
	pos int
}

func (r *reader) Read(b []byte) (int, error) {
	if r.pos == len(r.f.text) {
		r.f.text, r.pos = r.f.text[:0], 0
		r.f.more()
		if len(r.f.text) == 0 {
			if err := r.f.ctx.Err(); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
	}
	n := copy(b, r.f.text[r.pos:])
	r.pos += n
	return n, nil
}

var _ table.Grid = (*grid)(nil)
