package wire

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Errors of paths. They never hold the address.
var (
	// ErrPath: not a Mailbox of RFC 5321 4.1.2. Answer 553 5.1.3 or, for a
	// sender, 553 5.1.7.
	ErrPath = errors.New("not a valid mailbox")
	// ErrPathUTF8: not ASCII, and SMTPUTF8 was not asked for. Answer 553
	// 5.6.7.
	ErrPathUTF8 = errors.New("mailbox is not ASCII")

	errPathSyntax = errors.New("path must be in angle brackets")
)

// longestPath is 64 octets of local part, 255 of domain and the at sign
// (RFC 5321 4.5.3.1).
const longestPath = 320

// QuotePath writes an address whose local part has lost its quotes, as go-smtp
// gives it to Mail and Rcpt, so that it can stand in a command: the local part
// is quoted where RFC 5321 4.1.2 asks for it. Without it, a local part such as
// `v@a> ORCPT=x` becomes another recipient. What cannot be quoted, or is known
// to be misread even then (control characters, angle brackets), is ErrPath.
// Addresses that are not ASCII are taken only with utf8 (RFC 6531). The null
// path "" stays as it is.
func QuotePath(addr string, utf8 bool) (string, error) {
	if addr == "" {
		return "", nil
	}
	// No domain that is valid has an at sign.
	at := strings.LastIndexByte(addr, '@')
	if at < 0 {
		return "", ErrPath
	}
	local, domain := addr[:at], addr[at+1:]
	if !isDotString(local) {
		local = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
	}
	path := local + "@" + domain
	if err := checkMailbox(path, utf8); err != nil {
		return "", err
	}
	return path, nil
}

// splitPath takes the path from the front of the argument of MAIL or RCPT. It
// takes off the angle brackets, and a source route, which RFC 5321 appendix C
// says to ignore. A path without brackets is taken too: many programs send it.
func splitPath(arg string) (path, rest string, err error) {
	if !strings.HasPrefix(arg, "<") {
		i := strings.IndexAny(arg, " \t")
		if i < 0 {
			i = len(arg)
		}
		path, rest = arg[:i], arg[i:]
		if path == "" || strings.ContainsAny(path, `<>"`) {
			return "", "", errPathSyntax
		}
		return path, rest, nil
	}
	end, quoted := -1, false
	for i := 1; i < len(arg) && end < 0; i++ {
		switch {
		case quoted && arg[i] == '\\':
			i++
		case arg[i] == '"':
			quoted = !quoted
		case arg[i] == '>' && !quoted:
			end = i
		}
	}
	if end < 0 {
		return "", "", errPathSyntax
	}
	path, rest = arg[1:end], arg[end+1:]
	if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", "", errPathSyntax
	}
	if strings.HasPrefix(path, "@") {
		_, mailbox, ok := strings.Cut(path, ":")
		if !ok || mailbox == "" {
			return "", "", errPathSyntax
		}
		path = mailbox
	}
	return path, rest, nil
}

// checkMailbox tells whether s is a Mailbox. Beyond the RFC it takes dots
// anywhere in a local part and underscores in a domain, which exist, and
// refuses angle brackets in a quoted string, which are there to confuse.
func checkMailbox(s string, utf8OK bool) error {
	if !isASCII(s) && (!utf8OK || !utf8.ValidString(s)) {
		return ErrPathUTF8
	}
	if len(s) > longestPath {
		return ErrPath
	}
	var local, domain string
	if strings.HasPrefix(s, `"`) {
		end := quotedEnd(s)
		if end < 0 || !strings.HasPrefix(s[end:], "@") {
			return ErrPath
		}
		local, domain = s[:end], s[end+1:]
	} else {
		var ok bool
		local, domain, ok = strings.Cut(s, "@")
		if !ok || strings.IndexFunc(local, func(r rune) bool { return r != '.' && !isAtext(r) }) >= 0 {
			return ErrPath
		}
	}
	if local == "" || !isDomain(domain) {
		return ErrPath
	}
	return nil
}

// quotedEnd returns the length of the quoted string that s begins with, or -1.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '"':
			return i + 1
		case ch < ' ' || ch == 0x7f || ch == '<' || ch == '>':
			return -1
		case ch == '\\':
			i++
			if i == len(s) || s[i] < ' ' || s[i] > '~' || s[i] == '<' || s[i] == '>' {
				return -1
			}
		}
	}
	return -1
}

func isDotString(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.IndexFunc(atom, func(r rune) bool { return !isAtext(r) }) >= 0 {
			return false
		}
	}
	return true
}

// isAtext is atext of RFC 5322 3.2.3, extended by RFC 6531 3.3. C1 controls are
// left out.
func isAtext(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r >= 0xa0:
		return true
	}
	return r > ' ' && r < 0x7f && strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

func isDomain(s string) bool {
	if literal, ok := strings.CutPrefix(s, "["); ok {
		literal, ok = strings.CutSuffix(literal, "]")
		return ok && literal != "" && strings.IndexFunc(literal, func(r rune) bool {
			return !isAlnum(r) && r != '.' && r != ':' && r != '-'
		}) < 0
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || strings.IndexFunc(label, func(r rune) bool {
			return !isAlnum(r) && r != '-' && r != '_' && r < 0xa0
		}) >= 0 {
			return false
		}
	}
	return true
}

func isAlnum(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
