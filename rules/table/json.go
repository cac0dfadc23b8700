package table

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// cellSize is the most bytes of one JSON or XML value that stay in one cell;
// what follows becomes the next value of the same key.
const cellSize = 32 << 10

// errSyntax ends the reading of a structured text where it ceases to be one.
var errSyntax = errors.New("not the expected syntax")

// jsonText reads JSON (RFC 8259) from the reading position, a value at a time,
// and tells a tree of what it finds. It takes what people and programs make of
// it: comments, trailing commas, values one after another, a text cut off, and
// the quotes and bare keys of JavaScript and Python.
type jsonText struct {
	s      *splitter
	tree   *tree
	quoted bool // lines begin with reply marks
	buf    []byte
	wants  []byte // open brackets
	inside bool   // a long string goes on at the reading position
	quote  byte   // of the string that is read
}

// looksJSON reports whether a text begins like JSON that holds more than a
// word in brackets.
func looksJSON(text []byte) bool {
	text = text[:min(len(text), 2048)]
	i := 1
	skip := func() {
		for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r' || text[i] == '>') {
			i++
		}
	}
	skip()
	if i >= len(text) {
		return false
	}
	switch c := text[i]; {
	case text[0] == '{' && bareKey(text[i:]) > 0:
		i += bareKey(text[i:])
		skip()
		// A style sheet and a block of code have no quote there.
		return i < len(text) && (text[i] == '"' || text[i] == '\'')
	case text[0] == '{' && (c == '"' || c == '\''):
		end := bytes.IndexByte(text[i+1:], c)
		if end < 0 {
			return false
		}
		i += end + 2
		skip()
		return i < len(text) && text[i] == ':'
	case text[0] == '[' && (c == '{' || c == '['):
		return looksJSON(text[i:])
	case text[0] == '[' && c == '"':
		end := bytes.IndexByte(text[i+1:], '"')
		if end < 0 {
			return false
		}
		i += end + 2
		skip()
		return i < len(text) && text[i] == ','
	case text[0] == '[' && (digit(c) || c == '-'):
		for i < len(text) && (digit(text[i]) || text[i] == '.' || text[i] == '-') {
			i++
		}
		skip()
		return i < len(text) && text[i] == ','
	}
	return false
}

// bareKey returns the length of a name and the colon behind it, 0 if the text
// does not begin with them.
func bareKey(text []byte) int {
	n := 0
	for n < len(text) && n < 64 && (wordByte(text[n]) && text[n] != '-' && text[n] != '+' && text[n] != '.' || text[n] == '$') {
		n++
	}
	if n == 0 || digit(text[0]) || n == len(text) || text[n] != ':' {
		return 0
	}
	return n + 1
}

// space passes white space, reply marks and comments.
func (j *jsonText) space() (byte, error) {
	for {
		c, err := j.s.peekByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			j.s.pass(1)
			if c == '\n' && j.s.src.low() {
				if err := j.s.refill(); err != nil {
					return 0, err
				}
			}
		case '>':
			if !j.quoted {
				return c, nil
			}
			j.s.pass(1)
		default:
			return c, nil
		}
	}
}

// step reads one token. It returns io.EOF after the outermost value, and
// errSyntax where the text is no JSON.
func (j *jsonText) step() error {
	if j.inside {
		return j.str()
	}
	c, err := j.space()
	if err != nil {
		return err
	}
	switch c {
	case '{', '[':
		j.s.pass(1)
		j.wants = append(j.wants, c)
		j.tree.begin(c == '[')
	case '}', ']':
		if n := len(j.wants); n == 0 || j.wants[n-1] != c-2 {
			return errSyntax
		}
		j.s.pass(1)
		j.wants = j.wants[:len(j.wants)-1]
		j.tree.end()
		if len(j.wants) == 0 {
			return io.EOF
		}
	case ',':
		j.s.pass(1)
	case '"', '\'':
		j.s.pass(1)
		j.quote = c
		return j.str()
	default:
		return j.word(c)
	}
	return nil
}

