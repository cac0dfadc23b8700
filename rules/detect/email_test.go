package detect

import (
	"bytes"
	"testing"
)

func TestEmailAddresses(t *testing.T) {
	valid := []string{
		"a@b.de", "jane.doe@example.com", "jane+news@example.co.uk", "o'neill@example.ie", "x_y-z@sub.domain.example.org",
		"user@bücher.example", "用户@例子.广告", "1234567890@example.com", "user@xn--bcher-kva.example",
		"jürgen@müller.de", // SMTPUTF8, RFC 6531
	}
	for _, value := range valid {
		if !isEmail([]byte(value)) {
			t.Errorf("%q is no address", value)
		}
	}
	invalid := []string{
		"", "@", "a@", "@b.de", "a@b", "a@b.1", "a..b@c.de", ".a@b.de", "a.@b.de", "a b@c.de", "a@-b.de", "a@b-.de", "a@b..de",
		"a@b.c",            // one letter is no top-level domain
		"12@3.45",          // a price
		"\xff\xfe@\xfd.de", // no text
	}
	for _, value := range invalid {
		if isEmail([]byte(value)) {
			t.Errorf("%q is an address", value)
		}
	}
}

func TestCompactEmailEqualsOtherSpellings(t *testing.T) {
	tests := []struct{ value, want string }{
		{"Jane.Doe@Example.COM", "jane.doe@example.com"},
		{"jane+shop@example.com", "jane@example.com"},
		{"Jane Doe <jane@example.com>", "jane@example.com"},
		{"mailto:jane@example.com", "jane@example.com"},
		{"a@Bücher.example", "a@xn--bcher-kva.example"},
		{"no address", "no address"},
	}
	for _, tt := range tests {
		if got := string(Compact(nil, ContactEmail, []byte(tt.value))); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.value, got, tt.want)
		}
	}
}

func TestRoleAddresses(t *testing.T) {
	for _, value := range []string{
		"info@example.com", "No-Reply@example.com", "noreply@example.com", "support+123@example.com", "customer.service@example.com",
		"bounces-1234@lists.example.com", "mailer-daemon@example.com", "postmaster@example.com", "rechnung@example.de", "sales2@example.com",
	} {
		if !Role([]byte(value)) {
			t.Errorf("%q is a person", value)
		}
	}
	for _, value := range []string{
		"jane@example.com", "j.info@example.com", "mark.sales@example.com", "info", "", "@example.com", "12345@example.com", "listermann@example.com",
	} {
		if Role([]byte(value)) {
			t.Errorf("%q is a role", value)
		}
	}
}

// FuzzPlainEmail: what is told of an address eight bytes at a time is what is
// told byte by byte.
func FuzzPlainEmail(f *testing.F) {
	for _, value := range []string{
		"anna.weber@mail.example", "Anna_W-1@Mail.EXAMPLE", "a@b.co", "anna..w@mail.example", "anna.@mail.example", ".anna@mail.example",
		"anna@.mail.example", "anna@mail-.example", "anna@mail--x.example", "anna@mail.e1", "anna@mail.e", "anna@mail.example.", "anna@b@mail.example",
		"anna+x@mail.example", "ännä@mail.example", "anna weber@mail.example", "anna@_mail.example", "@mail.example", "anna@mail.example\x00", "anna@mail.example@", "anna@mail.photography", "a@bcdefg.h", "a@b.cdefghij", "-anna-@mail.example",
	} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		got, at, ok := PlainEmail([]byte("x"), value)
		want, place, wanted := plainEmail([]byte("x"), value)
		if ok != wanted || at != place || !bytes.Equal(got, want) {
			t.Errorf("%q: %q with @ at %d, %v, want %q at %d, %v", value, got, at, ok, want, place, wanted)
		}
	})
}
