package extract

import (
	"io"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// mixed reads UTF-8 in which single bytes may have another charset: valid
// sequences pass, every other byte is read in the old charset.
type mixed struct {
	r    io.Reader
	old  *charmap.Charmap
	in   []byte // made when something is not ASCII
	s, e int
	tiny []byte // decoded, for a destination too small for a character
	err  error

	ascii bool // all that the last Read gave
}

// decodeSize is how many bytes are decoded at once.
const decodeSize = 16 << 10

func (m *mixed) Read(p []byte) (int, error) {
	n := 0
	for n == 0 && len(p) > 0 {
		m.ascii = false
		if len(m.tiny) > 0 {
			n = copy(p, m.tiny)
			m.tiny = m.tiny[n:]
			break
		}
		if m.s == m.e && m.err == nil && len(p) >= utf8.UTFMax {
			n = m.direct(p)
			continue
		}
		if m.e-m.s < utf8.UTFMax && m.err == nil {
			if m.in == nil {
				m.in = make([]byte, decodeSize)
			}
			m.e = copy(m.in, m.in[m.s:m.e])
			m.s = 0
			var k int
			k, m.err = m.r.Read(m.in[m.e:])
			m.e += k
			continue
		}
		if m.s == m.e {
			return 0, m.err
		}
		if len(p) < utf8.UTFMax {
			var one [utf8.UTFMax]byte
			m.tiny = append(m.tiny[:0], one[:m.pass(one[:])]...)
			continue
		}
		n = m.pass(p)
	}
	return n, nil
}

// direct reads into p itself. What follows its ASCII is put by, to be decided.
func (m *mixed) direct(p []byte) int {
	p = p[:min(len(p), decodeSize)]
	var k int
	k, m.err = m.r.Read(p)
	n := asciiRun(p[:k])
	if n < k && m.in == nil {
		m.in = make([]byte, decodeSize)
	}
	m.s, m.e = 0, copy(m.in, p[n:k])
	m.ascii = true
	return n
}

// pass copies what is decided: all but a sequence that the next read may
// complete.
func (m *mixed) pass(p []byte) int {
	n := 0
	for m.s < m.e && n+utf8.UTFMax <= len(p) {
		run := asciiRun(m.in[m.s:m.e])
		k := copy(p[n:], m.in[m.s:m.s+run])
		n += k
		m.s += k
		if m.s == m.e || n+utf8.UTFMax > len(p) {
			break
		}
		r, size := utf8.DecodeRune(m.in[m.s:m.e])
		if size > 1 {
			n += copy(p[n:], m.in[m.s:m.s+size])
			m.s += size
			continue
		}
		if m.err == nil && !utf8.FullRune(m.in[m.s:m.e]) {
			break
		}
		if r == utf8.RuneError {
			r = m.old.DecodeByte(m.in[m.s])
		}
		n += utf8.EncodeRune(p[n:], r)
		m.s++
	}
	return n
}

// notASCII is what is not ASCII.
var notASCII = lanes.SetOf(func(c byte) bool { return c >= utf8.RuneSelf })

// asciiRun is the length of the ASCII beginning of b.
func asciiRun(b []byte) int {
	if n := notASCII.Index(b); n >= 0 {
		return n
	}
	return len(b)
}

// lateCharset passes ASCII and decides on the charset where it ends: UTF-8 if
// what follows is valid, else the declared one.
type lateCharset struct {
	r   io.Reader
	enc encoding.Encoding
	to  io.Reader
	err error
}

func (l *lateCharset) Read(p []byte) (int, error) {
	if l.to != nil {
		return l.to.Read(p)
	}
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.r.Read(p)
	run := asciiRun(p[:n])
	if run == n {
		return n, err
	}
	tail := append([]byte(nil), p[run:n]...)
	more := make([]byte, 4096)
	k := 0
	if err == nil {
		k, err = io.ReadFull(l.r, more)
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
	}
	tail = append(tail, more[:k]...)
	r := io.Reader(&held{b: tail, err: err, r: l.r})
	if mostlyUTF8(tail) {
		l.to = &mixed{r: r, old: charmap.Windows1252}
	} else {
		l.to = transform.NewReader(r, l.enc.NewDecoder())
	}
	if run > 0 {
		return run, nil
	}
	return l.to.Read(p)
}

// held gives bytes that were read ahead, then the rest.
type held struct {
	b   []byte
	err error
	r   io.Reader
}

func (h *held) Read(p []byte) (int, error) {
	if len(h.b) > 0 {
		n := copy(p, h.b)
		h.b = h.b[n:]
		return n, nil
	}
	if h.err != nil {
		return 0, h.err
	}
	return h.r.Read(p)
}
