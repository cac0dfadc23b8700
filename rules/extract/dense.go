package extract

import (
	"bufio"
	"bytes"
	"encoding/ascii85"
	"io"
	"strings"
)

// densely is an encoding that uses nearly all of printable ASCII, so that
// nothing but its decoding tells it.
type densely uint8

const (
	asASCII85 densely = iota // of Adobe and btoa
	asBase85                 // of RFC 1924 and git
	asUU                     // uuencoded lines without their frame
)

// dense tells whether lines of such an encoding begin here, and sets found and
// densely.
func (c *carver) dense() bool {
	look, _ := c.br.Peek(blobLook)
	for d := asASCII85; d <= asUU; d++ {
		if data := d.sample(look); len(data) >= minNumbers && isContent(data) {
			c.found, c.densely = carvedDense, d
			return true
		}
	}
	return false
}

// minDense is how long a line of an encoding is at least.
const minDense = 40

// minPunctuation is how many kinds of punctuation a line of an encoding has,
// and few other lines.
const minPunctuation = 9

// denseLine is a cheap look at a line: no space in it, and much punctuation.
func denseLine(b []byte) bool {
	var seen [2]uint64
	for i, c := range b {
		switch {
		case c == '\n' || c == '\r':
			return i >= minDense && punctuation(seen)
		case c == ' ' && i > 0 && b[0] != 'M' || c < ' ' || c >= 0x7f:
			return false
		}
		if !letter(c) && (c < '0' || c > '9') {
			seen[c>>6] |= 1 << (c & 63)
		}
	}
	return len(b) >= minDense && punctuation(seen)
}

func punctuation(seen [2]uint64) bool {
	n := 0
	for _, s := range seen {
		for ; s != 0; s &= s - 1 {
			n++
		}
	}
	return n >= minPunctuation
}

// reader decodes the lines that br stands at.
func (d densely) reader(br *bufio.Reader) io.Reader {
	lines := &denseLines{br: br, d: d}
	switch d {
	case asASCII85:
		return ascii85.NewDecoder(lines)
	case asBase85:
		return &base85Reader{r: lines}
	}
	return &uuReader{br: br, line: uuLine}
}

// sample decodes the beginning of content; an error only ends it.
func (d densely) sample(look []byte) []byte {
	if i := bytes.LastIndexByte(look, '\n'); i > 0 && len(look) == blobLook {
		look = look[:i+1]
	}
	data, _ := io.ReadAll(d.reader(bufio.NewReaderSize(bytes.NewReader(look), blobLook)))
	return data
}

// denseLines gives the lines of an encoding up to its end or a line that is
// none.
type denseLines struct {
	br   *bufio.Reader
	d    densely
	line []byte
	done bool
}

func (l *denseLines) Read(p []byte) (int, error) {
	for len(l.line) == 0 {
		b, err := l.br.Peek(blobLook)
		if len(b) == 0 || l.done {
			if err == nil || l.done {
				err = io.EOF
			}
			return 0, err
		}
		line, _, whole := bytes.Cut(b, []byte("\n"))
		size := len(line)
		if whole {
			size++
		}
		text := bytes.TrimPrefix(bytes.TrimRight(line, "\r \t"), []byte("<~"))
		if l.d == asASCII85 {
			text, _, l.done = bytes.Cut(text, []byte("~>"))
		}
		if bytes.ContainsFunc(text, func(r rune) bool { return r > 0x7e || !l.d.has(byte(r)) }) {
			l.done = true
			continue
		}
		l.line = bytes.Clone(text)
		_, _ = l.br.Discard(size)
	}
	n := copy(p, l.line)
	l.line = l.line[n:]
	return n, nil
}

const base85Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"

func (d densely) has(c byte) bool {
	if d == asBase85 {
		return strings.IndexByte(base85Alphabet, c) >= 0
	}
	return '!' <= c && c <= 'u' || c == 'z' || c == 'y'
}

// base85Reader decodes base85 of RFC 1924: five characters for four bytes.
type base85Reader struct {
	r    io.Reader
	in   [4 << 10]byte
	acc  uint64
	held int
	out  []byte
	err  error
}

func (d *base85Reader) Read(p []byte) (int, error) {
	for len(d.out) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		var n int
		n, d.err = d.r.Read(d.in[:])
		d.out = d.out[:0]
		for _, c := range d.in[:n] {
			d.acc = d.acc*85 + uint64(max(strings.IndexByte(base85Alphabet, c), 0))
			if d.held++; d.held == 5 {
				d.out = append(d.out, byte(d.acc>>24), byte(d.acc>>16), byte(d.acc>>8), byte(d.acc))
				d.acc, d.held = 0, 0
			}
		}
		if d.err != nil && d.held > 1 {
			keep := d.held - 1
			for ; d.held < 5; d.held++ {
				d.acc = d.acc*85 + 84
			}
			rest := [4]byte{byte(d.acc >> 24), byte(d.acc >> 16), byte(d.acc >> 8), byte(d.acc)}
			d.out = append(d.out, rest[:keep]...)
		}
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}
