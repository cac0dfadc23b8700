package detect

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
	"golang.org/x/net/idna"
)

// Mail addresses: RFC 5321 section 4.1.2 for the form, 4.5.3.1 for the
// lengths, RFC 6531 for letters outside ASCII, RFC 5233 for the plus tag.

const (
	emailOdds     = 7
	emailListOdds = 6 // several in a cell, or a display name before it

	maxLocal  = 64
	maxDomain = 255
)

// isEmail reports whether value is one bare address with a full domain name.
func isEmail(value []byte) bool {
	at := lastAt(value)
	return at > 0 && at <= maxLocal && isLocal(value[:at]) && isDomain(value[at+1:]) && isLettered(value)
}

// isLettered reports whether what is not ASCII is letters in UTF-8, so that
// binary data holds no addresses.
func isLettered(value []byte) bool {
	if isASCII(value) {
		return true
	}
	for i := 0; i < len(value); {
		if value[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(value[i:])
		if !unicode.In(r, unicode.L, unicode.M, unicode.Nd) {
			return false
		}
		i += size
	}
	return true
}

// isLocal reports whether text is an unquoted local part.
func isLocal(text []byte) bool {
	previous := byte('.')
	for _, c := range text {
		if c == '.' {
			if previous == '.' {
				return false
			}
		} else if !isAtext(c) {
			return false
		}
		previous = c
	}
	return previous != '.'
}

// lastAt returns the place of the last '@', -1 if there is none. Most often it
// is the only one.
func lastAt(value []byte) int {
	at := bytes.IndexByte(value, '@')
	if at >= 0 && bytes.IndexByte(value[at+1:], '@') >= 0 {
		at = bytes.LastIndexByte(value, '@')
	}
	return at
}

// isAtext reports the characters of an atom (RFC 5322 section 3.2.3).
func isAtext(c byte) bool {
	const (
		digits  = (1<<10 - 1) << '0'
		letters = (1<<26 - 1) << ('A' - 64)
		low     = digits | 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'/' | 1<<'=' | 1<<'?'
		high    = letters | letters<<32 | 1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('{'-64) | 1<<('|'-64) | 1<<('}'-64) | 1<<('~'-64)
	)
	switch {
	case c < 64:
		return uint64(low)>>c&1 != 0
	case c < 128:
		return uint64(high)>>(c-64)&1 != 0
	}
	return true
}

// isDomain reports whether text is a domain name of two labels or more whose
// last one is no number (RFC 1123 section 2.1).
func isDomain(text []byte) bool {
	if len(text) < 3 || len(text) > maxDomain {
		return false
	}
	labels, start := 0, 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] != '.' {
			if c := text[i]; !isAlnum(c) && c != '-' && c != '_' && c < 0x80 {
				return false
			}
			continue
		}
		label := text[start:i]
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		labels++
		if i < len(text) {
			start = i + 1
		}
	}
	return labels >= 2 && isTopLevel(text[start:])
}

// isTopLevel reports whether a label can be a top-level domain: letters only,
// two or more, or an encoded international one.
func isTopLevel(label []byte) bool {
	if len(label) < 2 {
		return false
	}
	if bytes.HasPrefix(label, []byte("xn--")) {
		return len(label) > 4
	}
	for _, c := range label {
		if !isLetter(c) && c < 0x80 {
			return false
		}
	}
	return true
}

// bareEmail returns the address within the spellings that cells have:
// "mailto:a@b.c", "<a@b.c>", "Name <a@b.c>".
func bareEmail(value []byte) []byte {
	if bytes.IndexByte(value, '<') >= 0 {
		open := bytes.LastIndexByte(value, '<')
		rest := value[open+1:]
		if end := bytes.IndexByte(rest, '>'); end > 0 {
			value = rest[:end]
		}
	}
	for len(value) > 7 && value[6] == ':' && bytes.EqualFold(value[:7], []byte("mailto:")) {
		value = bytes.TrimSpace(value[7:])
	}
	return bytes.TrimSpace(value)
}

