package wire

import (
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAttributesOfAnOrigin(t *testing.T) {
	address := netip.MustParseAddr
	long := strings.Repeat("x", 256)
	for _, tc := range []struct {
		arg   string
		names []string
		want  Origin // the zero Origin where it is refused
	}{
		// The examples of Postfix's own documents.
		{"NAME=spike.porcupine.org ADDR=168.100.189.2", xclientNames, Origin{Name: "spike.porcupine.org", Addr: address("168.100.189.2")}},
		{"NAME=spike.porcupine.org ADDR=168.100.189.2 PROTO=ESMTP ", xforwardNames, Origin{Name: "spike.porcupine.org", Addr: address("168.100.189.2"), Proto: "ESMTP"}},
		{"name=spike.porcupine.org  addr=IPV6:2001:db8::7 port=4711", xclientNames, Origin{Name: "spike.porcupine.org", Addr: address("2001:db8::7"), Port: 4711}},
		{"ADDR=ipv6:::ffff:192.0.2.7", xclientNames, Origin{Addr: address("192.0.2.7")}},
		{"ADDR=2001:db8::7", xforwardNames, Origin{Addr: address("2001:db8::7")}}, // as nginx once wrote it
		{"NAME=[UNAVAILABLE] ADDR=[unavailable] PORT=[Unavailable] HELO=x", xforwardNames, Origin{Helo: "x"}},
		{"NAME=[TEMPUNAVAIL] ADDR=192.0.2.7", xclientNames, Origin{Addr: address("192.0.2.7")}},
		{"LOGIN=ana+40office.example ADDR=192.0.2.7", xclientNames, Origin{Login: "ana@office.example", Addr: address("192.0.2.7")}},
		{"LOGIN=J+C3+BCrgen+20M", xclientNames, Origin{Login: "Jürgen M"}},
		{"LOGIN=a+b", xclientNames, Origin{Login: "a+b"}}, // no xtext, as of an old Postfix
		{"IDENT=4Xyz SOURCE=remote HELO=mail.source.example", xforwardNames, Origin{Ident: "4Xyz", Source: "REMOTE", Helo: "mail.source.example"}},
		{"HELO=a+0Ab+20c+FF", xforwardNames, Origin{Helo: "a?b?c?"}},
		{"DESTADDR=192.0.2.1 DESTPORT=25 ADDR=192.0.2.7", xclientNames, Origin{Addr: address("192.0.2.7")}},

		{"", xclientNames, Origin{}},
		{"ADDR", xclientNames, Origin{}},
		{"ADDR=", xclientNames, Origin{}},
		{"=192.0.2.7", xclientNames, Origin{}},
		{"ADDR=192.0.2.7 ADDR=192.0.2.8", xclientNames, Origin{}},
		{"ADDR=192.0.2.7 addr=192.0.2.8", xclientNames, Origin{}},
		{"ADDR=[192.0.2.7]", xclientNames, Origin{}},
		{"ADDR=192.0.2.256", xclientNames, Origin{}},
		{"ADDR=192.0.2", xclientNames, Origin{}},
		{"ADDR=IPV6:192.0.2.7", xclientNames, Origin{}},
		{"ADDR=fe80::1%25eth0", xclientNames, Origin{}},
		{"ADDR=fe80::1%eth0", xclientNames, Origin{}},
		{"PORT=65536", xclientNames, Origin{}},
		{"PORT=-1", xclientNames, Origin{}},
		{"PORT=4+37", xclientNames, Origin{Port: 47}},
		{"NAME=a+20b", xclientNames, Origin{}},
		{"NAME=a@b", xclientNames, Origin{}},
		{"LOGIN=ana+00", xclientNames, Origin{}},
		{"LOGIN=ana+0D+0AMAIL", xclientNames, Origin{}},
		{"LOGIN=+FF", xclientNames, Origin{}},
		{"HELO=" + long, xclientNames, Origin{}},
		{"PROTO=" + long[:65], xforwardNames, Origin{}},
		{"SOURCE=HERE", xforwardNames, Origin{}},
		{"LOGIN=ana", xforwardNames, Origin{}}, // XFORWARD gives no rights
		{"IDENT=x", xclientNames, Origin{}},
		{"REVERSE_NAME=x", xclientNames, Origin{}}, // not in the documents
	} {
		got, refusal := parseOrigin(Origin{}, tc.arg, tc.names)
		if tc.want == (Origin{}) {
			if !strings.HasPrefix(refusal, "501 5.5.4 ") {
				t.Errorf("%q: %+v %q, want 501", tc.arg, got, refusal)
			}
			continue
		}
		if refusal != "" || got != tc.want {
			t.Errorf("%q: %+v %q, want %+v", tc.arg, got, refusal, tc.want)
		}
	}
}

// What is not told again stays, and what is wrong changes nothing.
func TestAttributesComeInParts(t *testing.T) {
	first, refusal := parseOrigin(Origin{}, "NAME=mail.source.example PORT=4711", xforwardNames)
	if refusal != "" {
		t.Fatal(refusal)
	}
	second, refusal := parseOrigin(first, "ADDR=192.0.2.7 PORT=[UNAVAILABLE]", xforwardNames)
	if want := (Origin{Name: "mail.source.example", Addr: netip.MustParseAddr("192.0.2.7")}); refusal != "" || second != want {
		t.Errorf("%+v %q, want %+v", second, refusal, want)
	}
}

// FuzzOrigin asserts that nothing that is told can leave the line, the field or
// the header that it is written to, and that a refusal repeats none of it.
func FuzzOrigin(f *testing.F) {
	for _, seed := range []string{
		"NAME=spike.porcupine.org ADDR=168.100.189.2 LOGIN=ana+40office.example", "ADDR=IPV6:::1 PORT=25 HELO=a+0Ab",
		"IDENT=x SOURCE=LOCAL PROTO=SMTP", "name=[tempunavail] destaddr=::1 destport=0", "A=B", "LOGIN=+C3+28",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		for _, names := range [][]string{xclientNames, xforwardNames} {
			got, refusal := parseOrigin(Origin{}, arg, names)
			if refusal != "" {
				if !validReply(refusal+"\r\n") || len(refusal) > 100 {
					t.Errorf("%q is refused with %q", arg, refusal)
				}
				continue
			}
			for _, text := range []string{got.Name, got.Helo, got.Proto, got.Ident, got.Source} {
				if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || len(text) > longestAttribute {
					t.Errorf("%q gives %q", arg, text)
				}
			}
			if !utf8.ValidString(got.Login) || strings.ContainsAny(got.Login, "\r\n\x00\t") {
				t.Errorf("%q gives the login %q", arg, got.Login)
			}
			if got.Addr.Zone() != "" || got.Addr.Is4In6() {
				t.Errorf("%q gives the address %s", arg, got.Addr)
			}
		}
	})
}
