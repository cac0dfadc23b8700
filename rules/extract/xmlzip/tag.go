package xmlzip

import (
	"bytes"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// nextTag takes what begins with '<' at pos. ok is false for what has no
// meaning here: comments, processing instructions, an allowed doctype.
func (s *Scanner) nextTag() (kind Kind, ok bool, err error) {
	if s.end-s.pos < 2 {
		if err := s.need(2); err != nil {
			return 0, false, err
		}
	}
	switch s.buf[s.pos+1] {
	case '!':
		return s.nextDeclaration()
	case '?':
		text, err := s.through("?>", 2)
		return s.aside(text, err)
	}
	tag, err := s.wholeTag()
	if err != nil {
		return 0, false, err
	}
	if len(tag) > 0 && tag[0] == '/' {
		tag = tag[1:]
		s.attr = nil
		s.setName(tag)
		s.depth--
		return End, true, nil
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		s.closing = true
		tag = tag[:n-1]
	}
	s.attr = tag[s.setName(tag):]
	s.depth++
	return Start, true, nil
}

// aside gives what stands beside the document, where that is asked for.
func (s *Scanner) aside(text []byte, err error) (Kind, bool, error) {
	s.text = text
	return Comment, err == nil && s.comments && !bytes.HasPrefix(text, []byte("xml ")), err
}

// setName takes the name at the start of a tag and returns its length.
func (s *Scanner) setName(tag []byte) int {
	prefix, i := 0, 0
	for ; i < len(tag) && tag[i] > ' '; i++ {
		if tag[i] == ':' {
			prefix = i + 1
		}
	}
	s.name = tag[prefix:i]
	return i
}

// wholeTag consumes a tag and returns what is between its angle brackets. A
// '>' within an attribute's quotes does not end it.
func (s *Scanner) wholeTag() ([]byte, error) {
	// Most tags are short and have no quotes, or have them in pairs.
	b := s.buf[s.pos+1 : s.end]
	if n := bytes.IndexByte(b, '>'); n >= 0 {
		if quote := bytes.IndexByte(b[:n], '"'); quote < 0 && bytes.IndexByte(b[:n], '\'') < 0 {
			s.pos += n + 2
			return b[:n], nil
		}
	}
	i := s.pos + 1
	var quote byte
	for {
		b := s.buf[:s.end]
		for ; i < len(b); i++ {
			c := b[i]
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '>':
				tag := b[s.pos+1 : i]
				s.pos = i + 1
				return tag, nil
			case c == '"' || c == '\'':
				quote = c
			}
		}
		i -= s.pos
		if err := s.fill(); err != nil {
			return nil, cutOff(err)
		}
		i += s.pos
	}
}

// nextDeclaration takes a comment, a CDATA section or a document type.
func (s *Scanner) nextDeclaration() (Kind, bool, error) {
	if err := s.need(9); err != nil {
		return 0, false, err
	}
	b := s.buf[s.pos:s.end]
	switch {
	case bytes.HasPrefix(b, []byte("<!--")):
		text, err := s.through("-->", 4)
		return s.aside(text, err)
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		text, err := s.through("]]>", 9)
		s.text = text
		return Text, len(text) > 0, err
	}
	tag, err := s.wholeTag()
	if err != nil {
		return 0, false, err
	}
	if len(tag) > 1 && tag[1] == '[' || s.doctypes && bytes.IndexByte(tag, '[') < 0 {
		return 0, false, nil // <![if mso]> as VML has it, or a doctype that only names one
	}
	return 0, false, ErrDoctype
}

// ErrDoctype says that a part declares a document type, which could declare
// entities that grow. It is a document.ErrDamaged: no such part is allowed.
var ErrDoctype = fmt.Errorf("part with a DTD: %w", document.ErrDamaged)

// through consumes up to and with the mark and returns what is between, from
// the given offset on.
func (s *Scanner) through(mark string, from int) ([]byte, error) {
	for seen := from; ; {
		b := s.buf[s.pos:s.end]
		if seen < len(b) {
			if i := bytes.Index(b[seen:], []byte(mark)); i >= 0 {
				s.pos += seen + i + len(mark)
				return b[from : seen+i], nil
			}
			seen = max(from, len(b)-len(mark)+1)
		}
		if err := s.fill(); err != nil {
			return nil, cutOff(err)
		}
	}
}

// need makes sure that n bytes are in the window.
func (s *Scanner) need(n int) error {
	for s.end-s.pos < n {
		if err := s.fill(); err != nil {
			return cutOff(err)
		}
	}
	return nil
}

// cutOff turns the end of the part within a tag into damage.
func cutOff(err error) error {
	if err == io.EOF {
		return fmt.Errorf("part ends within a tag: %w", document.ErrDamaged)
	}
	return err
}

// NextAttr takes the next attribute of a start tag: its name without prefix
// and its value, entities decoded.
func (s *Scanner) NextAttr() (name, value []byte, ok bool) {
	b := s.attr
	i := 0
	for i < len(b) && b[i] <= ' ' {
		i++
	}
	start := i
	for i < len(b) && b[i] != '=' {
		if b[i] == ':' || b[i] <= ' ' && i+1 < len(b) && b[i+1] > ' ' && b[i+1] != '=' {
			start = i + 1 // after a prefix, or after a word without a value
		}
		i++
	}
	name = b[start:i]
	if i == len(b) {
		s.attr = nil
		return nil, nil, false
	}
	for n := len(name); n > 0 && name[n-1] <= ' '; n-- {
		name = name[:n-1]
	}
	for i++; i < len(b) && b[i] <= ' '; i++ {
	}
	if i == len(b) || b[i] != '"' && b[i] != '\'' {
		s.attr = nil
		return nil, nil, false
	}
	quote := b[i]
	b = b[i+1:]
	j := 0
	for j < len(b) && b[j] != quote {
		j++
	}
	value = b[:j]
	s.attr = b[min(j+1, len(b)):]
	return name, Unescape(value), true
}

// Attr returns the value of the attribute of that name without prefix, nil if
// there is none. It eats the attributes before it: ask in any order by NextAttr.
func (s *Scanner) Attr(want string) []byte {
	for {
		name, value, ok := s.NextAttr()
		if !ok {
			return nil
		}
		if string(name) == want {
			return value
		}
	}
}
