package extract

import (
	"bufio"
	"io"
	"strings"
)

// binHexAlphabet is that of BinHex 4.0 (RFC 1741 section 4).
const binHexAlphabet = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"

// newBinHex decodes a BinHex 4.0 file whose announcing line br stands at: its
// data and resource forks as one stream, runs of bytes expanded. A fork's
// checksum follows it.
func newBinHex(br *bufio.Reader) io.Reader { return &binHex{br: br} }

type binHex struct {
	br     *bufio.Reader
	inside bool
	done   bool
	acc    uint32
	held   int
	last   byte // the last byte given, which a mark repeats
	mark   bool // 0x90 came: a count follows
	skip   int  // bytes of the file's own header that are left, 0 before it
	begun  bool
	out    []byte
}

// binHexHeader is the size of the header but for the name: its length, a zero,
// type, creator, flags, the sizes of the forks, a checksum.
const binHexHeader = 1 + 1 + 4 + 4 + 2 + 4 + 4 + 2

// put takes a byte of the file, whose first is the length of its name.
func (h *binHex) put(b byte) {
	h.last = b
	switch {
	case !h.begun:
		h.begun, h.skip = true, binHexHeader+int(b)-1
	case h.skip > 0:
		h.skip--
	default:
		h.out = append(h.out, b)
	}
}

func (h *binHex) Read(p []byte) (int, error) {
	for len(h.out) == 0 {
		if h.done {
			return 0, io.EOF
		}
		line, err := h.br.ReadSlice('\n')
		if len(line) == 0 {
			return 0, err
		}
		h.take(line)
	}
	n := copy(p, h.out)
	h.out = h.out[n:]
	return n, nil
}

// take decodes one line. The content stands between two colons, the first at
// the beginning of a line.
func (h *binHex) take(line []byte) {
	h.out = h.out[:0]
	if !h.inside {
		if len(line) == 0 || line[0] != ':' {
			return
		}
		h.inside, line = true, line[1:]
	}
	for _, c := range line {
		if c == ':' {
			h.done = true
			return
		}
		v := strings.IndexByte(binHexAlphabet, c)
		if v < 0 {
			continue
		}
		h.acc = h.acc<<6 | uint32(v)
		if h.held += 6; h.held >= 8 {
			h.held -= 8
			h.expand(byte(h.acc >> h.held))
		}
	}
}

// expand undoes the run-length coding.
func (h *binHex) expand(b byte) {
	switch {
	case !h.mark && b == 0x90:
		h.mark = true
		return
	case !h.mark:
		h.put(b)
	case b == 0:
		h.put(0x90)
	default:
		for range b - 1 {
			h.put(h.last)
		}
	}
	h.mark = false
}
