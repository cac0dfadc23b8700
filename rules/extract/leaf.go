package extract

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// MinLeaf is the size in bytes from which a leaf is put to Leaves: reading a
// smaller one costs no more than knowing it.
const MinLeaf = 1 << 10

// Leaves is a Sink that may know the leaves of a message's MIME structure from
// other messages, and need not read them again.
type Leaves interface {
	Sink
	// Leaf is called for each leaf of MinLeaf bytes or more, and each way to
	// read it. read reads it into the sink like any other part, and returns
	// what that came to for the walk. Leaf calls read once and returns its
	// results, or returns a Reading that read gave before, for a leaf of equal
	// bytes and Context, if l.Fits says so.
	Leaf(l Leaf, read func() (Reading, error)) (Reading, error)
}

// Leaf is a part of the MIME structure without parts of its own, before it is
// read: a body or an attachment.
type Leaf struct {
	// Encoded is the leaf as it stands in the message.
	Encoded Source
	// Context is what its reading depends on beside its bytes: where it
	// stands, what its header says of it, and the bounds.
	Context string

	w *walk
}

// Reading is what reading a leaf came to for the walk.
type Reading struct {
	sum   Summary
	ids   []int // of sum.Unread, in sum.Parts
	spent spent
	// called is what the parts without content are called.
	called []string
	sure   bool // nothing that came before had a part in it

	asked  bool   // passwords were tried
	tried  string // those at hand before it
	noted  bool   // tried is set
	before int    // how many texts there were to search for passwords before it
}

// spent is what was used up of the bounds on a message.
type spent struct {
	bytes, expanded, cells int64
	bombs, readings, parts int
}

// Whole reports whether a leaf of equal bytes and context is read with the same
// result whenever it is read: not so when a bound, a deadline or a failure cut
// the reading off.
func (r *Reading) Whole() bool {
	for _, u := range r.sum.Unread {
		switch u.Reason {
		case Timeout, Failed, TooBig, TooMany, Ratio:
			return false
		}
	}
	return r.sure
}

// Media reports whether the leaf is a picture, a sound, a video or a font.
func (r *Reading) Media() bool {
	if len(r.sum.Parts) == 0 {
		return false
	}
	switch r.sum.Parts[0].Format {
	case FormatImage, FormatAudio, FormatVideo, FormatFont:
		return true
	}
	return false
}

// Size is roughly how many bytes of memory a reading takes.
func (r *Reading) Size() int64 {
	n := int64(256)
	for _, p := range r.sum.Parts {
		n += 64 + int64(len(p.Path))
	}
	for _, u := range r.sum.Unread {
		n += 128 + int64(len(u.Path)+len(u.Detail))
	}
	for _, name := range r.called {
		n += 16 + int64(len(name))
	}
	return n
}

// Fits reports whether a reading from another message is what reading the leaf
// here would come to: it keeps the bounds that are left of this message.
func (l Leaf) Fits(r Reading) bool {
	w, all := l.w, l.w.spent()
	if r.asked {
		w.learn()
	}
	return w.bombs == 0 &&
		all.bytes+r.spent.bytes <= w.lim.Bytes && all.cells+r.spent.cells <= w.lim.Cells &&
		all.parts+r.spent.parts < w.lim.Parts && all.readings+r.spent.readings <= maxReadings &&
		!w.overExpanded(w.expanded+r.spent.expanded) && (!r.asked || r.tried == strings.Join(w.passwords, "\n"))
}

func (w *walk) spent() spent {
	return spent{w.bytes, w.expanded, w.cells, w.bombs, w.readings, len(w.sum.Parts)}
}

