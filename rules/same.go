package rules

import (
	"io"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/cespare/xxhash/v2"
)

// maxContents bounds how many parts of a message are compared with its bodies.
const maxContents = 256

// enoughContent is how many letters and digits a body must have to be called
// the same as an attachment: a few words may stand anywhere.
const enoughContent = 64

// maxContent is how many letters and digits of a part are compared. What agrees
// so far is the same file, whole or not, and the rest of a long text costs
// nothing.
const maxContent = 64 << 10

// content is what a part says, without what its format adds: the hash of its
// letters and digits in their order, those of ASCII in lower case. So a list is
// the same as text, as CSV with any delimiter, and as a sheet.
type content struct {
	place extract.Place
	sum   uint64
	bytes int64
}

// contentOf continues the content of a part, which may come in pieces, or
// begins it. It is done when a piece of another part comes.
func (s *sink) contentOf(p extract.Part) *contentWriter {
	w := &s.content
	if w.of != s.ev || w.part.Path != p.Path || w.part.Place != p.Place {
		s.endContent()
		w.of, w.part, w.bytes = s.ev, p, 0
		w.hash.Reset()
	}
	return w
}

// endContent keeps the content of the part that was read last.
func (s *sink) endContent() {
	w := &s.content
	if w.of != nil && w.bytes >= enoughContent && w.part.Place != extract.Header && len(w.of.contents) < maxContents {
		w.of.contents = append(w.of.contents, content{w.part.Place, w.hash.Sum64(), w.bytes})
	}
	w.of = nil
}

// bodyIsAttachment reports whether a body says the same as an attachment.
func (g *gathered) bodyIsAttachment() bool {
	bodies := map[content]bool{}
	for _, c := range g.contents {
		if c.place == extract.Body {
			bodies[c] = true
		}
	}
	return slices.ContainsFunc(g.contents, func(c content) bool {
		as := c
		as.place = extract.Body
		return c.place == extract.Attachment && bodies[as]
	})
}

// contentWriter hashes one part's content.
type contentWriter struct {
	of    *gathered // nil between parts
	part  extract.Part
	hash  xxhash.Digest
	bytes int64
	buf   [512]byte
}

// letters gives what a byte counts for in a content in its low eight bits, and 1
// above them if it counts at all.
var letters = func() (t [256]uint16) {
	for c := range t {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', c >= 0x80:
			t[c] = 1<<8 | uint16(c)
		case 'A' <= c && c <= 'Z':
			t[c] = 1<<8 | uint16(c+'a'-'A')
		}
	}
	return t
}()

func (w *contentWriter) write(text []byte) {
	for len(text) > 0 && w.bytes < maxContent {
		piece := text[:min(len(text), len(w.buf))]
		text = text[len(piece):]
		n := min(w.compact(piece), int(maxContent-w.bytes))
		w.hash.Write(w.buf[:n])
		w.bytes += int64(n)
	}
}

// compact puts what counts of a piece, no longer than the buffer, into it, and
// returns how much that is. It asks nothing of a byte, since every third or fourth
// of a table would be a guess that the processor gets wrong.
func (w *contentWriter) compact(piece []byte) (n int) {
	const last = len(w.buf) - 1
	for ; len(piece) >= 4; piece = piece[4:] {
		a, b, c, d := letters[piece[0]], letters[piece[1]], letters[piece[2]], letters[piece[3]]
		w.buf[n&last] = byte(a)
		n += int(a >> 8)
		w.buf[n&last] = byte(b)
		n += int(b >> 8)
		w.buf[n&last] = byte(c)
		n += int(c >> 8)
		w.buf[n&last] = byte(d)
		n += int(d >> 8)
	}
	for _, c := range piece {
		w.buf[n&last] = byte(letters[c])
		n += int(letters[c] >> 8)
	}
	return n
}

// contentReader and contentGrid hash what is read through them.
type contentReader struct {
	r io.Reader
	w *contentWriter
}

func (c contentReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.w.write(p[:n])
	return n, err
}

type contentGrid struct {
	g table.Grid
	w *contentWriter
}

func (c contentGrid) Next() ([][]byte, error) {
	row, err := c.g.Next()
	for _, cell := range row {
		c.w.write(cell)
	}
	return row, err
}
