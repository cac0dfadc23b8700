package extract

import (
	"bufio"
	"bytes"
	"io"
)

// flowed joins the lines of format=flowed text (RFC 3676): a line that ends
// in a blank goes on in the next one of the same quote depth.
type flowed struct {
	br    *bufio.Reader
	delSp bool
	open  bool // the last line flows on
	depth int
	out   []byte
	err   error
}

func newFlowed(r io.Reader, delSp bool) *flowed {
	return &flowed{br: bufio.NewReaderSize(r, 8<<10), delSp: delSp}
}

func (f *flowed) Read(p []byte) (int, error) {
	for len(f.out) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		f.out = f.out[:0]
		f.next()
	}
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n, nil
}

func (f *flowed) next() {
	line, err := f.br.ReadSlice('\n')
	if err == bufio.ErrBufferFull { // no text for people: leave it
		f.out = append(f.out, line...)
		f.open = false
		return
	}
	if f.err = err; len(line) == 0 {
		if f.open {
			f.out = append(f.out, '\n')
		}
		return
	}
	text := bytes.TrimRight(line, "\r\n")
	depth := 0
	for depth < len(text) && text[depth] == '>' {
		depth++
	}
	body := bytes.TrimPrefix(text[depth:], []byte(" "))
	signature := string(body) == "-- " || string(text[depth:]) == "-- "
	if f.open && (depth != f.depth || signature) {
		f.out = append(f.out, '\n')
		f.open = false
	}
	if f.open {
		text = body
	}
	f.depth = depth
	f.open = bytes.HasSuffix(body, []byte(" ")) && !signature
	if f.open {
		if f.delSp {
			text = text[:len(text)-1]
		}
		f.out = append(f.out, text...)
		return
	}
	f.out = append(append(f.out, text...), '\n')
}
