package search

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a search. Each term is a condition that the store evaluates.
const (
	maxText  = 2000 // bytes
	maxTerms = 50
	maxDepth = 10 // of brackets and minuses
)

// Error says what of a search cannot be read, and where.
type Error struct {
	At  int // in characters, from 1
	Why string
}

func (e *Error) Error() string {
	return fmt.Sprintf("search, at character %d: %s", e.At, e.Why)
}

// Parse reads a search of at most 2,000 bytes and 50 terms. An empty one is
// nil, which finds everything. Errors are [*Error].
func Parse(text string) (Expr, error) {
	if len(text) > maxText {
		return nil, &Error{1, fmt.Sprintf("longer than %d bytes", maxText)}
	}
	if !utf8.ValidString(text) {
		return nil, &Error{1, "not UTF-8"}
	}
	p := &parser{text: text}
	p.space()
	if p.at == len(text) {
		return nil, nil
	}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.at < len(text) {
		return nil, p.fail(p.at, "a closing bracket without an opening one")
	}
	return e, nil
}

type parser struct {
	text  string
	at    int
	terms int
}

func (p *parser) fail(at int, format string, args ...any) error {
	return &Error{utf8.RuneCountInString(p.text[:at]) + 1, fmt.Sprintf(format, args...)}
}

func (p *parser) space() {
	p.at = len(p.text) - len(strings.TrimLeft(p.text[p.at:], " \t\r\n"))
}

// word reports whether a word such as OR is next, and goes past it.
func (p *parser) word(w string) bool {
	rest, ok := strings.CutPrefix(p.text[p.at:], w)
	if !ok || rest != "" && !strings.ContainsAny(rest[:1], " \t\r\n(-") {
		return false
	}
	p.at += len(w)
	p.space()
	return true
}

// or reads: and { OR and }.
func (p *parser) or(depth int) (Expr, error) {
	var all Or
	for {
		e, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		if !p.word("OR") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// and reads: unary { [AND] unary }, up to OR, a closing bracket or the end.
func (p *parser) and(depth int) (Expr, error) {
	var all And
	for {
		e, err := p.unary(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		if p.space(); p.word("AND") {
			continue
		}
		or := *p // looked at, not taken
		if p.at == len(p.text) || p.text[p.at] == ')' || or.word("OR") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// unary reads: "-" unary, a group in brackets, or a term.
func (p *parser) unary(depth int) (Expr, error) {
	if depth > maxDepth {
		return nil, p.fail(p.at, "more than %d brackets or minuses within each other", maxDepth)
	}
	start := p.at
	switch {
	case p.at == len(p.text):
		return nil, p.fail(p.at, "something to search for is missing at the end")
	case p.text[p.at] == '-':
		p.at++
		e, err := p.unary(depth + 1)
		return Not{e}, err
	case p.text[p.at] == '(':
		p.at++
		p.space()
		e, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.at == len(p.text) || p.text[p.at] != ')' {
			return nil, p.fail(start, "this bracket is not closed")
		}
		p.at++
		p.space()
		return e, nil
	case p.text[p.at] == ')':
		return nil, p.fail(p.at, "something to search for is missing before this bracket")
	}
	return p.term(depth)
}

// term reads: [key ":"] value { "," value }.
func (p *parser) term(depth int) (Expr, error) {
	start := p.at
	key := p.bare(":")
	if p.at < len(p.text) && p.text[p.at] == ':' {
		p.at++
	} else {
		p.at, key = start, ""
	}
	var any Or
	for {
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		e, why := read(key, value)
		if why != "" {
			return nil, p.fail(start, "%s", why)
		}
		if or, ok := e.(Or); ok { // an address, of from or to
			any = append(any, or...)
		} else {
			any = append(any, e)
		}
		if p.at == len(p.text) || p.text[p.at] != ',' {
			break
		}
		p.at++
	}
	if p.terms += len(any); p.terms > maxTerms {
		return nil, p.fail(start, "more than %d conditions", maxTerms)
	}
	p.space()
	if len(any) == 1 {
		return any[0], nil
	}
	if depth == maxDepth { // any of some is one more group
		return nil, p.fail(start, "more than %d brackets or minuses within each other", maxDepth)
	}
	return any, nil
}

// bare reads up to a space, a bracket, a quote, or one of the ends.
func (p *parser) bare(ends string) string {
	rest := p.text[p.at:]
	n := strings.IndexAny(rest, " \t\r\n()\""+ends)
	if n < 0 {
		n = len(rest)
	}
	p.at += n
	return rest[:n]
}

// value reads a word or, in quotes, anything; \" and \\ are what they quote.
func (p *parser) value() (string, error) {
	if p.at == len(p.text) || p.text[p.at] != '"' {
		return p.bare(","), nil
	}
	start := p.at
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c == '\\' && p.at+1 < len(p.text):
			p.at++
			b.WriteByte(p.text[p.at])
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail(start, "this quote is not closed")
}
