package htmltoken

import (
	"bytes"

	"golang.org/x/net/html"
)

// opening reads a start tag.
func (z *Scanner) opening() html.TokenType {
	if z.recall() {
		return z.kind
	}
	if !z.tag(1, true) {
		return html.ErrorToken
	}
	z.raw = rawElement(z.buf[z.start+z.data.start : z.start+z.data.end])
	kind := html.StartTagToken
	last := z.size - 2
	if z.buf[z.start+last] == '/' && (len(z.attrs) == 0 || last != z.attrs[len(z.attrs)-1].value.end-1) {
		kind = html.SelfClosingTagToken
	}
	z.remember(kind)
	return kind
}

// tag reads a tag whose name begins name bytes behind its start. It reports
// false where the input ends in it.
func (z *Scanner) tag(name int, keep bool) bool {
	for {
		have := len(z.buf) - z.start
		if z.wholeTag(z.buf[z.start:], name, keep) {
			if z.size <= z.max {
				return true
			}
			z.err = html.ErrBufferExceeded
		} else if z.more(have) {
			continue
		}
		z.size = len(z.buf) - z.start
		return false
	}
}

// wholeTag reads the tag at the start of t, unless it goes on behind t.
func (z *Scanner) wholeTag(t []byte, name int, keep bool) bool {
	z.attrs = z.attrs[:0]
	clear(z.many)
	i := name + 1
	for ; i < len(t) && t[i] != '>' && t[i] != '/' && !space(t[i]); i++ {
	}
	z.data = span{name, i}
	for {
		i = skipSpace(t, i)
		if i == len(t) {
			return false
		}
		if t[i] == '>' {
			z.size = i + 1
			return true
		}
		var a attr
		if a.key, i = attrKey(t, i); i == len(t) {
			return false
		}
		if a.value, i = attrValue(t, i); i < 0 {
			return false
		}
		if keep && a.key.start < a.key.end && z.fresh(t, a.key) {
			z.attrs = append(z.attrs, a)
		}
	}
}

func skipSpace(t []byte, i int) int {
	for i < len(t) && space(t[i]) {
		i++
	}
	return i
}

// attrKey reads the name of an attribute.
func attrKey(t []byte, i int) (span, int) {
	key := span{i, i}
	for ; i < len(t); i++ {
		if c := t[i]; c == '=' && i > key.start || c == '/' || c == '>' || space(c) {
			break
		}
	}
	key.end = i
	return key, i
}

// attrValue reads what follows the name of an attribute. It returns a negative
// place where the value goes on behind t.
func attrValue(t []byte, i int) (span, int) {
	none := span{i, i}
	if i = skipSpace(t, i); i == len(t) {
		return none, -1
	}
	switch t[i] {
	case '/':
		return none, i + 1
	case '=':
		i++
	default:
		return none, i
	}
	if i = skipSpace(t, i); i == len(t) {
		return none, -1
	}
	switch c := t[i]; c {
	case '>':
		return none, i
	case '"', '\'':
		n := bytes.IndexByte(t[i+1:], c)
		if n < 0 {
			return none, -1
		}
		return span{i + 1, i + 1 + n}, i + n + 2
	}
	value := span{i, i}
	for i++; i < len(t); i++ {
		if space(t[i]) {
			value.end = i
			return value, i + 1
		}
		if t[i] == '>' {
			value.end = i
			return value, i
		}
	}
	return none, -1
}

// fewAttrs is how many attributes are compared one by one.
const fewAttrs = 16

// fresh reports whether no attribute before has the name.
func (z *Scanner) fresh(t []byte, key span) bool {
	name := t[key.start:key.end]
	if len(z.attrs) < fewAttrs {
		for _, a := range z.attrs {
			if equalFold(t[a.key.start:a.key.end], name) {
				return false
			}
		}
		return true
	}
	if z.many == nil {
		z.many = map[string]bool{}
	}
	if len(z.attrs) == fewAttrs && len(z.many) == 0 {
		for _, a := range z.attrs {
			z.many[string(lower(bytes.Clone(t[a.key.start:a.key.end])))] = true
		}
	}
	low := string(lower(bytes.Clone(name)))
	if z.many[low] {
		return false
	}
	z.many[low] = true
	return true
}

// equalFold compares without regard to the case of ASCII.
func equalFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && (!letter(a[i]) || a[i]^b[i] != 0x20) {
			return false
		}
	}
	return true
}

func lower(b []byte) []byte {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

// TagName returns the name of a tag in lower case, and whether it has
// attributes.
func (z *Scanner) TagName() (name []byte, more bool) {
	if z.data.start == z.data.end || z.kind != html.StartTagToken && z.kind != html.EndTagToken && z.kind != html.SelfClosingTagToken {
		return nil, false
	}
	name = lower(replaceNUL(z.take()))
	return name, len(z.attrs) > 0
}

// TagAttr returns the next attribute of a tag, its name in lower case, and
// whether there are more. Both are good until the next call of a method.
func (z *Scanner) TagAttr() (key, value []byte, more bool) {
	if z.given >= len(z.attrs) || z.kind != html.StartTagToken && z.kind != html.SelfClosingTagToken {
		return nil, nil, false
	}
	a := z.attrs[z.given]
	z.given++
	key = replaceNUL(z.buf[z.start+a.key.start : z.start+a.key.end])
	value = z.buf[z.start+a.value.start : z.start+a.value.end]
	if !asWritten(value) {
		value = z.unescape(newlines(replaceNUL(value)), true)
	}
	return lower(key), value, z.given < len(z.attrs)
}
