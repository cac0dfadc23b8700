package extract

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// embedded opens what the carver stands at, and leaves the carver behind it.
func (w *walk) embedded(n node, c *carver) error {
	kind := c.found
	c.found, c.inner = nothing, false
	var r io.Reader
	child := n.child("encoded")
	child.hunch = true
	switch kind {
	case carvedUU, carvedXX:
		line, _ := c.br.ReadString('\n')
		if f := strings.Fields(line); len(f) > 2 {
			child = n.child(strings.Join(f[2:], " "))
		}
		child.place = Attachment
		r = &uuReader{br: c.br, line: uuLine}
		if kind == carvedXX {
			r = &uuReader{br: c.br, line: xxLine}
		}
	case carvedBinHex:
		child.place = Attachment
		r = newBinHex(c.br)
	case carvedDump:
		r = &dumpReader{br: c.br}
	case carvedYEnc:
		line, _ := c.br.ReadString('\n')
		if _, name, ok := strings.Cut(line, "name="); ok {
			child = n.child(name)
		}
		child.place = Attachment
		r = &yReader{br: c.br}
	case carvedPGP:
		r = newBase64(&armorReader{br: c.br})
		err := w.pgpMessage(n, r)
		rest(r)
		c.inner = true
		return err
	case carvedRadix:
		r = &radixReader{r: &blobReader{br: c.br}, radix: c.radix}
		c.inner = true
	case carvedNumbers:
		r = &numberReader{br: c.br, n: c.numeral}
		c.inner = true
	case carvedDense:
		r = c.densely.reader(c.br)
	case carvedWrapped:
		inner := &unwrapped{br: c.br, wrap: c.wrap}
		n.depth++
		if n.depth > w.lim.Depth {
			return w.give(n, newFolded(inner))
		}
		err := w.plain(n, inner)
		rest(inner)
		return err
	case carvedHex:
		r = &hexReader{r: &blobReader{br: c.br}}
		c.inner = true
	default:
		r = newBase64(&blobReader{br: c.br})
		c.inner = true
	}
	m := w.metered(child, r)
	err := w.open(child, stream(m))
	rest(r)
	return err
}

// blobReader gives a run of base64 with the line ends inside it, and ends
// where something else begins.
type blobReader struct{ br *bufio.Reader }

func (b *blobReader) Read(p []byte) (int, error) {
	buf, err := b.br.Peek(max(b.br.Buffered(), 1))
	if len(buf) == 0 {
		return 0, err
	}
	if len(buf) > len(p) {
		buf = buf[:len(p)]
	}
	if n := base64End(buf); n > 0 {
		copy(p, buf[:n])
		_, _ = b.br.Discard(n)
		return n, nil
	}
	if n := b.lineEnd(); n > 0 {
		_, _ = b.br.Discard(n)
		p[0] = '\n'
		return 1, nil
	}
	return 0, io.EOF
}

// hexReader decodes hexadecimal digits.
type hexReader struct {
	r    io.Reader
	in   [4097]byte
	kept int // digits at the beginning of in whose partner was not read yet
	buf  [2049]byte
	out  []byte
}

func (h *hexReader) Read(p []byte) (int, error) {
	for len(h.out) == 0 {
		n, err := io.ReadFull(h.r, h.in[h.kept:])
		if n == 0 {
			return 0, err
		}
		in, digits, last := h.in[:h.kept+n], 0, byte(0)
		for _, c := range in {
			if unhex(c) < 16 {
				digits, last = digits+1, c
			}
		}
		h.out = unhexed(h.buf[:0], in)
		if h.kept = digits % 2; h.kept == 1 {
			h.in[0] = last
		}
	}
	n := copy(p, h.out)
	h.out = h.out[n:]
	return n, nil
}

// unhexed appends what pairs of digits in b stand for; dst may overlap b.
func unhexed(dst, b []byte) []byte {
	half := byte(16)
	for _, c := range b {
		switch v := unhex(c); {
		case v > 15:
		case half > 15:
			half = v
		default:
			dst = append(dst, half<<4|v)
			half = 16
		}
	}
	return dst
}