// isEmailCell reports whether a cell holds one address or several.
func isEmailCell(value []byte) bool {
	if isEmail(bareEmail(value)) {
		return true
	}
	found := 0
	for part := range bytes.FieldsFuncSeq(value, func(c rune) bool {
		return c == ';' || c == ',' || c == ' ' || c == '|' || c == '\n' || c == '/'
	}) {
		if !isEmail(bareEmail(part)) {
			return false
		}
		found++
	}
	return found > 1
}

// at reads a value with an '@'.
func (r *reading) at() {
	switch {
	case isEmail(r.value):
		r.add(ContactEmail, emailOdds)
	case isEmailCell(r.value):
		r.add(ContactEmail, emailListOdds)
	case r.value[0] == '@' && isHandle(r.value[1:]):
		r.add(ContactSocial, handleOdds)
	default:
		r.text()
	}
}

// compactEmail appends an address in lower case without its plus tag, the
// domain in ASCII.
func compactEmail(dst, value []byte) []byte {
	value = bareEmail(value)
	at := lastAt(value)
	if at <= 0 {
		return append(dst, bytes.ToLower(value)...)
	}
	local, domain := value[:at], value[at+1:]
	if plus := bytes.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	if isASCII(value) && isPlainDomain(domain) {
		dst = append(appendLower(dst, local), '@')
		return appendLower(dst, domain)
	}
	dst = append(dst, bytes.ToLower(local)...)
	dst = append(dst, '@')
	if ascii, err := idna.Lookup.ToASCII(string(bytes.ToLower(domain))); err == nil {
		return append(dst, ascii...)
	}
	return append(dst, bytes.ToLower(domain)...)
}

// PlainEmail appends the compact form of a value that is nothing but one
// address in ASCII, and reports whether it is: in one go what Is and Compact
// tell of most addresses. The form's at sign is at place at of it.
func PlainEmail(dst, value []byte) (compact []byte, at int, ok bool) {
	if compact, at = simpleEmail(dst, value); at > 0 {
		return compact, at, true
	}
	return plainEmail(dst, value)
}

// plainEmail is PlainEmail, byte by byte.
func plainEmail(dst, value []byte) (compact []byte, at int, ok bool) {
	at = bytes.IndexByte(value, '@')
	if at <= 0 || at > maxLocal || !isASCII(value) {
		return dst, 0, false
	}
	local, domain := value[:at], value[at+1:]
	if !isLocal(local) || !isDomain(domain) || !isPlainDomain(domain) {
		return dst, 0, false
	}
	if plus := bytes.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	return appendLower(append(appendLower(dst, local), '@'), domain), len(local), true
}

// simpleEmail is PlainEmail for letters and digits, with dots, dashes and low
// lines one by one between them and a short last label, as nearly all addresses
// are: each eight bytes are checked and put into lower case as they are read.
// For all else, at is 0.
func simpleEmail(dst, value []byte) (compact []byte, at int) {
	n := len(value)
	if n < 8 || n > maxLocal+1+63 {
		return dst, 0
	}
	compact = slices.Grow(dst, n)[:len(dst)+n]
	out := compact[len(dst):]
	var letters uint64
	point := 0                         // where the last mark stands
	marked := uint64(lanes.Tops >> 56) // the byte before is a mark: so is what stands before the first
	for i := 0; i < n; i += 8 {
		if i > n-8 {
			i, marked = n-8, 0 // some are read twice
		}
		word := binary.LittleEndian.Uint64(value[i:])
		ats := lanes.Within(word, '@', '@') & lanes.Tops
		marks := lanes.Within(word, '-', '.')&lanes.Tops | ats
		letters = lanes.Within(word|0x20*lanes.Each, 'a', 'z') & lanes.Tops
		plain := (letters | marks | lanes.Within(word, '0', '9') | lanes.Within(word, '_', '_')) & lanes.Tops
		if word&lanes.Tops != 0 || plain != lanes.Tops || marks&(marks<<8|marked) != 0 {
			return dst, 0
		}
		if ats != 0 {
			here := i + lanes.First(ats)
			if ats&(ats-1) != 0 || at != 0 && at != here {
				return dst, 0
			}
			at = here
		}
		if marks != 0 {
			point = i + lanes.Last(marks)
		}
		marked = marks >> 56
		binary.LittleEndian.PutUint64(out[i:], word|letters>>2)
	}
	last := n - 1 - point // the last label's length
	if at > maxLocal || n-1-at > 63 || point <= at || out[point] != '.' || last < 2 || last > 8 ||
		letters|lanes.Tops>>(8*last) != lanes.Tops {
		return dst, 0
	}
	return compact, at
}

