package extract

import (
	"bufio"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

// members reads a gzip file of one or more members (RFC 1952 section 2.2) and
// stops behind the last: what follows it is left in br.
type members struct {
	z  *gzip.Reader
	br *bufio.Reader
}

func newMembers(br *bufio.Reader) (*members, error) {
	z, err := gzip.NewReader(br)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &members{z, br}, nil
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.z.Read(p)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil // the end comes again
		}
		if next, _ := m.br.Peek(2); string(next) != "\x1f\x8b" {
			return 0, io.EOF
		}
		if err := m.z.Reset(m.br); err != nil {
			return 0, err
		}
		m.z.Multistream(false)
	}
}

// gzip opens what a gzip file holds: its content, the fields of its header
// that nobody shows, and what was put behind it.
func (w *walk) gzip(n node, c content) error {
	var m *members
	r, err := w.expanding(n, c.Reader, func(counted io.Reader) (_ io.Reader, err error) {
		// Given a buffer, the decompressor reads no byte too many.
		m, err = newMembers(bufio.NewReaderSize(counted, bufferSize))
		return m, err
	})
	if err != nil {
		return err
	}
	header := m.z.Header
	name := header.Name
	if name == "" {
		name = unpackedName(n.path)
	}
	if err := w.unpacked(n, name, r); err != nil {
		return err
	}
	for _, b := range [][]byte{header.Extra, []byte(header.Comment)} {
		if len(b) < minComment {
			continue
		}
		if err := w.aside(n, "header", stream(&held{b: b, err: io.EOF})); err != nil {
			return err
		}
	}
	return w.aside(n, "trailer", stream(w.metered(n, m.br)))
}

// unpacked opens the one stream that a compressed file holds. Damage to the
// compression is the file's own: little may have come out of it.
func (w *walk) unpacked(n node, name string, r io.Reader) error {
	child := n.child(decodeBytes("", []byte(name)))
	child.place = Attachment
	q := &calm{r: r}
	if err := w.open(child, stream(q)); err != nil {
		return err
	}
	rest(q)
	return w.fault(n, q.err)
}

// isZlib tells a zlib stream (RFC 1950) by its header, which is weak, and by
// that its beginning expands.
func isZlib(h []byte) bool {
	if len(h) < 16 || h[0] != 0x78 || (int(h[0])<<8|int(h[1]))%31 != 0 || h[1]&0x20 != 0 {
		return false
	}
	z, err := zlib.NewReader(&held{b: h, err: io.EOF})
	if err != nil {
		return false
	}
	defer z.Close()
	n, err := io.CopyN(io.Discard, z, 4*sniffSize)
	return n >= 16 && (err == nil || err == io.EOF || err == io.ErrUnexpectedEOF)
}

// ar opens the files of a Unix archive, such as a Debian package.
func (w *walk) ar(n node, c content) error {
	const mark, headerSize = "!<arch>\n", 60
	if _, err := io.CopyN(io.Discard, c.Reader, int64(len(mark))); err != nil {
		return err
	}
	for i := 0; ; i++ {
		var h [headerSize]byte
		if _, err := io.ReadFull(c.Reader, h[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if i >= w.lim.Entries {
			return document.ErrTooMany
		}
		name, size, ok := arHeader(h[:])
		if !ok {
			return document.ErrDamaged
		}
		child := n.child(name)
		child.place = Attachment
		body := &io.LimitedReader{R: c.Reader, N: size}
		if err := w.open(child, stream(w.metered(child, body))); err != nil {
			return err
		}
		rest(body)
		if size%2 == 1 {
			_, _ = io.CopyN(io.Discard, c.Reader, 1)
		}
	}
}

// arHeader reads the header of a file in a Unix archive: decimal text in
// fields of fixed width.
func arHeader(h []byte) (name string, size int64, ok bool) {
	for _, c := range h[48:58] {
		if c == ' ' {
			break
		}
		if c < '0' || c > '9' {
			return "", 0, false
		}
		size = size*10 + int64(c-'0')
	}
	return strings.TrimRight(string(h[:16]), " /"), size, string(h[58:]) == "`\n"
}
