package extract

import (
	"context"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

// foreign reads an archive with a parser that is not ours, by Limits.Isolate
// where there is one. What comes out is bounded here, whoever read it.
func (w *walk) foreign(n node, c content, kind foreign.Kind) error {
	if w.bombs >= maxBombs {
		return document.ErrRatio
	}
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	read := w.lim.Isolate
	if read == nil {
		read = foreign.Read
	}
	err := read(w.ctx, foreign.Job{
		Kind: kind, Content: at, Size: size, Passwords: w.candidates(),
		Limits: foreign.Limits{Entries: w.lim.Entries, Window: maxWindow},
	}, &unpacked{w: w, n: n, size: size, tabular: kind.Tabular()})
	return firstError(err, cut)
}

// unpacked puts the files of an archive into the walk. It returns only what
// ends the walk.
type unpacked struct {
	w       *walk
	n       node
	size    int64 // of the archive
	tabular bool  // its streams are rows and not files
}

// File implements foreign.Output. The context goes to archives within this one.
func (u *unpacked) File(ctx context.Context, name string, r io.Reader) error {
	w := u.w
	outer := w.ctx
	w.ctx = ctx
	defer func() { w.ctx = outer }()
	if u.tabular {
		return w.table(u.n, foreign.NewGrid(&meter{w: w, n: u.n, r: r, left: w.lim.PartBytes, packed: &counter{n: u.size}}))
	}
	if name == "" {
		name = unpackedName(u.n.path)
	}
	child := u.n.child(decodeBytes("", []byte(name)))
	child.place = Attachment
	return w.open(child, stream(&meter{w: w, n: child, r: r, left: w.lim.PartBytes, packed: &counter{n: u.size}}))
}
