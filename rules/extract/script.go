package extract

import (
	"bytes"
	"io"
	"strconv"
	"unicode/utf8"
)

// styleSheet reads a style element: what its rules hide or turn, what they
// generate, its comments, addresses that stand in it and its data: URIs.
func (m *markup) styleSheet(css []byte) {
	m.sheet.add(css)
	m.shadow.generated(css)
	m.styleData(css)
	for {
		rules, rest, ok := bytes.Cut(css, []byte("/*"))
		if addressed(rules) {
			m.shadow.value(rules)
			m.shadow.end()
		}
		if !ok {
			return
		}
		var comment []byte
		if comment, css, ok = bytes.Cut(rest, []byte("*/")); bytes.IndexByte(comment, '@') >= 0 {
			m.shadow.value(comment)
			m.shadow.end()
		}
		if !ok {
			return
		}
	}
}

// addressed reports whether a style sheet holds an at sign in the middle of a
// word, as addresses do: rules begin with one.
func addressed(css []byte) bool {
	for i := 1; i+1 < len(css); i++ {
		if css[i] == '@' && (letter(css[i-1]) || '0' <= css[i-1] && css[i-1] <= '9') && letter(css[i+1]) {
			return true
		}
	}
	return false
}

// styleData opens the data: URIs of a style sheet or a style attribute.
func (m *markup) styleData(css []byte) {
	for {
		i := bytes.Index(css, []byte("data:"))
		if i < 0 {
			return
		}
		open := byte('(')
		if i > 0 {
			open = css[i-1]
		}
		css = css[i:]
		var end int
		switch open {
		case '"', '\'':
			end = bytes.IndexByte(css, open)
		default:
			end = bytes.IndexAny(css, ") \t\n")
		}
		if end < 0 {
			end = len(css)
		}
		m.data(css[:end])
		css = css[end:]
	}
}

// cssUnescaped undoes the escapes of a string in a style sheet (CSS 2.2,
// 4.1.3).
func cssUnescaped(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		n := 0
		for n < 6 && i+1+n < len(b) && unhex(b[i+1+n]) < 16 {
			n++
		}
		if n == 0 {
			continue // the character that follows means itself
		}
		v, _ := strconv.ParseUint(string(b[i+1:i+1+n]), 16, 32)
		out = utf8.AppendRune(out, rune(v))
		if i += n; i+1 < len(b) && b[i+1] == ' ' {
			i++
		}
	}
	return out
}

// script opens the page that a script writes: one in escapes or in the numbers
// of its characters.
func (m *markup) script(b []byte) {
	page := fromCharCodes(b)
	if page == nil {
		e := escapesOf(b)
		if e == unescapedText || e == wordEscapes {
			return
		}
		page, _ = io.ReadAll(newUnescaped(bytes.NewReader(b), e)) // from memory: it cannot fail
	}
	if len(page) > 0 {
		m.add(&item{kind: itemData, text: page, media: "text/html"})
	}
}

// fromCharCodes gives what calls of String.fromCharCode spell, nil for little
// or nothing.
func fromCharCodes(b []byte) []byte {
	var out []byte
	for {
		_, rest, ok := bytes.Cut(b, []byte("fromCharCode("))
		if !ok {
			break
		}
		var args []byte
		args, b, _ = bytes.Cut(rest, []byte(")"))
		for n := range bytes.SplitSeq(args, []byte(",")) {
			v, err := strconv.ParseUint(string(bytes.TrimSpace(n)), 0, 21)
			if err != nil {
				break
			}
			out = utf8.AppendRune(out, rune(v))
		}
	}
	if len(out) < minEscapes {
		return nil
	}
	return out
}
