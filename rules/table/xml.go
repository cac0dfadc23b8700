package table

import (
	"bytes"
	"html"
	"io"
)

// tagSize is the most bytes of one tag.
const tagSize = 32 << 10

// xmlText reads XML from the reading position, a tag at a time, and tells a
// tree of what it finds. It wants no declaration and forgives unclosed ends.
type xmlText struct {
	s    *splitter
	tree *tree
	open [][]byte // names of the open elements
	text []byte   // of the innermost element
	leaf bool     // the innermost element has no children
	// notes are the comments, in the order in which they came.
	notes []byte
}

// looksXML reports whether text begins with elements in elements that are not
// those of HTML.
func looksXML(text []byte) bool {
	text = text[:min(len(text), 4096)]
	leaves, deep, rows := 0, 0, 0
	last := []byte(nil)
	for range 40 {
		n := bytes.IndexByte(text, '<')
		if n < 0 || n+1 >= len(text) {
			break
		}
		text = text[n+1:]
		end := bytes.IndexByte(text, '>')
		if end < 0 {
			break
		}
		tag := text[:end]
		text = text[end+1:]
		if len(tag) == 0 || tag[0] == '?' || tag[0] == '!' {
			continue
		}
		if tag[0] == '/' {
			if name := tagName(tag[1:]); bytes.Equal(name, last) {
				leaves++
			}
			last = nil
			continue
		}
		name := tagName(tag)
		if len(name) == 0 || htmlName(name) || bytes.IndexByte(tag, '@') >= 0 {
			return false
		}
		if tag[len(tag)-1] == '/' {
			leaves += min(bytes.Count(tag, []byte{'='}), 3)
			rows++
		} else {
			last = name
			deep++
		}
	}
	return leaves >= 3 && (deep >= 1 || rows >= 3)
}

// tagName returns the name at the start of a tag, without its namespace.
func tagName(tag []byte) []byte {
	n := 0
	for n < len(tag) && (wordByte(tag[n]) || tag[n] == ':' || tag[n] >= 0x80) {
		n++
	}
	name := tag[:n]
	if n > 0 && (digit(name[0]) || name[0] == '-' || name[0] == '.') {
		return nil
	}
	return name[bytes.LastIndexByte(name, ':')+1:]
}

// htmlName reports whether an element is one of HTML's.
func htmlName(name []byte) bool {
	switch string(bytes.ToLower(name)) {
	case "html", "head", "body", "p", "br", "div", "span", "a", "b", "i", "u", "em", "strong", "font", "table",
		"tr", "td", "th", "ul", "ol", "li", "img", "h1", "h2", "h3", "style", "script", "meta", "blockquote", "pre":
		return true
	}
	return false
}

func (x *xmlText) step() error {
	if err := x.s.ensure(tagSize); err != nil {
		return err
	}
	rest := x.s.src.buf[x.s.src.pos:x.s.src.end]
	if len(rest) == 0 {
		return io.EOF
	}
	n := bytes.IndexByte(rest, '<')
	if n != 0 {
		if n < 0 {
			n = len(rest)
		}
		if len(x.open) == 0 {
			return io.EOF
		}
		keep := max(min(n, cellSize-len(x.text)), 0)
		x.text = append(x.text, rest[:keep]...)
		if keep < n {
			x.s.limit("bytes of a cell")
		}
		x.s.pass(n)
		return nil
	}
	return x.tag(rest)
}

// tag reads the tag at the start of rest.
func (x *xmlText) tag(rest []byte) error {
	switch {
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		end := bytes.Index(rest, []byte("]]>"))
		if end < 0 {
			return errSyntax
		}
		if end > 9+cellSize {
			x.s.limit("bytes of a cell")
		}
		x.text = append(x.text, rest[9:min(end, 9+cellSize)]...)
		x.s.pass(end + 3)
		return nil
	case bytes.HasPrefix(rest, []byte("<!--")):
		end := bytes.Index(rest, []byte("-->"))
		if end < 0 {
			return errSyntax
		}
		x.comment(rest[4:max(end, 4)])
		x.s.pass(end + 3)
		return nil
	}
	end := bytes.IndexByte(rest, '>')
	if end < 0 || end > tagSize {
		return errSyntax
	}
	tag := rest[1:end]
	switch {
	case len(tag) > 0 && (tag[0] == '?' || tag[0] == '!'):
	case len(tag) > 0 && tag[0] == '/':
		x.end(tagName(tag[1:]))
	default:
		name := tagName(tag)
		if len(name) == 0 {
			return errSyntax
		}
		x.begin(name, tag)
	}
	x.s.pass(end + 1)
	if len(x.open) == 0 && len(tag) > 0 && tag[0] != '?' && tag[0] != '!' {
		return io.EOF
	}
	return nil
}

// comment keeps a comment, to be given as prose behind the tables: between their
// rows it would part them.
func (x *xmlText) comment(text []byte) {
	if text = trim(text); len(text) == 0 {
		return
	}
	if len(x.notes)+len(text) >= proseSize {
		x.s.limit("bytes of comments")
		return
	}
	x.notes = append(append(x.notes, text...), '\n')
}

func (x *xmlText) begin(name, tag []byte) {
	empty := len(tag) > 0 && tag[len(tag)-1] == '/'
	tag = bytes.TrimSuffix(tag[len(name):], []byte{'/'})
	x.tree.key = append(x.tree.key[:0], name...)
	x.tree.begin(false)
	for len(tag) > 0 {
		key, value, rest, ok := attribute(tag)
		if !ok {
			break
		}
		x.tree.key = append(x.tree.key[:0], key...)
		x.tree.scalar([]byte(html.UnescapeString(string(value))))
		tag = rest
	}
	x.tree.key = x.tree.key[:0]
	x.text = x.text[:0]
	x.leaf = true
	if empty {
		x.tree.end()
		x.leaf = false
		return
	}
	x.open = append(x.open, bytes.Clone(name))
}

// attribute reads name="value" off a tag.
func attribute(tag []byte) (key, value, rest []byte, ok bool) {
	eq := bytes.IndexByte(tag, '=')
	if eq < 0 {
		return nil, nil, nil, false
	}
	key = tag[:eq]
	if n := bytes.LastIndexAny(trim(key), " :\n"); n >= 0 {
		key = trim(key)[n+1:]
	}
	key = trim(key)
	tag = trim(tag[eq+1:])
	if len(tag) < 2 || tag[0] != '"' && tag[0] != '\'' {
		return nil, nil, nil, false
	}
	end := bytes.IndexByte(tag[1:], tag[0])
	if end < 0 {
		return nil, nil, nil, false
	}
	return key, tag[1 : 1+end], tag[end+2:], true
}

// end closes the innermost element of the given name; ends of others are
// forgiven.
func (x *xmlText) end(name []byte) {
	at := len(x.open) - 1
	for at >= 0 && !bytes.Equal(x.open[at], name) {
		at--
	}
	if at < 0 {
		return
	}
	if text := trim(x.text); len(text) > 0 {
		x.tree.key = x.tree.key[:0]
		x.tree.scalar([]byte(html.UnescapeString(string(text))))
	}
	x.text = x.text[:0]
	x.leaf = false
	for len(x.open) > at {
		x.open = x.open[:len(x.open)-1]
		x.tree.end()
	}
}
