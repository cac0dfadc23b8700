package detect

import (
	"bytes"
	"net/netip"
)

// Example reports values that documents and tests use in the place of real
// ones: reserved domains (RFC 2606, RFC 6761), documentation addresses (RFC
// 5737, RFC 3849), published test cards, and numbers set aside for fiction
// (555-0100 to 555-0199 in North America, Ofcom's ranges in Britain).
//
// It is a hint for prose only. Made-up customer tables use reserved domains
// throughout, and are still tables of customers.
func Example(t Type, value []byte) bool {
	switch t {
	case ContactEmail:
		value = bareEmail(value)
		return isReservedDomain(value[bytes.LastIndexByte(value, '@')+1:])
	case NetDomain:
		return isReservedDomain(value)
	case NetURL:
		if i := bytes.Index(value, []byte("://")); i >= 0 {
			value = value[i+3:]
		}
		if i := bytes.IndexAny(value, "/:?#"); i >= 0 {
			value = value[:i]
		}
		return isReservedDomain(value)
	case NetIP:
		return isDocumentationIP(value)
	case FinanceCard:
		return isTestCard(appendDigits(make([]byte, 0, 20), value))
	case FinanceIBAN:
		return isExampleIBAN(value)
	case ContactPhone:
		return isFictionalPhone(compactPhone(make([]byte, 0, 24), value))
	case IDNational:
		switch string(appendDigits(make([]byte, 0, 20), value)) {
		case "078051120", "219099999", "123456789", "987654321", "111111111", "457555462":
			return true
		}
	}
	return false
}

// isReservedDomain reports names that nobody can register.
func isReservedDomain(domain []byte) bool {
	domain = bytes.ToLower(bytes.TrimSuffix(domain, []byte(".")))
	top := domain[bytes.LastIndexByte(domain, '.')+1:]
	switch string(top) {
	case "test", "example", "invalid", "localhost":
		return true
	}
	rest := bytes.TrimSuffix(bytes.TrimSuffix(domain, top), []byte("."))
	second := rest[bytes.LastIndexByte(rest, '.')+1:]
	if string(second) != "example" {
		return false
	}
	return string(top) == "com" || string(top) == "org" || string(top) == "net"
}

func isDocumentationIP(value []byte) bool {
	addr, err := netip.ParseAddr(string(value))
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	if addr.IsLoopback() || addr.IsUnspecified() {
		return true
	}
	for _, block := range [...]string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"} {
		if prefix, err := netip.ParsePrefix(block); err == nil && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// isExampleIBAN reports the examples of the SWIFT registry that are printed
// everywhere.
func isExampleIBAN(value []byte) bool {
	switch string(compactID(make([]byte, 0, 40), value)) {
	case "GB29NWBK60161331926819", "GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606", "NL91ABNA0417164300",
		"ES9121000418450200051332", "IT60X0542811101000000123456", "BE68539007547034", "AT611904300234573201", "CH9300762011623852957",
		"FR7630006000011234567890189", "PL61109010140000071219812874":
		return true
	}
	return false
}

// isFictionalPhone reports numbers set aside for film and print; number is in
// compact form.
func isFictionalPhone(number []byte) bool {
	number = bytes.TrimPrefix(number, []byte("+"))
	if n := len(number); (n == 10 || n == 11 && number[0] == '1') && bytes.HasPrefix(number[n-7:], []byte("55501")) {
		return true
	}
	number = bytes.TrimPrefix(number, []byte("44"))
	return len(number) == 10 && (bytes.HasPrefix(number, []byte("7700900")) || bytes.HasPrefix(number, []byte("2079460")) || bytes.HasPrefix(number, []byte("1632960")))
}
