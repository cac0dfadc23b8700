package quarantine

import "strings"

// replyCodes keeps of an SMTP reply its basic code (RFC 5321, section 4.2) and
// the enhanced one behind it (RFC 3463), as "250 2.1.5". The text goes, since
// servers like to name people in it.
func replyCodes(reply string) string {
	basic, rest := reply, ""
	if i := strings.IndexAny(reply, " -"); i >= 0 {
		basic, rest = reply[:i], reply[i+1:]
	}
	if len(basic) != 3 || basic[0] < '2' || basic[0] > '5' || !digits(basic) {
		return ""
	}
	if i := strings.IndexAny(rest, " \r\n"); i >= 0 {
		rest = rest[:i]
	}
	part := strings.Split(rest, ".")
	if len(part) != 3 || part[0] != basic[:1] || !digits(part[0]) || !digits(part[1]) || !digits(part[2]) {
		return basic
	}
	return basic + " " + rest
}

// digits reports whether s is one to three ASCII digits.
func digits(s string) bool {
	return s != "" && len(s) <= 3 && strings.Trim(s, "0123456789") == ""
}
