package detect

import "bytes"

// Scan finds entities in running text, from left to right and not overlapping:
// mail addresses, phone numbers, cards, account numbers, national identifiers,
// network addresses, secrets, and names of people where a given name stands
// before a family name. Only what stands for itself is reported: a bare number
// that a header would explain is not. Text is read once, and the work for each
// byte is bounded. It allocates nothing.
func (d *Detector) Scan(text []byte, emit func(Entity)) {
	s := scanner{d: d, text: text, emit: emit}
	anchors, next := &d.plain, nextPlain
	if bytes.IndexByte(text, '$') >= 0 || hasKey(text) {
		anchors, next = &d.anchor, nextAnchor
	}
	for i := 0; i < len(text); {
		switch anchors[text[i]] {
		case anchorNone:
			i = next(anchors, text, i+1)
		case anchorAt:
			i = s.at(i)
		case anchorDigit:
			i = s.digit(i)
		case anchorCapital:
			i = s.capital(i)
		case anchorHigh:
			i = s.high(i)
		case anchorDollar:
			i = s.dollar(i)
		case anchorDash:
			i = s.dash(i)
		}
	}
}

// anchor is what can begin at a byte, or be told by it.
type anchor uint8

const (
	anchorNone anchor = iota
	anchorAt
	anchorDigit
	anchorCapital
	anchorHigh
	anchorDollar
	anchorDash
)

// anchorTables returns what each byte is, and the same for texts in which no
// '$' and no '-' is an anchor.
func anchorTables() (all, plain [256]anchor) {
	for c := range 256 {
		switch {
		case isDigit(byte(c)):
			plain[c] = anchorDigit
		case isUpper(byte(c)):
			plain[c] = anchorCapital
		case c >= 0xc3:
			plain[c] = anchorHigh
		}
	}
	plain['@'] = anchorAt
	all = plain
	all['$'], all['-'] = anchorDollar, anchorDash
	return all, plain
}

// scanner is the work on one text. Each of its anchor methods takes the
// position of the anchor and returns where to go on, which is behind it.
type scanner struct {
	d    *Detector
	text []byte
	emit func(Entity)
	end  int // of the last entity
}

// found reports text[start:end] and returns end.
func (s *scanner) found(t Type, start, end int) int {
	s.emit(Entity{Type: t, Start: start, End: end})
	s.end = end
	return end
}

// at finds the mail address around an '@'.
func (s *scanner) at(i int) int {
	start := i
	for start > s.end && i-start < maxLocal && isAtext(s.text[start-1]) || start > s.end && i-start < maxLocal && s.text[start-1] == '.' {
		start--
	}
	// What quoting and link marks leave in front is no part of an address.
	for start < i && !isAlnum(s.text[start]) && s.text[start] < 0x80 && s.text[start] != '_' {
		start++
	}
	start += labelLength(s.text[start:i])
	end := i + 1
	for end < len(s.text) && end-i <= maxDomain && isDomainByte(s.text[end]) {
		end++
	}
	for end > i+1 && (s.text[end-1] == '.' || s.text[end-1] == '-' || s.text[end-1] == '_') {
		end--
	}
	if start < i && isEmail(s.text[start:end]) {
		return s.found(ContactEmail, start, end)
	}
	return i + 1
}

// labelLength returns the length of a label that '=' or '/' joins to an
// address: "mailto=", "header.i=", "email/". Addresses that list software makes
// with '=' ("SRS0=…") have capitals or digits before it.
func labelLength(local []byte) int {
	for i, c := range local {
		if c == '=' || c == '/' {
			return i + 1
		}
		if !isLower(c) && c != '.' {
			return 0
		}
	}
	return 0
}

func isDomainByte(c byte) bool { return isAlnum(c) || c == '.' || c == '-' || c >= 0x80 }

// dollar finds a password hash in crypt's modular form.
func (s *scanner) dollar(i int) int {
	if i+20 > len(s.text) || !isAlnum(s.text[i+1]) || bytes.IndexByte(s.text[i+2:i+12], '$') < 0 {
		return i + 1
	}
	end := i
	for end < len(s.text) && end-i < 256 && s.text[end] > ' ' && s.text[end] < 0x7f && s.text[end] != '"' && s.text[end] != '\'' && s.text[end] != ';' {
		end++
	}
	if end-i >= 28 && isCryptHash(s.text[i:end]) {
		return s.found(SecretHash, i, end)
	}
	return i + 1
}

// dash finds a private key in PEM.
func (s *scanner) dash(i int) int {
	if i+11 > len(s.text) || s.text[i+1] != '-' || !isPrivateKey(s.text[i:]) {
		return i + 1
	}
	const longest = 16 << 10
	rest := s.text[i:min(len(s.text), i+longest)]
	end := bytes.Index(rest, []byte("-----END "))
	if end < 0 {
		return s.found(SecretKey, i, i+bytes.IndexByte(rest, 'Y')+1)
	}
	if line := bytes.Index(rest[end+9:], []byte("-----")); line >= 0 && line < 64 {
		return s.found(SecretKey, i, i+end+9+line+5)
	}
	return s.found(SecretKey, i, i+end)
}
