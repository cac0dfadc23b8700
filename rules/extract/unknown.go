package extract

import (
	"bytes"
	"errors"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/iwork"
)

// unknown searches content of no known format for runs of text.
func (w *walk) unknown(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	var text io.Reader = io.NewSectionReader(at, 0, size)
	if c.at == nil && cut != nil { // too big to keep: what was kept, and the rest
		text = io.MultiReader(text, c.Reader)
	} else if packed, err := w.programArchive(n, at, size); packed || err != nil {
		return err
	}
	if iwork.Is(at, size) {
		return firstError(w.iwork(n, at, size), cut)
	}
	if isVolume(at, size, n.path) {
		w.unread(n, Unsupported, "a piece of an archive in several volumes; searched as runs of text", true)
	} else if noiseLike(at, make([]byte, min(size, sniffSize))) {
		w.unread(n, Encrypted, "no format shows in it: encrypted, or a piece of an archive", true)
	} else {
		w.unread(n, Unknown, "nobody here knows this format; searched as runs of text", true)
	}
	if err := w.give(n, newFolded(newRuns(text))); err != nil || errors.Is(cut, document.ErrTooBig) {
		return err
	}
	return cut
}

// iwork gives the strings of an archive of Apple's office programs. Where it
// holds a table, that is not read: only the strings in it are.
func (w *walk) iwork(n node, at io.ReaderAt, size int64) error {
	w.turns(&n, FormatIWork)
	s, err := iwork.Read(at, size, max(min(w.lim.PartBytes, w.lim.Bytes-w.bytes, maxIWork), 1))
	if s.Tables {
		w.unread(n, Unsupported, "the strings of a table were read, its rows and numbers were not", true)
	}
	return firstError(w.give(n, newFolded(w.metered(n, bytes.NewReader(s.Text)))), err)
}

// maxIWork bounds what is kept of one such archive, in bytes.
const maxIWork = 32 << 20

// noiseLike tells content that is evenly random from its first byte on, as
// ciphertext is and no file format: those begin with a header. The measure is
// the chi-squared of the bytes' frequencies, 255 for noise, with a spread of
// 23; compressed content is near 300, text and programs in the thousands.
func noiseLike(at io.ReaderAt, head []byte) bool {
	n, _ := at.ReadAt(head, 0)
	if n < 512 || isProgram(head[:n]) {
		return false
	}
	var seen [256]int
	for _, b := range head[:n] {
		seen[b]++
	}
	expected, chi := float64(n)/256, 0.0
	for _, k := range seen {
		d := float64(k) - expected
		chi += d * d / expected
	}
	return chi < 380
}

// programArchive opens an archive that unpacks itself, or that something else
// was put before. It reports whether there is one.
func (w *walk) programArchive(n node, at io.ReaderAt, size int64) (bool, error) {
	if isISO(at) {
		w.turns(&n, FormatISO)
		return true, w.iso(n, at, size)
	}
	before := len(w.sum.Parts)
	if err := w.zipTail(n, at, size); err != nil || len(w.sum.Parts) > before {
		return true, err
	}
	head := make([]byte, min(size, stubSize))
	k, _ := at.ReadAt(head, 0)
	if !isProgram(head[:k]) {
		return false, nil
	}
	for _, mark := range []string{"7z\xbc\xaf\x27\x1c\x00", "Rar!\x1a\x07\x00", "Rar!\x1a\x07\x01\x00", "MSCF\x00\x00\x00\x00"} {
		// The last one: the program may have the mark in its own data.
		if i := bytes.LastIndex(head[:k], []byte(mark)); i > 0 {
			return true, w.aside(n, "archive", section(at, int64(i), size-int64(i)))
		}
	}
	return false, nil
}

// isProgram tells executables of Windows, Linux and macOS.
func isProgram(head []byte) bool {
	for _, magic := range []string{"MZ", "\x7fELF", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// stubSize is how long the program before an archive may be, in bytes.
const stubSize = 1 << 20

// runs gives the runs of text in binary content, a line each: 8-bit text of
// minRun characters, and the same as UTF-16 of either order.
type runs struct {
	r    io.Reader
	in   [8 << 10]byte
	out  []byte
	run  []byte // the run so far
	gap  int    // zero bytes since its last character
	wide int    // single zero bytes between characters
	err  error
}

const (
	minRun = 6
	maxOut = 4 << 10
)

func newRuns(r io.Reader) *runs { return &runs{r: r} }

func (s *runs) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		var n int
		n, s.err = s.r.Read(s.in[:])
		s.out = s.out[:0]
		for _, b := range s.in[:n] {
			s.step(b)
		}
		if s.err != nil {
			s.end()
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

func (s *runs) step(b byte) {
	switch {
	case b == 0 && s.gap == 0 && len(s.run) > 0:
		s.gap++
		s.wide++
	case b >= ' ' && b != 0x7f || b == '\t':
		if s.gap == 0 && s.wide > 0 && s.wide*2 < len(s.run) {
			s.wide = 0
		}
		s.gap = 0
		if s.run = append(s.run, b); len(s.run) >= maxOut {
			s.end()
		}
	default:
		s.end()
	}
}

// end gives the run if it is long enough and looks like text.
func (s *runs) end() {
	letters := 0
	for _, b := range s.run {
		if letter(b) || '0' <= b && b <= '9' || b == ' ' || b == '@' || b >= 0xc0 {
			letters++
		}
	}
	if len(s.run) >= minRun && letters*3 >= len(s.run)*2 {
		s.out = append(append(s.out, s.run...), '\n')
	}
	s.run, s.gap, s.wide = s.run[:0], 0, 0
}
