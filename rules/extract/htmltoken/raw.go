package htmltoken

import (
	"bytes"

	"golang.org/x/net/html"
)

// rawElement returns the name of an element whose content is text, "" for
// another.
func rawElement(name []byte) string {
	switch len(name) {
	case 3, 5, 6, 7, 8, 9:
	default:
		return ""
	}
	switch name[0] | 0x20 {
	case 'i', 'n', 'p', 's', 't', 'x':
	default:
		return ""
	}
	for _, element := range [...]string{"iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp"} {
		if equalFold(name, []byte(element)) {
			return element
		}
	}
	return ""
}

// rawText reads the content of an element of text. It reports false where that
// is empty.
func (z *Scanner) rawText() bool {
	z.plain, z.nul = z.raw != "textarea" && z.raw != "title", true
	size := 0
	for {
		t := z.buf[z.start:]
		whole := false
		switch z.raw {
		case "plaintext":
			size = len(t)
		case "script":
			size, whole = scriptEnd(t)
		default:
			size, whole = rawEnd(t, z.raw)
		}
		if whole {
			break
		}
		if !z.more(len(t)) {
			size = len(z.buf) - z.start
			break
		}
	}
	z.raw = ""
	if size > z.max {
		size, z.err = z.max, html.ErrBufferExceeded
	}
	z.size, z.data = size, span{0, size}
	return size > 0
}

// found says how a search in what is buffered ended.
type found uint8

const (
	no found = iota
	yes
	unknown // what is buffered ends before it can be told
)

// endTag reports whether t, which begins with '<', begins the end tag of an
// element.
func endTag(t []byte, name string) found {
	if len(t) < 2 {
		return unknown
	}
	if t[1] != '/' {
		return no
	}
	return word(t[2:], name)
}

// word reports whether t begins with a name, in either case, that ends there.
func word(t []byte, name string) found {
	for i := range len(name) {
		if i == len(t) {
			return unknown
		}
		if t[i]|0x20 != name[i] {
			return no
		}
	}
	if len(t) == len(name) {
		return unknown
	}
	if c := t[len(name)]; space(c) || c == '/' || c == '>' {
		return yes
	}
	return no
}

// rawEnd returns where the end tag of an element begins.
func rawEnd(t []byte, name string) (size int, whole bool) {
	for at := 0; ; at++ {
		n := bytes.IndexByte(t[at:], '<')
		if n < 0 {
			return 0, false
		}
		at += n
		switch endTag(t[at:], name) {
		case yes:
			return at, true
		case unknown:
			return 0, false
		case no:
		}
	}
}

// script is where in a script's text a place is: the text may have a comment,
// and in it a script of its own, whose end tag ends neither
// (WHATWG HTML 13.2.5.4 and 13.2.5.17 to 13.2.5.31).
type script struct {
	escaped, double bool
	dashes          int // up to two, right before the place
}

// scriptEnd returns where the end tag of a script begins.
func scriptEnd(t []byte) (size int, whole bool) {
	var s script
	for i := 0; i < len(t); {
		if !s.escaped {
			n := bytes.IndexByte(t[i:], '<')
			if n < 0 {
				return 0, false
			}
			i += n
		}
		switch c := t[i]; {
		case c == '<':
			step, ends := s.open(t[i:])
			if step == 0 {
				return 0, false
			}
			if ends {
				return i, true
			}
			i += step
			continue
		case c == '-':
			s.dashes = min(s.dashes+1, 2)
		case c == '>' && s.dashes == 2:
			s = script{}
		default:
			s.dashes = 0
		}
		i++
	}
	return 0, false
}

// open goes over what begins with the '<' at the start of t: over step bytes, 0
// if more must be known. ends says that it is the script's end tag.
func (s *script) open(t []byte) (step int, ends bool) {
	s.dashes = 0
	if len(t) < 2 {
		return 0, false
	}
	switch c := t[1]; {
	case c == '/':
		return s.endTag(t)
	case !s.escaped && c == '!':
		for i := 2; i < 4; i++ {
			if i == len(t) {
				return 0, false
			}
			if t[i] != '-' {
				return i, false
			}
		}
		*s = script{escaped: true, dashes: 2}
		return 4, false
	case s.escaped && !s.double && letter(c):
		switch word(t[1:], "script") {
		case unknown:
			return 0, false
		case yes:
			s.double = true
			return len("<script>"), false
		case no:
		}
	case s.escaped && !s.double:
		*s = script{} // as the tokenizer of x/net/html does
	}
	return 1, false
}

func (s *script) endTag(t []byte) (step int, ends bool) {
	switch endTag(t, "script") {
	case unknown:
		return 0, false
	case yes:
		if !s.double {
			return 1, true
		}
		s.double = false
		return len("</script>"), false
	case no:
	}
	return 2, false
}
