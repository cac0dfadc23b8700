package extract

import (
	"bytes"
	"html"
)

// shadow gathers what an HTML page carries beside what it shows: values in
// data- attributes and meta elements, generated content in style sheets, and
// the queries of links. It is given as one text, a line for each element.
type shadow struct {
	text bytes.Buffer
	line int  // where the present element's line begins
	cut  bool // a value found no room
}

// maxShadow bounds what is gathered of one page, in bytes.
const maxShadow = 4 << 20

// value adds one value of the present element.
func (s *shadow) value(b []byte) {
	b = bytes.TrimSpace(b)
	if len(b) < 2 {
		return
	}
	if s.text.Len()+len(b) > maxShadow {
		s.cut = true
		return
	}
	if s.text.Len() > s.line {
		s.text.WriteByte('\t')
	}
	s.text.Write(b)
}

// end ends the present element's line.
func (s *shadow) end() {
	if s.text.Len() > s.line {
		s.text.WriteByte('\n')
		s.line = s.text.Len()
	}
}

// query adds the values of a link's query or fragment where it holds an address,
// or so much that it may be a file: a newsletter's links hold its reader's
// address at most.
func (s *shadow) query(url []byte) {
	at := bytes.IndexByte(url, '?')
	if at < 0 {
		at = bytes.IndexByte(url, '#')
	}
	if at < 0 {
		return
	}
	query := url[at+1:]
	if !bytes.ContainsRune(query, '@') && !bytes.Contains(query, []byte("%40")) && len(query) < 2*blobSize {
		return
	}
	for pair := range bytes.SplitSeq(query, []byte("&")) {
		name, value, found := bytes.Cut(pair, []byte("="))
		if !found {
			value = name
		}
		s.value(bytes.ReplaceAll(percentDecoded(value), []byte("+"), []byte(" ")))
	}
	s.end()
}

// generated adds the strings that a style sheet generates (CSS 2.2, 12.2).
func (s *shadow) generated(css []byte) {
	for {
		i := bytes.Index(css, []byte("content:"))
		if i < 0 {
			return
		}
		css = css[i+len("content:"):]
		rule := css
		if end := bytes.IndexAny(rule, ";}"); end >= 0 {
			rule = rule[:end]
		}
		open := bytes.IndexAny(rule, `"'`)
		if open < 0 {
			continue
		}
		value := css[open+1:]
		end := bytes.IndexByte(value, rule[open])
		if end < 0 {
			return
		}
		s.value(cssUnescaped([]byte(html.UnescapeString(string(value[:end])))))
		s.end()
		css = value[end+1:]
	}
}
