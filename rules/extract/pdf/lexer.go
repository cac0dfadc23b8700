package pdf

import "strconv"

// tokenKind tells the tokens of PDF syntax apart (ISO 32000-2, 7.2).
type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenNumber
	tokenString
	tokenName
	tokenWord // a keyword or an operator
	tokenArrayOpen
	tokenArrayClose
	tokenDictOpen
	tokenDictClose
)

// token is one token. Its text is valid until the lexer's arena is reset.
type token struct {
	kind    tokenKind
	integer bool
	num     float64
	text    []byte
}

func (t token) number() object {
	if t.integer {
		return int(t.num)
	}
	return t.num
}

// lexer cuts a buffer into tokens. It never fails: what breaks the syntax is
// skipped, as the programs that show PDF files do.
type lexer struct {
	buf   []byte
	pos   int
	arena []byte // decoded strings and names
}

// The character classes of ISO 32000-2, 7.2.3.
const (
	classRegular = iota
	classSpace
	classDelimiter
)

func class(c byte) int {
	switch c {
	case 0, '\t', '\n', '\f', '\r', ' ':
		return classSpace
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return classDelimiter
	}
	return classRegular
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.buf) {
		c := l.buf[l.pos]
		if c == '%' {
			for l.pos < len(l.buf) && l.buf[l.pos] != '\n' && l.buf[l.pos] != '\r' {
				l.pos++
			}
			continue
		}
		if class(c) != classSpace {
			return
		}
		l.pos++
	}
}

func (l *lexer) next() token {
	for {
		l.skipSpace()
		if l.pos >= len(l.buf) {
			return token{}
		}
		c := l.buf[l.pos]
		if class(c) == classRegular {
			return l.regular()
		}
		l.pos++
		switch c {
		case '(':
			return token{kind: tokenString, text: l.literal()}
		case '/':
			return token{kind: tokenName, text: l.name()}
		case '[':
			return token{kind: tokenArrayOpen}
		case ']':
			return token{kind: tokenArrayClose}
		case '<':
			if l.pos < len(l.buf) && l.buf[l.pos] == '<' {
				l.pos++
				return token{kind: tokenDictOpen}
			}
			return token{kind: tokenString, text: l.hex()}
		case '>':
			if l.pos < len(l.buf) && l.buf[l.pos] == '>' {
				l.pos++
				return token{kind: tokenDictClose}
			}
		}
		// A stray delimiter: skipped.
	}
}

// regular reads a run of regular characters: a number or a word.
func (l *lexer) regular() token {
	start := l.pos
	for l.pos < len(l.buf) && class(l.buf[l.pos]) == classRegular {
		l.pos++
	}
	run := l.buf[start:l.pos]
	if c := run[0]; c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
		if n, integer, ok := number(run); ok {
			return token{kind: tokenNumber, num: n, integer: integer}
		}
	}
	return token{kind: tokenWord, text: run}
}

// number reads a decimal number. Doubled signs and a minus inside the digits
// are found in the wild and read as most programs do.
func number(b []byte) (n float64, integer, ok bool) {
	i, neg := 0, false
	for i < len(b) && (b[i] == '-' || b[i] == '+') {
		neg = neg || b[i] == '-'
		i++
	}
	integer, scale, digits := true, 1.0, 0
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c >= '0' && c <= '9':
			digits++
			if integer {
				n = n*10 + float64(c-'0')
			} else {
				scale /= 10
				n += float64(c-'0') * scale
			}
		case c == '.' && integer:
			integer = false
		case c == '-' && digits > 0:
			i = len(b)
		case (c == 'e' || c == 'E') && digits > 0:
			f, err := strconv.ParseFloat(string(b), 64)
			return f, false, err == nil
		default:
			return 0, false, false
		}
	}
	if neg {
		n = -n
	}
	return n, integer && n < 1<<53 && n > -1<<53, digits > 0 || !integer
}

// literal reads the rest of a literal string, "(...)".
func (l *lexer) literal() []byte {
	start, depth := l.pos, 1
	// Most strings hold neither escapes nor line ends and need no copy.
	for i := l.pos; i < len(l.buf); i++ {
		switch l.buf[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.pos = i + 1
				return l.buf[start:i]
			}
		case '\\', '\r':
			return l.escaped()
		}
	}
	l.pos = len(l.buf)
	return l.buf[start:]
}

func (l *lexer) escaped() []byte {
	mark, depth := len(l.arena), 1
	for l.pos < len(l.buf) {
		c := l.buf[l.pos]
		l.pos++
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return l.arena[mark:len(l.arena):len(l.arena)]
			}
		case '\r':
			l.skip('\n')
			c = '\n'
		case '\\':
			var keep bool
			if c, keep = l.escape(); !keep {
				continue
			}
		}
		l.arena = append(l.arena, c)
	}
	return l.arena[mark:len(l.arena):len(l.arena)]
}

// escape reads what follows a backslash (ISO 32000-2, table 3).
func (l *lexer) escape() (c byte, keep bool) {
	if l.pos >= len(l.buf) {
		return 0, false
	}
	c = l.buf[l.pos]
	l.pos++
	switch c {
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case '\r':
		l.skip('\n')
		return 0, false
	case '\n':
		return 0, false
	}
	if c < '0' || c > '7' {
		return c, true
	}
	v := int(c - '0')
	for i := 0; i < 2 && l.pos < len(l.buf) && l.buf[l.pos] >= '0' && l.buf[l.pos] <= '7'; i++ {
		v = v<<3 | int(l.buf[l.pos]-'0')
		l.pos++
	}
	return byte(v), true
}

func (l *lexer) skip(c byte) {
	if l.pos < len(l.buf) && l.buf[l.pos] == c {
		l.pos++
	}
}

// hex reads the rest of a hexadecimal string, "<...>".
func (l *lexer) hex() []byte {
	mark, high, half := len(l.arena), byte(0), false
	for l.pos < len(l.buf) {
		c := l.buf[l.pos]
		l.pos++
		if c == '>' {
			break
		}
		v, ok := hexDigit(c)
		if !ok {
			continue
		}
		if half {
			l.arena = append(l.arena, high<<4|v)
		}
		high, half = v, !half
	}
	if half {
		l.arena = append(l.arena, high<<4)
	}
	return l.arena[mark:len(l.arena):len(l.arena)]
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// name reads the rest of a name, "/...".
func (l *lexer) name() []byte {
	start, plain := l.pos, true
	for l.pos < len(l.buf) && class(l.buf[l.pos]) == classRegular {
		plain = plain && l.buf[l.pos] != '#'
		l.pos++
	}
	raw := l.buf[start:l.pos]
	if plain {
		return raw
	}
	mark := len(l.arena)
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			h, ok1 := hexDigit(raw[i+1])
			v, ok2 := hexDigit(raw[i+2])
			if ok1 && ok2 {
				l.arena = append(l.arena, h<<4|v)
				i += 2
				continue
			}
		}
		l.arena = append(l.arena, raw[i])
	}
	return l.arena[mark:len(l.arena):len(l.arena)]
}
