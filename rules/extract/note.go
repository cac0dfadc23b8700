package extract

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// enter records that a part was met. Past Limits.Parts it reports false, and
// the part must not be read.
func (w *walk) enter(n *node) bool {
	if len(w.sum.Parts) >= w.lim.Parts {
		w.unread(node{path: "", id: -1, format: n.format}, TooMany, "more parts than the bound on one message allows", true)
		n.id = -1
		return false
	}
	n.id = len(w.sum.Parts)
	w.sum.Parts = append(w.sum.Parts, Opened{Part: n.part(), Media: cleanName(n.media), Outcome: Read})
	return true
}

func (n node) part() Part { return Part{Path: n.path, Format: n.format, Place: n.place} }

// turns tells that a part proved to be of a narrower format.
func (w *walk) turns(n *node, f Format) {
	n.format = f
	if n.id >= 0 {
		w.sum.Parts[n.id].Format = f
	}
}

// unread records what was not read. The same finding is recorded once.
func (w *walk) unread(n node, why Reason, detail string, partial bool) {
	if n.id >= 0 {
		p := &w.sum.Parts[n.id]
		switch {
		case partial && p.Outcome == Read:
			p.Outcome = Partly
		case !partial:
			p.Outcome = NotRead
		}
	}
	for i := len(w.sum.Unread) - 1; i >= 0 && i >= len(w.sum.Unread)-8; i-- {
		if u := w.sum.Unread[i]; u.Path == n.path && u.Reason == why {
			return
		}
	}
	if len(w.sum.Unread) > w.lim.Parts {
		return
	}
	w.ids = append(w.ids, n.id)
	w.sum.Unread = append(w.sum.Unread, Unread{Path: n.path, Format: n.format, Reason: why, Detail: detail, Partial: partial})
}

// fault records why a part ended early. It returns only what ends the walk.
func (w *walk) fault(n node, err error) error {
	if w.fatal != nil {
		return w.fatal
	}
	if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	if stop := w.alive(); w.fatal != nil {
		return stop
	}
	for _, known := range []error{errDeadline, document.ErrEncrypted, document.ErrRatio, document.ErrTooBig, document.ErrTooMany,
		document.ErrTooDeep, document.ErrUnsupported, document.ErrDamaged, foreign.ErrFailed} {
		if errors.Is(err, known) { // several, if they are joined
			w.explain(n, known)
			err = errors.Join(err, errExplained)
		}
	}
	if !errors.Is(err, errExplained) {
		w.explain(n, err)
	}
	return nil
}

// errExplained marks an error that was recorded.
var errExplained = errors.New("recorded")

func (w *walk) explain(n node, err error) {
	if f := (*Fault)(nil); errors.As(err, &f) {
		w.broke(n, f)
		return
	}
	why, detail := explain(err)
	w.unread(n, why, detail, why != Encrypted && why != Unsupported)
}

// explain turns a reader's error into a reason. The detail never repeats the
// error's own text, which could quote the content.
func explain(err error) (Reason, string) {
	switch {
	case errors.Is(err, errDeadline), errors.Is(err, context.DeadlineExceeded):
		return Timeout, "the time bound came before the end of the part"
	case errors.Is(err, document.ErrEncrypted):
		return Encrypted, "needs a password"
	case errors.Is(err, document.ErrRatio):
		return Ratio, "expands beyond the ratio bound"
	case errors.Is(err, document.ErrTooBig):
		return TooBig, "past the bound in decoded bytes"
	case errors.Is(err, document.ErrTooMany):
		return TooMany, "past the bound in entries or cells"
	case errors.Is(err, document.ErrTooDeep):
		return TooDeep, "nested past the depth bound"
	case errors.Is(err, document.ErrUnsupported):
		return Unsupported, "a variant of the format that is not read here"
	case errors.Is(err, foreign.ErrFailed):
		return Failed, "the parser failed"
	default:
		return Corrupt, "damaged or cut off"
	}
}

// guard runs the reading of one part. A panic in it becomes Unread.
func (w *walk) guard(n node, read func() error) (err error) {
	defer w.caught(&n, &err)
	return read()
}

// give hands running text to the sink. An error of the text itself is noted
// and not passed on: the sink sees an early end.
func (w *walk) give(n node, r io.Reader) error {
	q := &calm{r: r}
	if err := textTo(w.sink, n.part(), q); err != nil {
		return w.stop(err)
	}
	return w.fault(n, q.err)
}

func textTo(s Sink, p Part, r io.Reader) (err error) {
	defer sinkCaught(&err)
	return s.Text(p, r)
}

func (w *walk) stop(err error) error {
	if w.fatal == nil {
		w.fatal = fmt.Errorf("sink: %w", err)
	}
	return w.fatal
}

// calm is a reader that ends where the one below it fails, or breaks down.
type calm struct {
	r   io.Reader
	err error
}

func (c *calm) Read(p []byte) (n int, err error) {
	if c.err != nil {
		return 0, io.EOF
	}
	defer func() {
		if value := recover(); value != nil {
			c.err = Recovered(value)
			n, err = 0, io.EOF
		}
	}()
	n, err = c.r.Read(p)
	if err != nil {
		c.err = err
		err = io.EOF
	}
	return n, err
}

// table hands a grid to the sink: its cells folded as text is, their number
// bounded, an error of the grid itself noted.
func (w *walk) table(n node, g table.Grid) error {
	held := &heldGrid{g: g}
	b := &boundedGrid{w: w, g: &columnGrid{g: held}}
	if held.oneColumn() {
		n.charset, n.flowed, n.media = "utf-8", false, ""
		if err := w.plain(n, &gridLines{g: b}); err != nil {
			return err
		}
		return w.fault(n, b.err)
	}
	if err := tableTo(w.sink, n.part(), b); err != nil {
		return w.stop(err)
	}
	return w.fault(n, b.err)
}

func tableTo(s Sink, p Part, g table.Grid) (err error) {
	defer sinkCaught(&err)
	return s.Table(p, g)
}

type boundedGrid struct {
	w     *walk
	g     table.Grid
	row   [][]byte
	arena []byte
	err   error
}

func (b *boundedGrid) Next() ([][]byte, error) {
	if b.err != nil {
		return nil, io.EOF
	}
	if b.err = b.w.alive(); b.err != nil {
		return nil, io.EOF
	}
	row, err := b.next()
	if err != nil {
		b.err = err
		return nil, io.EOF
	}
	if b.w.cells += int64(len(row)); b.w.cells > b.w.lim.Cells {
		b.err = document.ErrTooMany
		return nil, io.EOF
	}
	b.row, b.arena = b.row[:0], b.arena[:0]
	for _, cell := range row {
		b.row = append(b.row, foldCell(&b.arena, cell))
	}
	return b.row, nil
}

// next reads a row. The reader's panic is an error, since it is not the sink's.
func (b *boundedGrid) next() (row [][]byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = Recovered(value)
		}
	}()
	return b.g.Next()
}
