package table

import "strings"

// minTemplate is how many columns of a template must be named.
const minTemplate = 2

// Template returns what the header over the segment says, in a form that does
// not depend on case, accents, digits or punctuation: the words of each
// column, the columns in their order. It is "" where fewer than two columns
// have a name, since then nothing tells one table from another.
func (s *Segment) Template() string {
	var b strings.Builder
	named := 0
	for _, c := range s.Columns {
		ws := words(c.Header)
		if len(ws) > 0 {
			named++
		}
		b.WriteString(strings.Join(ws, " "))
		b.WriteByte('|')
	}
	if named < minTemplate {
		return ""
	}
	return b.String()
}
