package extract

import (
	"slices"
	"sort"
	"strconv"
	"strings"
)

// param is one parameter of a Content-Type or Content-Disposition.
type param struct{ name, value string }

// parseMedia reads a structured field (RFC 2045 section 5.1) leniently:
// comments are dropped, a missing or doubled semicolon is forgiven, quotes may
// stay open, every duplicate is kept. Names and the first value are in lower
// case.
func parseMedia(s string) (string, []param) {
	s = dropComments(s)
	head, rest, _ := strings.Cut(s, ";")
	media := strings.ToLower(strings.Join(strings.Fields(strings.Trim(head, "\"' \t")), ""))
	if i := strings.IndexByte(head, '='); i >= 0 { // no type at all, parameters only
		media, rest = "", s
	}
	var ps []param
	for rest != "" {
		rest = strings.TrimLeft(rest, "; \t\r\n")
		eq := strings.IndexAny(rest, "=;")
		if eq < 0 {
			break
		}
		if rest[eq] == ';' {
			rest = rest[eq:]
			continue
		}
		name := strings.ToLower(strings.TrimSpace(rest[:eq]))
		if i := strings.LastIndexAny(name, " \t"); i >= 0 {
			name = name[i+1:]
		}
		var value string
		value, rest = paramValue(strings.TrimLeft(rest[eq+1:], " \t\r\n"))
		ps = append(ps, param{name, value})
	}
	return media, joinContinued(ps)
}

// paramValue reads a quoted string or a run up to the next semicolon.
func paramValue(s string) (value, rest string) {
	if s == "" || s[0] != '"' {
		i := strings.IndexByte(s, ';')
		if i < 0 {
			i = len(s)
		}
		return strings.TrimSpace(s[:i]), s[i:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

// dropComments removes RFC 5322 comments outside quotes.
func dropComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			if depth == 0 {
				b.WriteString(s[i : i+2])
			}
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
			b.WriteByte(c)
		case c == '(' && !quoted:
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	if depth > 0 { // never closed: not a comment to most readers
		return s
	}
	return b.String()
}

// joinContinued puts RFC 2231 continuations (name*0=, name*1*=) together.
func joinContinued(ps []param) []param {
	type piece struct {
		n     int
		value string
	}
	var out []param
	pieces := make(map[string][]piece)
	var order []string
	for _, p := range ps {
		base, num, ok := strings.Cut(p.name, "*")
		num = strings.TrimSuffix(num, "*")
		switch n, err := strconv.Atoi(num); {
		case !ok:
			out = append(out, p)
		case num == "":
			out = append(out, param{base, decodeExtended(p.value, true)})
		case err == nil:
			if _, seen := pieces[base]; !seen {
				order = append(order, base)
			}
			value := p.value
			if strings.HasSuffix(p.name, "*") {
				value = "\x00" + value
			}
			pieces[base] = append(pieces[base], piece{n, value})
		}
	}
	for _, base := range order {
		all := pieces[base]
		sort.SliceStable(all, func(i, j int) bool { return all[i].n < all[j].n })
		var joined strings.Builder
		extended := false
		for _, p := range all {
			v, isExtended := strings.CutPrefix(p.value, "\x00")
			extended = extended || isExtended
			joined.WriteString(v)
		}
		value := joined.String()
		if extended {
			value = decodeExtended(value, true)
		}
		out = append(out, param{base, value})
	}
	return out
}

// decodeExtended decodes charset'language'percent-encoded (RFC 2231 section 4).
func decodeExtended(s string, withCharset bool) string {
	label := ""
	if parts := strings.SplitN(s, "'", 3); withCharset && len(parts) == 3 {
		label, s = parts[0], parts[2]
	}
	raw := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if b, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				raw = append(raw, byte(b))
				i += 2
				continue
			}
		}
		raw = append(raw, s[i])
	}
	return decodeBytes(label, raw)
}

// last returns the last value of a parameter, "" if there is none.
func last(ps []param, name string) string {
	for _, p := range slices.Backward(ps) {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// boundaries returns every boundary that some reader finds in a Content-Type:
// of each duplicate, with and without comments, with and without quotes; at most
// maxBoundaries, and whether there are more.
func boundaries(value string) (found []string, more bool) {
	add := func(s string) {
		switch s = strings.TrimRight(s, " \t"); {
		case s == "" || slices.Contains(found, s):
		case len(found) == maxBoundaries:
			more = true
		default:
			found = append(found, s)
		}
	}
	_, ps := parseMedia(value)
	for _, p := range ps {
		if p.name == "boundary" && !more {
			add(p.value)
		}
	}
	lower := asciiLower(value)
	for i := 0; !more; {
		k := strings.Index(lower[i:], "boundary")
		if k < 0 {
			break
		}
		i += k + len("boundary")
		rest := strings.TrimLeft(value[i:], "*0 \t\r\n")
		if rest, ok := strings.CutPrefix(rest, "="); ok {
			rest = strings.TrimLeft(rest, " \t\r\n")
			quoted, _ := paramValue(rest)
			add(quoted)
			add(strings.Trim(firstToken(rest), "\"'"))
			add(firstToken(rest))
		}
	}
	return found, more
}

// maxBoundaries bounds the boundaries that are tried for one part: for each the
// whole body is searched.
const maxBoundaries = 8

func firstToken(s string) string {
	if i := strings.IndexAny(s, "; \t\r\n"); i >= 0 {
		return s[:i]
	}
	return s
}

// asciiLower keeps every byte's place, unlike strings.ToLower.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