// openLeaf reads one leaf of the MIME structure, or has the sink know it.
func (w *walk) openLeaf(n node, e entity, t transfer) error {
	c := section(e.src, e.off, e.end-e.off)
	leaves, ok := w.sink.(Leaves)
	if !ok || w.leaf != nil || c.size < MinLeaf {
		return w.openDecoded(n, c, t)
	}
	known := true
	r, err := leafTo(leaves, Leaf{Encoded: Source{c.at, c.size}, Context: w.context(n, t), w: w}, func() (Reading, error) {
		known = false
		return w.readLeaf(func() error { return w.openDecoded(n, c, t) })
	})
	if f := (*Fault)(nil); errors.As(err, &f) {
		return w.stop(err)
	}
	if err == nil && known {
		w.recall(r)
		w.told = append(w.told, told{again: func() []told { return w.textsOf(n, c, t) }})
	}
	return err
}

func leafTo(s Leaves, l Leaf, read func() (Reading, error)) (r Reading, err error) {
	defer sinkCaught(&err)
	return s.Leaf(l, read)
}

// context names what the reading of a leaf depends on beside its bytes.
func (w *walk) context(n node, t transfer) string {
	l := w.lim
	b := make([]byte, 0, 256) // on the stack, for the most
	for _, text := range []string{n.path, n.media, n.charset} {
		b = append(strconv.AppendQuote(b, text), ' ')
	}
	for _, number := range []int64{int64(n.place), int64(n.depth), int64(t),
		l.Bytes, l.PartBytes, l.Ratio, int64(l.Depth), int64(l.Entries), l.Cells, l.Memory, int64(l.Time)} {
		b = append(strconv.AppendInt(b, number, 10), ' ')
	}
	for _, is := range []bool{n.flowed, n.delSp, n.sealed, n.whole, n.inParts, n.hunch, l.Scratch != nil, l.Recognise != nil} {
		b = strconv.AppendBool(b, is)
	}
	return string(b)
}

// readLeaf reads a leaf and takes down what that came to.
func (w *walk) readLeaf(read func() error) (Reading, error) {
	parts, unread, called, before := len(w.sum.Parts), len(w.sum.Unread), len(w.called), w.spent()
	w.leaf = &Reading{sure: w.bombs == 0, before: len(w.told)}
	err := read()
	r := *w.leaf
	w.leaf = nil
	after := w.spent()
	r.spent = spent{after.bytes - before.bytes, after.expanded - before.expanded, after.cells - before.cells,
		after.bombs - before.bombs, after.readings - before.readings, after.parts - before.parts}
	r.called = append(r.called, w.called[called:]...)
	r.sum.Parts = append(r.sum.Parts, w.sum.Parts[parts:]...)
	r.sum.Unread = append(r.sum.Unread, w.sum.Unread[unread:]...)
	for _, id := range w.ids[unread:] {
		r.ids = append(r.ids, max(id-parts, -1))
	}
	return r, err
}

// recall puts the reading of a known leaf in the place of reading it.
func (w *walk) recall(r Reading) {
	parts := len(w.sum.Parts)
	w.called = append(w.called, r.called...)
	w.sum.Parts = append(w.sum.Parts, r.sum.Parts...)
	w.sum.Unread = append(w.sum.Unread, r.sum.Unread...)
	for _, id := range r.ids {
		if id >= 0 {
			id += parts
		}
		w.ids = append(w.ids, id)
	}
	w.bytes += r.spent.bytes
	w.expanded += r.spent.expanded
	w.cells += r.spent.cells
	w.readings += r.spent.readings
}

// textsOf reads a known leaf once more, for what its text tells of passwords.
func (w *walk) textsOf(n node, c content, t transfer) []told {
	inner := &walk{caller: w.caller, ctx: w.ctx, lim: w.lim, sink: nowhere{}, size: w.size, walker: w.walker}
	c = section(c.at, 0, c.size)
	if err := inner.openDecoded(n, c, t); err != nil && w.fatal == nil {
		w.fatal = err
	}
	return append([]told{{found: inner.passwords}}, inner.told...)
}

// nowhere takes texts and tables for nothing.
type nowhere struct{}

// Text implements Sink.
func (nowhere) Text(_ Part, r io.Reader) error {
	rest(r)
	return nil
}

// Table implements Sink.
func (nowhere) Table(_ Part, g table.Grid) error {
	for {
		if _, err := g.Next(); err != nil {
			return nil
		}
	}
}
