package detect

import (
	"bytes"
	"math/bits"
)

// Scan finds entities in running text, from left to right and not overlapping:
// mail addresses, phone numbers, cards, account numbers, national identifiers,
// network addresses, secrets, and names of people where a given name stands
// before a family name. Only what stands for itself is reported: a bare number
// that a header would explain is not. Text is read once, and the work for each
// byte is bounded. It allocates nothing.
func (d *Detector) Scan(text []byte, emit func(Entity)) {
	s := scanner{d: d, text: text, emit: emit}
	var found [anchorsAtOnce / 64]uint64
	i := 0
	for from := 0; from < len(text); from += anchorsAtOnce {
		part := text[from:min(len(text), from+anchorsAtOnce)]
		d.anchors.set.Masks(found[:], part)
		for at := 0; at < len(part); at += 64 {
			i = s.read(i, from+at, found[at/64])
		}
	}
}

// anchorsAtOnce is the bytes of text in which the anchors are found at once.
const anchorsAtOnce = 4 << 10

// read reads what the anchors among the 64 bytes from a place on tell, but for
// those before i, which were read. It returns where to go on.
func (s *scanner) read(i, from int, found uint64) int {
	for {
		if i > from {
			if i-from >= 64 {
				return i
			}
			found &= ^uint64(0) << (i - from)
		}
		if found == 0 {
			return i
		}
		i = s.anchor(from + bits.TrailingZeros64(found))
	}
}

// anchor reads what the anchor at i tells.
func (s *scanner) anchor(i int) int {
	switch s.d.anchors.of[s.text[i]] {
	case anchorAt:
		return s.at(i)
	case anchorDigit:
		return s.digit(i)
	case anchorCapital:
		return s.capital(i)
	case anchorHigh:
		return s.high(i)
	case anchorDollar:
		return s.dollar(i)
	case anchorDash:
		return s.dash(i)
	}
	return i + 1
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
