package ole

import (
	"bytes"
	"io"
)

// lineReader is an io.Reader over text that next makes piece by piece: it
// appends a piece to dst and tells whether there may be more.
type lineReader struct {
	next func(dst []byte) ([]byte, bool)
	buf  []byte
	pos  int
	done bool
}

func (l *lineReader) fill() {
	more := false
	l.buf, more = l.next(l.buf[:0])
	l.pos, l.done = 0, !more
}

func (l *lineReader) Read(b []byte) (int, error) {
	for l.pos == len(l.buf) {
		if l.done {
			return 0, io.EOF
		}
		l.fill()
	}
	n := copy(b, l.buf[l.pos:])
	l.pos += n
	return n, nil
}

// giveLines gives out the text that next makes, if there is any.
func (rd *reader) giveLines(place string, next func(dst []byte) ([]byte, bool)) error {
	l := &lineReader{next: next}
	for !l.done && len(bytes.TrimSpace(l.buf)) == 0 {
		l.fill()
	}
	if len(bytes.TrimSpace(l.buf)) == 0 {
		return nil
	}
	return rd.out.Text(place, l)
}