// lineEnd returns the size of a line end, written out or escaped as in JSON,
// that a whole line of base64 follows; 0 if the run is over.
func (b *blobReader) lineEnd() int {
	look, _ := b.br.Peek(blobLook)
	for _, end := range []string{"\r\n", "\n", " \n", `\r\n`, `\n`, "&#13;\n", "\t\n"} {
		after, ok := bytes.CutPrefix(look, []byte(end))
		if !ok {
			continue
		}
		n := base64End(after)
		if n == 0 || bytes.HasPrefix(after, []byte("--")) { // the frame of an armour
			return 0
		}
		if n == len(after) || strings.IndexByte("\r\n\\\"< \t&", after[n]) >= 0 && (n >= minLine || after[n-1] == '=' || n%4 == 0) {
			return len(end)
		}
		return 0
	}
	return 0
}

// uuReader decodes the lines of a uuencoded file up to "end" or to a line
// that is none.
type uuReader struct {
	br   *bufio.Reader
	line func([]byte) []byte // decodes one line, nil if it is none
	out  []byte
	done bool
}

func (u *uuReader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.done {
			return 0, io.EOF
		}
		line, err := u.br.Peek(maxUULine)
		if len(line) == 0 {
			return 0, err
		}
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			end = len(line) - 1
		}
		text := bytes.TrimRight(line[:end+1], "\r\n")
		if string(bytes.TrimSpace(text)) == "end" {
			_, _ = u.br.Discard(end + 1)
			u.done = true
			continue
		}
		data := u.line(text)
		if u.done = data == nil && len(text) > 0; u.done {
			continue
		}
		_, _ = u.br.Discard(end + 1)
		u.out = data
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

const maxUULine = 128

// uuLine decodes one line, nil if it is none. Trailing blanks may be lost,
// and a checksum character may follow.
func uuLine(line []byte) []byte {
	if len(line) == 0 {
		return nil
	}
	size := int(line[0]-' ') & 0x3f
	if line[0] < ' ' || line[0] > '`' || len(line)-1 > (size+2)/3*4+2 {
		return nil
	}
	out := make([]byte, 0, size+3)
	for i := 1; len(out) < size; i += 4 {
		var v uint32
		for k := range 4 {
			b := byte(' ')
			if i+k < len(line) {
				b = line[i+k]
			}
			if b < ' ' || b > '`' {
				return nil
			}
			v = v<<6 | uint32(b-' ')&0x3f
		}
		out = append(out, byte(v>>16), byte(v>>8), byte(v))
	}
	return out[:size]
}

// yReader decodes yEnc up to "=yend".
type yReader struct {
	br   *bufio.Reader
	out  []byte
	done bool
}

func (y *yReader) Read(p []byte) (int, error) {
	for len(y.out) == 0 {
		if y.done {
			return 0, io.EOF
		}
		line, err := y.br.ReadSlice('\n')
		if len(line) == 0 && err != nil {
			return 0, err
		}
		switch {
		case bytes.HasPrefix(line, []byte("=yend")):
			y.done = true
			continue
		case bytes.HasPrefix(line, []byte("=ypart")):
			continue
		}
		line = bytes.TrimRight(line, "\r\n")
		y.out = y.out[:0]
		for i := 0; i < len(line); i++ {
			b := line[i]
			if b == '=' && i+1 < len(line) {
				i++
				b = line[i] - 64
			}
			y.out = append(y.out, b-42)
		}
	}
	n := copy(p, y.out)
	y.out = y.out[n:]
	return n, nil
}

// armorReader gives the base64 of ASCII armour (RFC 9580 section 6.2): it
// skips the armour's header and ends before the checksum.
type armorReader struct {
	br   *bufio.Reader
	line []byte
	body bool
	done bool
}

func (a *armorReader) Read(p []byte) (int, error) {
	for len(a.line) == 0 {
		if a.done {
			return 0, io.EOF
		}
		line, err := a.br.ReadSlice('\n')
		text := bytes.TrimSpace(line)
		switch {
		case len(line) == 0 && err != nil:
			return 0, err
		case bytes.HasPrefix(text, []byte("-----END")):
			a.done = true
		case !a.body:
			a.body = len(text) == 0
		case len(text) > 0 && text[0] != '=':
			a.line = line
		}
	}
	n := copy(p, a.line)
	a.line = a.line[n:]
	return n, nil
}