// isPlainDomain reports whether a domain in ASCII is its own form in IDNA, but
// for case: it has no encoded label and no leading dot.
func isPlainDomain(domain []byte) bool {
	return len(domain) > 0 && domain[0] != '.' && !bytes.Contains(domain, []byte("--"))
}

// Role reports whether an address belongs to a function or a machine rather
// than to a person: info@, support@, noreply@ (RFC 2142 and common use).
func Role(email []byte) bool {
	var buf [maxLocal + 1]byte
	email = bareEmail(email)
	at := lastAt(email)
	if at <= 0 || at > maxLocal {
		return false
	}
	local := appendFold(buf[:0], email[:at])
	if plus := bytes.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	return RoleName(local)
}

// RoleName is Role for the local part of an address in its compact form, as
// PlainEmail gives it.
func RoleName(local []byte) bool {
	for len(local) > 0 && isDigit(local[len(local)-1]) {
		local = local[:len(local)-1]
	}
	if isRoleWord(local) {
		return true
	}
	// "no-reply", "customer.service", "bounces-1234": each word is of a role.
	found, start := false, 0
	for i := 0; i <= len(local); i++ {
		if i < len(local) && local[i] != '.' && local[i] != '-' && local[i] != '_' && local[i] != '=' {
			continue
		}
		if part := local[start:i]; len(part) > 0 {
			role := isRoleWord(part)
			if !role && !isRoleFiller(part) {
				return false
			}
			found = found || role
		}
		start = i + 1
	}
	return found
}

func isRoleWord(word []byte) bool {
	switch string(word) {
	case "abuse", "accounting", "accounts", "accountspayable", "admin", "administrator", "administracion",
		"alert", "alerts", "announce", "answers", "api", "audit", "auto", "backup", "billing", "board",
		"booking", "bookings", "bot", "bounce", "bounces", "buchhaltung", "bugs", "calendar", "careers", "catering",
		"commercial", "compliance", "comptabilite", "confirm", "confirmation", "contact", "contacto", "contactus",
		"customercare", "customerservice", "cron", "daemon", "datenschutz", "desk", "dev", "devops", "donotreply",
		"dpo", "editor", "email", "enquiries", "enquiry", "events", "facturacion", "faktura", "feedback", "finance",
		"ftp", "gdpr", "git", "help", "helpdesk", "hostmaster", "hr", "info", "information", "inquiries", "invite",
		"invoice", "invoices", "it", "jobs", "kontakt", "kundenservice", "legal", "list", "listserv", "mail",
		"mailer", "mailerdaemon", "mailman", "majordomo", "marketing", "media", "member", "membership", "news",
		"newsletter", "noc", "nobody", "noreply", "notification", "notifications", "notify", "office", "operations",
		"ops", "order", "orders", "owner", "payments", "payroll", "personal", "post", "postmaster", "presse", "press",
		"privacy", "purchasing", "reception", "rechnung", "recruiting", "recruitment", "registration", "replies", "reply",
		"report", "reports", "reservations", "returns", "robot", "root", "sales", "security", "service", "services",
		"shipping", "shop", "soporte", "spam", "staff", "status", "subscribe", "subscriptions", "support", "survey", "sysadmin",
		"system", "team", "test", "ticket", "tickets", "training", "unsubscribe", "updates", "usenet", "uucp",
		"vendite", "ventas", "vertrieb", "verkauf", "web", "webmaster", "welcome", "www":
		return true
	}
	return false
}

// isRoleFiller reports words that stand beside a role word.
func isRoleFiller(word []byte) bool {
	switch string(word) {
	case "no", "not", "do", "customer", "client", "the", "our", "us", "a", "online", "de", "en", "uk", "eu", "group", "main", "general":
		return true
	}
	for _, c := range word {
		if !isDigit(c) {
			return false
		}
	}
	return true
}
