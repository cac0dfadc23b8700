package detect

import (
	"bytes"
	"net/netip"
)

// Network names: IP addresses (RFC 791, RFC 4291), MAC addresses (IEEE 802),
// URLs (RFC 3986), domain names (RFC 1035), UUIDs (RFC 9562).

const (
	ipOdds     = 6
	macOdds    = 6
	urlOdds    = 6
	domainOdds = 2.5
	uuidOdds   = 4
)

// isIP reports an address, with or without a prefix length or a port.
func isIP(value []byte) bool {
	if len(value) < 3 || len(value) > 50 {
		return false
	}
	if bytes.Count(value, []byte(":")) >= 7 || bytes.Contains(value, []byte("::")) {
		return isIPv6(string(value))
	}
	return isIPv4(value)
}

// isIPv4 reports four numbers up to 255, then nothing, a port or a length.
func isIPv4(value []byte) bool {
	parts, n, digits := 0, 0, 0
	for i, c := range value {
		switch {
		case isDigit(c):
			n = n*10 + int(c-'0')
			if digits++; digits > 3 || n > 255 || digits == 2 && n < 10 {
				return false
			}
		case digits == 0:
			return false
		case c == '.' && parts < 3:
			parts, n, digits = parts+1, 0, 0
		case (c == ':' || c == '/') && parts == 3:
			return isSuffix(value[i+1:])
		default:
			return false
		}
	}
	return parts == 3 && digits > 0
}

func isSuffix(digits []byte) bool {
	for _, c := range digits {
		if !isDigit(c) {
			return false
		}
	}
	return len(digits) >= 1 && len(digits) <= 5
}

func isIPv6(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(text)
	return err == nil
}

// isMAC reports six or eight pairs of hexadecimal digits with one separator,
// or three groups of four with full stops.
func isMAC(value []byte) bool {
	if len(value) == 14 && value[4] == '.' && value[9] == '.' {
		return isHexRun(value[:4]) && isHexRun(value[5:9]) && isHexRun(value[10:])
	}
	if len(value) != 17 && len(value) != 23 {
		return false
	}
	sep := value[2]
	if sep != ':' && sep != '-' {
		return false
	}
	for i, c := range value {
		if i%3 == 2 {
			if c != sep {
				return false
			}
		} else if !isHex(c) {
			return false
		}
	}
	return true
}

// isUUID reports the form 8-4-4-4-12, bare or in braces.
func isUUID(value []byte) bool {
	value = bytes.TrimSuffix(bytes.TrimPrefix(value, []byte("{")), []byte("}"))
	if len(value) != 36 {
		return false
	}
	for i, c := range value {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isHex(c) {
				return false
			}
		}
	}
	return true
}

// isURL reports an address with a scheme or with "www." in front.
func isURL(value []byte) bool {
	if bytes.IndexByte(value, ' ') >= 0 {
		return false
	}
	if i := bytes.Index(value, []byte("://")); i >= 2 && i <= 16 && len(value) > i+4 {
		for _, c := range value[:i] {
			if !isAlnum(c) && c != '+' && c != '.' && c != '-' {
				return false
			}
		}
		return true
	}
	return len(value) > 8 && bytes.EqualFold(value[:4], []byte("www.")) && isHost(value)
}

// isHost reports whether value begins with a domain name and goes on, if at
// all, with a path.
func isHost(value []byte) bool {
	if i := bytes.IndexAny(value, "/?#"); i > 0 {
		value = value[:i]
	}
	return isDomain(value)
}

// socialOdds weighs a URL as the profile of a person on a social network.
func socialOdds(value []byte) float32 {
	host := value
	if i := bytes.Index(host, []byte("://")); i >= 0 {
		host = host[i+3:]
	}
	slash := bytes.IndexByte(host, '/')
	if slash < 0 || slash == len(host)-1 {
		return 0
	}
	path := bytes.Trim(host[slash:], "/")
	host = bytes.TrimPrefix(bytes.ToLower(host[:slash]), []byte("www."))
	switch string(host) {
	case "linkedin.com", "facebook.com", "twitter.com", "x.com", "instagram.com", "github.com", "t.me", "tiktok.com", "vk.com",
		"youtube.com", "xing.com", "mastodon.social", "reddit.com", "pinterest.com", "snapchat.com", "threads.net", "bsky.app":
	default:
		return 0
	}
	if bytes.Count(path, []byte("/")) > 1 {
		return 0
	}
	return handleOdds
}

// isUsualTop reports whether a name ends in a country's domain or in one of the
// usual generic ones. "john.smith" and "report.pdf" do not.
func isUsualTop(name []byte) bool {
	top := name[bytes.LastIndexByte(name, '.')+1:]
	switch string(bytes.ToLower(top)) {
	case "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "name", "io", "app", "dev", "cloud", "online", "shop", "store",
		"site", "tech", "xyz", "eu", "uk", "local", "lan", "internal", "test", "example", "invalid", "agency", "blog", "email", "group", "media":
		return true
	}
	return len(top) == 2 && isCountryCode(bytes.ToUpper(top))
}
