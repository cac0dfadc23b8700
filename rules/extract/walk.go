package extract

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"
)

// Walker opens messages. It is safe for concurrent use, and keeps the room that
// one walk took for the next.
type Walker struct {
	buffers  sync.Pool // of *bufio.Reader
	decoders sync.Pool // of *unbase64
	texts    sync.Pool // of *[]byte, for walk.seen
}

// New returns a Walker.
func New() *Walker { return &Walker{} }

// Message walks an RFC 5322 message. The error is the sink's, the context's,
// or that of the source itself; what is wrong with the content is in the
// Summary.
func (r *Walker) Message(ctx context.Context, src Source, lim Limits, sink Sink) (Summary, error) {
	w, done := r.begin(ctx, src, lim, sink)
	defer done()
	n := node{format: FormatMessage, id: -1}
	err := w.guard(n, func() error { return w.message(n, w.source(src), 0, src.Size) })
	if err == nil {
		err = w.names()
	}
	return w.summary(), w.verdict(err)
}

// File walks one file that is not part of a message, as if it were the only
// attachment of an empty one. The name is for people: the path begins with it.
func (r *Walker) File(ctx context.Context, name string, src Source, lim Limits, sink Sink) (Summary, error) {
	w, done := r.begin(ctx, src, lim, sink)
	defer done()
	n := node{path: cleanName(name), place: Attachment, id: -1}
	err := w.open(n, section(w.source(src), 0, src.Size))
	if err == nil {
		err = w.names()
	}
	return w.summary(), w.verdict(err)
}

// walk is the state of one call. It is used by one goroutine.
type walk struct {
	caller context.Context // whose end is an error of the call
	ctx    context.Context // caller with Limits.Time; kept here since readers take none
	lim    Limits
	sink   Sink
	sum    Summary
	ids    []int // for each of sum.Unread its index in sum.Parts, or -1

	size     int64 // bytes of the source
	bytes    int64 // decoded so far
	expanded int64 // of these, out of compression
	cells    int64
	bombs    int // streams that broke the ratio bound
	readings int // second readings of ambiguous MIME
	guesses  guesses

	outline   *outline        // what a person is shown, nil where everything is read
	leaf      *Reading        // the leaf that is being read, nil between leaves
	passwords []string        // seen in the message's own text
	told      []told          // texts not yet searched for them
	called    []string        // names of parts without content
	seen      []byte          // their beginnings, one after the other
	walker    *Walker         // whose room it uses
	free      []*bufio.Reader // buffers out of use
	fatal     error           // ends the walk: the sink's, the source's or the caller's
}

// errDeadline is why ctx ended when Limits.Time came first.
var errDeadline = errors.New("past the time bound")

func (r *Walker) begin(ctx context.Context, src Source, lim Limits, sink Sink) (*walk, func()) {
	lim = lim.bounded()
	w := &walk{caller: ctx, lim: lim, sink: sink, size: src.Size, walker: r}
	room, _ := r.texts.Get().(*[]byte)
	if room == nil {
		room = new([]byte)
	}
	w.seen = *room
	inner, cancel := context.WithTimeoutCause(ctx, lim.Time, errDeadline)
	w.ctx = inner
	return w, func() {
		cancel()
		for _, b := range w.free {
			r.buffers.Put(b)
		}
		w.free = nil
		*room = w.seen[:0]
		r.texts.Put(room)
	}
}

// verdict gives the error that the call returns.
func (w *walk) verdict(err error) error {
	if w.fatal != nil {
		return w.fatal
	}
	if cause := w.caller.Err(); cause != nil {
		return cause
	}
	return err
}

// summary completes what was recorded.
func (w *walk) summary() Summary {
	for i, id := range w.ids {
		if id >= 0 {
			w.sum.Unread[i].Bytes = w.sum.Parts[id].Bytes
		}
	}
	return w.sum
}

// source wraps the caller's source so that its own failures end the walk
// instead of passing for damaged content.
func (w *walk) source(r io.ReaderAt) io.ReaderAt { return &origin{w, r} }

type origin struct {
	w *walk
	r io.ReaderAt
}

func (o *origin) ReadAt(p []byte, off int64) (int, error) {
	n, err := o.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) && o.w.fatal == nil {
		o.w.fatal = err
	}
	return n, err
}

// alive returns why the walk must stop, if it must.
func (w *walk) alive() error {
	if w.fatal != nil {
		return w.fatal
	}
	if w.ctx.Err() == nil {
		return nil
	}
	if err := w.caller.Err(); err != nil {
		w.fatal = err
		return err
	}
	return errDeadline
}

// buffer returns a buffered reader over r; release gives it back.
func (w *walk) buffer(r io.Reader) *bufio.Reader {
	if n := len(w.free); n > 0 {
		b := w.free[n-1]
		w.free = w.free[:n-1]
		b.Reset(r)
		return b
	}
	b, spare := w.walker.buffers.Get().(*bufio.Reader)
	if !spare {
		b = bufio.NewReaderSize(nil, bufferSize) // given r, it could be r itself
	}
	b.Reset(r)
	return b
}

func (w *walk) release(b *bufio.Reader) {
	b.Reset(nil)
	w.free = append(w.free, b)
}

// bufferSize is how far every reader can look ahead, in bytes.
const bufferSize = 32 << 10