// str reads what follows the opening quote of a string, which is a key if a
// colon follows it in an object. Of a long string it reads a part.
func (j *jsonText) str() error {
	j.buf = j.buf[:0]
	long := j.inside
	j.inside = false
	for {
		if _, err := j.s.peekByte(); err != nil {
			return err
		}
		rest := j.s.src.buf[j.s.src.pos:j.s.src.end]
		n := indexQuoteOrEscape(rest, j.quote)
		if n < 0 {
			n = len(rest)
		}
		j.buf = append(j.buf, rest[:n]...)
		j.s.pass(n)
		if n == len(rest) || len(j.buf) > cellSize {
			if len(j.buf) > cellSize {
				j.inside = true
				j.part()
				return nil
			}
			continue
		}
		if rest[n] == '\\' {
			if err := j.escape(); err != nil {
				return err
			}
			continue
		}
		j.s.pass(1)
		break
	}
	if !long && len(j.wants) > 0 && j.wants[len(j.wants)-1] == '{' {
		c, err := j.space()
		if err != nil && err != io.EOF {
			return err
		}
		if c == ':' {
			j.s.pass(1)
			j.tree.key = append(j.tree.key[:0], j.buf[:min(len(j.buf), 256)]...)
			return nil
		}
	}
	j.tree.scalar(j.buf)
	return nil
}

// part gives a part of a long string as a value; the next part has its key.
func (j *jsonText) part() {
	key := bytes.Clone(j.tree.key)
	j.tree.scalar(j.buf)
	j.tree.key = append(j.tree.key[:0], key...)
}

func indexQuoteOrEscape(text []byte, quote byte) int {
	n := bytes.IndexByte(text, quote)
	if n < 0 {
		n = len(text)
	}
	if e := bytes.IndexByte(text[:n], '\\'); e >= 0 {
		return e
	}
	if n == len(text) {
		return -1
	}
	return n
}

// escape reads an escape sequence.
func (j *jsonText) escape() error {
	if err := j.s.ensure(12); err != nil {
		return err
	}
	rest := j.s.src.buf[j.s.src.pos:j.s.src.end]
	if len(rest) < 2 {
		j.s.pass(len(rest))
		return nil
	}
	switch c := rest[1]; c {
	case 'n', 'r', 't', 'b', 'f':
		j.buf = append(j.buf, ' ')
	case 'u':
		r, n := unicodeEscape(rest)
		j.buf = utf8.AppendRune(j.buf, r)
		j.s.pass(n)
		return nil
	default:
		j.buf = append(j.buf, c)
	}
	j.s.pass(2)
	return nil
}

// unicodeEscape reads \uXXXX, and the second half of a surrogate pair.
func unicodeEscape(text []byte) (r rune, size int) {
	r, ok := hex4(text)
	if !ok {
		return utf8.RuneError, 2
	}
	if utf16.IsSurrogate(r) && len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if low, ok := hex4(text[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 12
			}
		}
	}
	return r, 6
}

func hex4(text []byte) (rune, bool) {
	if len(text) < 6 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}

// word reads a number or a bare word.
func (j *jsonText) word(c byte) error {
	if !digit(c) && c != '-' && c != '+' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') || len(j.wants) == 0 {
		return errSyntax
	}
	if err := j.s.ensure(256); err != nil {
		return err
	}
	rest := j.s.src.buf[j.s.src.pos:j.s.src.end]
	if key := bareKey(rest); key > 0 && j.wants[len(j.wants)-1] == '{' {
		j.tree.key = append(j.tree.key[:0], rest[:key-1]...)
		j.s.pass(key)
		return nil
	}
	n := 0
	for n < len(rest) && n < 128 && wordByte(rest[n]) {
		n++
	}
	if n == 0 || n == 128 || !digit(c) && c != '-' && !bareWord(rest[:n]) {
		return errSyntax
	}
	if string(rest[:n]) == "null" {
		j.tree.scalar(nil)
	} else {
		j.tree.scalar(rest[:n])
	}
	j.s.pass(n)
	return nil
}

func wordByte(c byte) bool {
	return digit(c) || c == '-' || c == '+' || c == '.' || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// bareWord reports whether an unquoted word may stand in JSON, or in what
// Python prints of it.
func bareWord(w []byte) bool {
	switch string(w) {
	case "true", "false", "null", "True", "False", "None", "NaN", "Infinity", "undefined":
		return true
	}
	return false
}
