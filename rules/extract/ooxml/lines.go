package ooxml

import (
	"bytes"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// lineReader is an io.Reader over text that next makes piece by piece: it
// appends a piece to dst and tells whether there may be more.
type lineReader struct {
	next func(dst []byte) ([]byte, bool)
	buf  []byte
	pos  int
	done bool
	// lineEnd: what was read last ends a line.
	lineEnd bool
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

// fill takes the next piece. Of line ends that follow each other one is kept.
func (l *lineReader) fill() {
	more := false
	l.buf, more = l.next(l.buf[:0])
	l.pos, l.done = 0, !more
	if l.lineEnd && len(l.buf) == 1 && l.buf[0] == '\n' {
		l.buf = l.buf[:0]
	}
	if n := len(l.buf); n > 0 {
		l.lineEnd = l.buf[n-1] == '\n'
	}
}

// lines gives out a part of single values, such as properties: each text and
// each attribute that could be words of a person, on a line.
func (rd *reader) lines(p *xmlzip.Part, place string) error {
	s, c, err := rd.scan(p)
	if err != nil {
		rd.note(err)
		return nil
	}
	defer c.Close()
	return rd.giveLines(place, func(dst []byte) ([]byte, bool) {
		kind, err := s.Next()
		switch {
		case err != nil:
			rd.note(err)
			return dst, false
		case kind == xmlzip.Text:
			return append(dst, bytes.TrimLeft(s.Text(), "\r\n")...), true
		case kind == xmlzip.Start:
			for {
				name, value, ok := s.NextAttr()
				if !ok {
					break
				}
				if telling[string(name)] && len(value) > 0 {
					dst = append(append(dst, value...), '\n')
				}
			}
		default:
			dst = append(dst, '\n')
		}
		return dst, true
	})
}

// giveLines gives out the lines that next makes, if there are any. Empty ones
// are left out.
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

// telling are the attributes of lines that hold words of people.
var telling = map[string]bool{
	"name": true, "description": true, "connection": true, "command": true, "url": true, "UnicodeString": true,
}
