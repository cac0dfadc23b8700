package table

import (
	"bytes"
	"encoding/base64"
)

const (
	keySize   = 40      // bytes of the longest key
	blockSize = 8 << 10 // bytes looked at to see whether blocks repeat
	sameKeys  = 32      // pairs of one key in a row, at most, with which a block may begin
)

// pair is a line of the form "key: value" or "key = value".
type pair struct {
	key, value []byte
	item       bool // begins with a list mark, as YAML lists do
	encoded    bool // "key:: value", LDIF's base64 (RFC 2849)
}

// pairOf reads a line as a pair.
func pairOf(line []byte) (p pair, ok bool) {
	body := trim(line)
	if len(body) > 2 && (body[0] == '-' || body[0] == '*') && body[1] == ' ' {
		p.item = true
		body = trim(body[2:])
	}
	n, width := separator(body)
	if n <= 0 {
		return p, false
	}
	p.key = trim(body[:n])
	if n := len(p.key); n > 0 && (aroundKey(p.key[0]) || aroundKey(p.key[n-1])) {
		p.key = bytes.Trim(p.key, `"'*_`)
	}
	p.key = unnumbered(p.key)
	rest := body[n+width:]
	if body[n] == ':' && len(rest) > 0 && rest[0] == ':' {
		p.encoded, rest = true, rest[1:]
	}
	if !keyLike(p.key) {
		return p, false
	}
	tight := len(rest) > 0 && rest[0] != ' ' && rest[0] != '\t'
	if tight && width == 1 && body[n] == ':' && (rest[0] == '/' || rest[0] == ':' || digit(p.key[len(p.key)-1])) {
		return p, false // URLs, scopes, times of day
	}
	p.value = trim(rest)
	if body[n] == '=' && codeLike(p.key, p.value) {
		return p, false
	}
	if v := p.value; len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		p.value = v[1 : len(v)-1]
	}
	return p, true
}

// aroundKey reports whether a character is one that stands around keys.
func aroundKey(c byte) bool { return c == '"' || c == '\'' || c == '*' || c == '_' }

// unnumbered takes the number of a record off a key, with what stands before it:
// "rows.3.name", "row[3].name" and "f3.name" are the name of one row.
func unnumbered(key []byte) []byte {
	for i := len(key) - 2; i > 1; i-- {
		if c := key[i]; c-'-' > '/'-'-' && c != '_' || !digit(key[i-1]) && key[i-1] != ']' { // '-', '.', '/' follow each other
			continue
		}
		start := i - 1
		for start > 0 && (digit(key[start]) || key[start] == ']' || key[start] == '[') {
			start--
		}
		alone := key[start] == '.' || key[start] == '_' || key[start] == '-' || key[start] == '/' || key[start+1] == '['
		if name := key[i+1:]; (alone || key[i] == '.') && (name[0] < '0' || name[0] > '9') {
			return name
		}
	}
	return key
}

// separator finds what parts key and value, within the bounds of a key.
func separator(body []byte) (at, width int) {
	head := body[:min(len(body), keySize+4)]
	at = -1
	if n := bytes.IndexByte(head, ':'); n >= 0 {
		at, head = n, head[:n]
	}
	if n := bytes.IndexByte(head, '='); n >= 0 {
		at, head = n, head[:n]
	}
	if n := bytes.IndexByte(head, 0xEF); n >= 0 && bytes.HasPrefix(body[n:], []byte("：")) { // U+FF1A, full width
		return n, len("：")
	}
	return at, 1
}

// keyLike reports whether text could name a field: few words that begin with
// a letter.
func keyLike(key []byte) bool {
	if len(key) == 0 || len(key) > keySize || bytes.Count(key, []byte{' '}) > 4 {
		return false
	}
	if c := key[0]; c < 0x80 && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '#' {
		return false
	}
	return !bytes.ContainsAny(key, "{}<>[]\"@,;|$\\=")
}

// codeLike reports whether "key = value" is rather a line of a program.
func codeLike(key, value []byte) bool {
	if n := len(value); n > 0 && (value[0] == '=' || value[n-1] == ';' || value[n-1] == '{' || value[n-1] == '(') {
		return true
	}
	return bytes.IndexByte(key, ' ') >= 0 && bytes.IndexByte(key, '(') >= 0 || bytes.HasSuffix(key, []byte{'!'})
}

