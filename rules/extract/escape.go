package extract

import (
	"bufio"
	"bytes"
	"html"
	"io"
	"strconv"
	"unicode/utf8"
)

// escapes is a way to write characters by their numbers that stands in text
// without being declared: the undecoded body of a message, a pasted URL, a
// listing.
type escapes uint8

const (
	unescapedText  escapes = iota
	quotedEscapes          // quoted-printable whose header was lost
	percentEscapes         // %41 (RFC 3986)
	entityEscapes          // &#65; in what is no HTML
	hexEscapes             // \x41, \u0041
	octalEscapes           // \101
	wordEscapes            // =?utf-8?B?...?= (RFC 2047), a word or more a line
)

// minEscapes is how many escapes there must be before they are undone, as a
// stray one means itself.
const minEscapes = 16

// escapesOf tells what the beginning of a text is written in. Text in which
// the signs mean something else, as in "a=10 b=20", is left alone.
func escapesOf(head []byte) escapes {
	if countWords(head) >= 4 {
		return wordEscapes
	}
	softBreaks := bytes.Count(head, []byte("=\n")) + bytes.Count(head, []byte("=\r\n"))
	if n := countEscapes(head, "=", 2); n >= minEscapes && (softBreaks >= 2 || n*15 >= len(head)*4 || escapedMarks(head, n)) {
		return quotedEscapes
	}
	if n := countEscapes(head, "%", 2); n >= minEscapes && n*20 >= bytes.Count(head, []byte("%"))*19 {
		return percentEscapes
	}
	if bytes.Count(head, []byte("&#")) >= minEscapes {
		return entityEscapes
	}
	if countEscapes(head, `\x`, 2) >= minEscapes || countEscapes(head, `\u`, 4) >= minEscapes {
		return hexEscapes
	}
	if n := countEscapes(head, `\`, 3); n >= minEscapes && n*8 >= len(head)-len(head)/4 {
		return octalEscapes
	}
	return unescapedText
}

// countWords counts the encoded words that begin in a text.
func countWords(head []byte) int {
	n := 0
	for {
		_, after, ok := bytes.Cut(head, []byte("=?"))
		if !ok {
			return n
		}
		head = after
		if i := bytes.IndexByte(after, '?'); i > 0 && i < 40 && i+2 < len(after) && after[i+2] == '?' && bytes.IndexByte([]byte("bBqQ"), after[i+1]) >= 0 {
			n++
		}
	}
}

// escapedMarks tells quoted-printable of which only the punctuation is escaped:
// every "=" begins an escape, and hardly one of a letter, a digit or a control
// character, as numbers behind "=" would be.
func escapedMarks(head []byte, escapes int) bool {
	if escapes*20 < bytes.Count(head, []byte("="))*19 {
		return false
	}
	odd := 0
	for rest := head; ; {
		_, after, ok := bytes.Cut(rest, []byte("="))
		if !ok || len(after) < 2 {
			return odd*20 < escapes
		}
		if c := unhex(after[0])<<4 | unhex(after[1]); unhex(after[0]) < 16 && unhex(after[1]) < 16 &&
			(c < ' ' || letter(c) || '0' <= c && c <= '9') {
			odd++
		}
		rest = after
	}
}

// countEscapes counts the signs that so many hexadecimal digits follow.
func countEscapes(head []byte, sign string, digits int) int {
	n := 0
	for {
		at := bytes.Index(head, []byte(sign))
		if at < 0 || len(head) < at+len(sign)+digits {
			return n
		}
		head = head[at+len(sign):]
		good := true
		for _, b := range head[:digits] {
			good = good && unhex(b) < 16
		}
		if good {
			n++
		}
	}
}

// newUnescaped undoes escapes, line by line.
func newUnescaped(r io.Reader, e escapes) io.Reader {
	switch e {
	case unescapedText:
		return r
	case quotedEscapes:
		return newQuoted(r)
	}
	return &unescaper{br: bufio.NewReaderSize(r, bufferSize), kind: e}
}

type unescaper struct {
	br      *bufio.Reader
	kind    escapes
	out     []byte
	guesses guesses
}

func (u *unescaper) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		line, err := u.br.ReadSlice('\n')
		if len(line) == 0 {
			return 0, err
		}
		u.out = u.undo(line)
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *unescaper) undo(line []byte) []byte {
	switch u.kind {
	case percentEscapes:
		return percentDecoded(formLines(line))
	case entityEscapes:
		return []byte(html.UnescapeString(string(line)))
	case wordEscapes:
		return []byte(decodeWordsBy(u.guesses.short, string(line)))
	}
	out := make([]byte, 0, len(line))
	for len(line) > 0 {
		if c, size := backslash(line); size > 0 {
			out, line = append(out, c...), line[size:]
			continue
		}
		out, line = append(out, line[0]), line[1:]
	}
	return out
}

// formLines parts the pairs of a form (URL standard, 5): "a=1&b=2" are two
// lines, and "+" is a space.
func formLines(line []byte) []byte {
	if bytes.IndexByte(line, '&') < 0 || bytes.IndexByte(line, '=') < 0 || bytes.IndexByte(line, ' ') >= 0 {
		return line
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(line, []byte("&"), []byte("\n")), []byte("+"), []byte(" "))
}

// backslash decodes an escape of programming languages at the beginning of b
// and returns its size, 0 if there is none.
func backslash(b []byte) (char []byte, size int) {
	if len(b) < 4 || b[0] != '\\' {
		return nil, 0
	}
	from, base, size := 2, 16, 4
	switch {
	case b[1] == 'u':
		size = 6
	case b[1] != 'x':
		from, base = 1, 8
	}
	if len(b) < size {
		return nil, 0
	}
	v, err := strconv.ParseUint(string(b[from:size]), base, 16)
	switch {
	case err != nil:
		return nil, 0
	case size == 6:
		return utf8.AppendRune(nil, rune(v)), size
	}
	return []byte{byte(v)}, size
}
