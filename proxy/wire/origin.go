package wire

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Origin is where a message comes from, as a trusted client tells it. What is not
// known is empty.
type Origin struct {
	Addr netip.Addr // without zone
	Port uint16
	Name string // host name, of the characters of one
	// Login is the name that the client has authenticated by. XCLIENT only.
	Login string
	// Helo is the client's name for itself, Proto the protocol that it spoke to who
	// forwards for it, Ident the latter's own id of the message, and Source LOCAL
	// or REMOTE. Each is graphic ASCII. After XCLIENT, EHLO tells them anew.
	Helo, Proto, Ident, Source string
}

// The attributes of Postfix's two commands, in the order of its own EHLO.
var (
	xclientNames  = []string{"NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"}
	xforwardNames = []string{"NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"}
)

// Bounds on an attribute (Postfix's XFORWARD_README, note 1).
const (
	longestAttribute = 255
	longestProto     = 64
)

const unavailable = "[UNAVAILABLE]"

// parseOrigin returns an origin with the attributes of XCLIENT or XFORWARD in place
// of its own, or the refusal of those that are wrong. No name may come twice: of two
// readers each could take another.
func parseOrigin(o Origin, arg string, names []string) (told Origin, refusal string) {
	fields := strings.Fields(arg)
	if len(fields) == 0 {
		return o, "501 5.5.4 Syntax is NAME=value ..."
	}
	seen := make(map[string]bool)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		name = strings.ToUpper(name)
		if !slices.Contains(names, name) {
			return o, "501 5.5.4 Attribute not recognised"
		}
		if value == "" || len(value) > longestAttribute || seen[name] {
			return o, "501 5.5.4 Attribute " + name + " needs one value, of at most 255 characters"
		}
		seen[name] = true
		text, ok := unxtext(value)
		if !ok {
			text = value // as from a Postfix before 2.3
		}
		if !o.set(name, text) {
			return o, "501 5.5.4 Attribute " + name + " has a bad value"
		}
	}
	return o, ""
}

// set reports false for a value that the attribute cannot have. An address, a
// port, a host's name and a login decide something; the rest is only told, and
// what is odd in it is masked, so that no mail is refused for it.
func (o *Origin) set(name, value string) (ok bool) {
	known := !strings.EqualFold(value, unavailable)
	if name == "NAME" && strings.EqualFold(value, "[TEMPUNAVAIL]") {
		known = false
	}
	text := ""
	if known {
		text = printable(value)
	}
	switch name {
	case "ADDR":
		o.Addr, ok = parseAddr(value, known)
		return ok
	case "DESTADDR": // ours: nothing depends on it
		_, ok = parseAddr(value, known)
		return ok
	case "PORT":
		o.Port, ok = parsePort(value, known)
		return ok
	case "DESTPORT":
		_, ok = parsePort(value, known)
		return ok
	case "NAME":
		o.Name = text
		return !known || isHostName(value)
	case "LOGIN":
		if o.Login = ""; known {
			o.Login = value
		}
		return utf8.ValidString(o.Login) && !strings.ContainsFunc(o.Login, unicode.IsControl)
	case "HELO":
		o.Helo = text
	case "PROTO":
		o.Proto = text
		return len(text) <= longestProto
	case "IDENT":
		o.Ident = text
	case "SOURCE":
		o.Source = strings.ToUpper(text)
		return !known || o.Source == "LOCAL" || o.Source == "REMOTE"
	}
	return true
}

// parseAddr reads an IPv4 address, or an IPv6 one after "IPV6:"; Postfix takes the
// latter without it, too.
func parseAddr(value string, known bool) (netip.Addr, bool) {
	if !known {
		return netip.Addr{}, true
	}
	value, marked := cutPrefixFold(value, "IPV6:")
	a, err := netip.ParseAddr(value)
	if err != nil || a.Zone() != "" || marked && !a.Is6() {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

func parsePort(value string, known bool) (uint16, bool) {
	if !known {
		return 0, true
	}
	port, err := strconv.ParseUint(value, 10, 16)
	return uint16(port), err == nil
}

// isHostName reports whether a name has the characters of a host's.
func isHostName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
				return false
			}
		}
	}
	return name != ""
}

// unxtext decodes xtext (RFC 3461 section 4).
func unxtext(s string) (text string, ok bool) {
	if !strings.Contains(s, "+") {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '+' {
			b.WriteByte(s[i])
			continue
		}
		if i+3 > len(s) {
			return "", false
		}
		c, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(c))
		i += 2
	}
	return b.String(), true
}