// blocks reports whether the line at the reading position begins blocks of
// pairs: several that repeat, or one of three pairs or more that is not the
// head of a mail.
func (s *splitter) blocks(line []byte) bool {
	first, ok := pairOf(line)
	if !ok {
		return false
	}
	seen := map[string]int{string(first.key): 1}
	pairs, others, empty, headers := 1, 0, 0, headerWord(first.key)
	again := false
	_, off, _ := s.src.peek(0)
	for off < blockSize && !again {
		next, after, ok := s.src.peek(off)
		if !ok {
			break
		}
		off = after
		if next = unquote(next); blank(next) || border(next) {
			if empty++; empty > 2 || len(seen) < 2 && pairs > 1 {
				break
			}
			continue
		}
		p, ok := pairOf(next)
		if !ok {
			if others++; others > 1+pairs/3 || pairs == 1 {
				break
			}
			continue
		}
		if empty > 0 && seen[string(p.key)] == 0 && len(seen) >= 3 && pairs >= 3 {
			break // one block, then something else
		}
		empty = 0
		pairs++
		if seen[string(p.key)]++; seen[string(p.key)] == 1 {
			headers += headerWord(p.key)
		} else if len(seen) == 1 && pairs > sameKeys {
			return false // each of the lines that follow would look at the rest of them
		}
		again = len(seen) > 1 && bytes.Equal(p.key, first.key)
	}
	if headers >= 2 {
		return false
	}
	return again || len(seen) >= 3 && pairs >= 3
}

// headerWord returns 1 for the words of a mail's head, in the languages of the
// common mail programs.
func headerWord(key []byte) int {
	switch string(bytes.ToLower(key)) {
	case "from", "to", "cc", "bcc", "subject", "sent", "reply-to", "message-id", "received", "return-path",
		"mime-version", "content-type", "content-transfer-encoding", "dkim-signature", "von", "an", "betreff",
		"gesendet", "de", "à", "objet", "envoyé", "para", "asunto", "enviado", "da", "a", "oggetto", "inviato",
		"van", "aan", "onderwerp", "verzonden", "od", "do", "temat", "från", "till", "ämne", "skickat",
		"差出人", "宛先", "件名", "送信日時", "发件人", "收件人", "主题", "发送时间", "assunto", "cco", "date":
		return 1
	}
	return 0
}

// keyValues reads blocks of pairs, each a record. Blocks are parted by blank
// lines, by drawn lines, by a list mark, or where the first key comes again. A
// line without a key that stands over the pairs is a value without a label.
type keyValues struct {
	s     *splitter
	first []byte // first key of the current block
	buf   []byte
	deep  int // indent of that key
}

func (k *keyValues) next(r *record) (bool, error) {
	for {
		if err := k.s.refill(); err != nil {
			return false, err
		}
		line, next, ok := k.s.src.peek(0)
		if !ok {
			return len(r.fields) > 0, nil
		}
		line = unquote(line)
		p, isPair := pairOf(line)
		switch {
		case blank(line) || border(line):
			if !k.goesOn(next, 3) {
				return len(r.fields) > 0, nil
			}
			k.s.pass(next)
			if len(r.fields) > 1 {
				return true, nil
			}
			continue
		case isPair && (len(r.fields) == 0 || indent(line) < k.deep) && k.heading(line, p, next):
			if k.s.pass(next); len(r.fields) > 0 {
				return true, nil
			}
			continue
		case isPair:
			if len(r.fields) > 0 && (p.item || bytes.Equal(p.key, k.first)) && (p.item || r.keyed()) {
				return true, nil
			}
			if !r.keyed() {
				k.deep = indent(line)
			}
			k.put(r, p)
		case len(r.fields) > 0 && indent(line) > 0 && r.keyed():
			r.extend([]byte{' '})
			r.extend(trim(line))
		case !k.goesOn(next, 1):
			return len(r.fields) > 0, nil
		case len(r.fields) > 0:
			return true, nil
		default:
			r.add(nil, trim(line))
		}
		k.s.pass(next)
		if r.full() {
			return true, nil
		}
	}
}

// heading reports whether a line is the key of a whole record, as in YAML: it has
// no value, and the pairs after it stand deeper.
func (k *keyValues) heading(line []byte, p pair, off int) bool {
	if len(p.value) > 0 || p.item {
		return false
	}
	next, _, ok := k.s.src.peek(off)
	if !ok || indent(unquote(next)) <= indent(line) {
		return false
	}
	_, ok = pairOf(unquote(next))
	return ok
}

// keyed reports whether a record has a labelled value.
func (r *record) keyed() bool {
	for i := range r.fields {
		if len(r.key(i)) > 0 {
			return true
		}
	}
	return false
}

func (k *keyValues) put(r *record, p pair) {
	if !r.keyed() {
		k.first = append(k.first[:0], p.key...)
	}
	if p.encoded {
		out, err := base64.StdEncoding.AppendDecode(k.buf[:0], p.value)
		if err == nil {
			k.buf, p.value = out, out
		}
	}
	r.add(p.key, p.value)
}

// goesOn reports whether a pair is among the next lines.
func (k *keyValues) goesOn(off, lines int) bool {
	for range lines {
		line, next, ok := k.s.src.peek(off)
		if !ok {
			return false
		}
		off = next
		if _, ok := pairOf(unquote(line)); ok {
			return true
		}
	}
	return false
}
