package extract

import (
	"strconv"
	"strings"
	"unicode"
)

// node is a place in the content and what was declared about it. Declared
// values are hints: the content decides.
type node struct {
	path   string
	format Format
	place  Place
	id     int // index in Summary.Parts, or -1
	depth  int

	media   string // declared media type, lower case
	charset string // declared charset
	flowed  bool   // RFC 3676
	delSp   bool   // RFC 3676
	sealed  bool   // inside multipart/encrypted
	whole   bool   // the whole body of a message
	inParts bool   // numbered inside a multipart
	header  bool   // of a header block: text, though it looks like a message
	hunch   bool   // cut out of other content: silent if it proves to be nothing
}

// child is a place below n: a file in an archive, a sheet, a nested part.
func (n node) child(name string) node {
	c := node{path: n.path, place: n.place, id: -1, depth: n.depth + 1, sealed: n.sealed}
	if name = cleanName(name); name != "" {
		c.path = join(n.path, name)
	}
	if c.place == Header {
		c.place = Attachment
	}
	return c
}

// spot is n itself under another name, for what n holds without being a
// part of its own.
func (n node) spot(name string) node {
	if name = cleanName(name); name != "" {
		n.path = join(n.path, name)
	}
	return n
}

// numbered is a MIME part of n: 1, 1.2, fwd.eml/1.
func (n node) numbered(i int) node {
	c := n.child("")
	c.place, c.inParts = n.place, true
	if n.inParts {
		c.path = n.path + "." + strconv.Itoa(i)
	} else {
		c.path = join(n.path, strconv.Itoa(i))
	}
	return c
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// maxName bounds a name in a path, in bytes.
const maxName = 120

// cleanName makes a foreign file name safe to show: one step of a path, valid
// UTF-8, no control or formatting characters, bounded.
func cleanName(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	s = strings.Trim(s, "/ ")
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return s
}
