package extract

import (
	"io"
	"unicode/utf8"
)

// captioned reads a picture, sound, video or font, and the text that stands in
// it as it is: descriptions, comments and whatever somebody put between its
// blocks. The places for those are without number (tEXt, EXIF, XMP, IPTC, ID3,
// RIFF INFO, udta, name tables), and programs show what they find in them, so
// that all of the file is searched for text long enough to be no accident.
func (w *walk) captioned(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	// The line end keeps the text from being sniffed as what it was cut from.
	text := &captions{r: io.NewSectionReader(at, 0, size), out: []byte{'\n'}}
	if err := w.aside(n, "text", stream(text)); err != nil {
		return err
	}
	if err := w.media(n, section(at, 0, size)); err != nil {
		return err
	}
	if cut != nil && w.lim.Scratch == nil && size >= w.lim.Memory {
		return nil // too big to look behind its end: no loss in a picture
	}
	return cut
}

// minCaption is how long a run of text in a picture must be, in bytes. That
// many bytes of compressed content are text by accident once in 10^10.
const minCaption = 24

// captions gives the runs of UTF-8 text in binary content, a line end between
// them.
type captions struct {
	r    io.Reader
	in   [8 << 10]byte
	s, e int
	run  []byte // text that is not yet long enough
	open bool   // it is: text goes straight on
	out  []byte
	err  error
}

func (c *captions) Read(p []byte) (int, error) {
	for len(c.out) == 0 {
		if c.s == c.e || c.err == nil && c.e-c.s < utf8.UTFMax {
			if c.err != nil {
				return 0, c.err
			}
			c.e = copy(c.in[:], c.in[c.s:c.e])
			c.s = 0
			var n int
			n, c.err = c.r.Read(c.in[c.e:])
			c.e += n
			continue
		}
		c.scan()
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// scan takes what is buffered, but for a character that may go on.
func (c *captions) scan() {
	c.out = c.out[:0]
	for c.s < c.e && (c.err != nil || c.e-c.s >= utf8.UTFMax) {
		size := 1
		b := c.in[c.s]
		text := b >= ' ' && b < 0x7f || b == '\n' || b == '\r' || b == '\t'
		if b >= utf8.RuneSelf {
			_, size = utf8.DecodeRune(c.in[c.s:c.e])
			text = size > 1
		}
		switch {
		case text && c.open:
			c.out = append(c.out, c.in[c.s:c.s+size]...)
		case text:
			if c.run = append(c.run, c.in[c.s:c.s+size]...); len(c.run) >= minCaption {
				c.out, c.run, c.open = append(c.out, c.run...), c.run[:0], true
			}
		default:
			if c.open {
				c.out = append(c.out, '\n')
			}
			c.run, c.open = c.run[:0], false
		}
		c.s += size
	}
}
