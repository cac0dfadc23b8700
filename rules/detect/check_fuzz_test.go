package detect

import (
	"bytes"
	"fmt"
	"testing"
)

// formed makes an identifier of a scheme's form out of any octets.
func formed(form string, choices []byte) []byte {
	const digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	id := []byte(form)
	for i := range id {
		c := 0
		if i < len(choices) {
			c = int(choices[i])
		}
		switch form[i] {
		case '9':
			id[i] = digits[c%10]
		case 'A':
			id[i] = letters[c%26]
		case '*':
			id[i] = (digits + letters)[c%36]
		}
	}
	return id
}

// unchecked are the schemes whose last sign checks nothing: they have no check
// digit, or one elsewhere, or, as India's tax number, one that is not looked at.
var unchecked = map[string]bool{
	"AL A99999999A": true, "AU 9999999999": true, "AU 99999999999": true, "CZ 999999999": true, "DK 9999999999": true,
	"EG 99999999999999": true, "GB AA999999A": true, "ID 9999999999999999": true, "IN 99AAAAA9999A*Z*": true, "IN AAAAA9999A": true,
	"KR 9999999999999": true, "MT 9999999A": true, "MX AAA999999***": true, "MX AAAA999999***": true, "MY 999999999999": true,
	"PK 9999999999999": true, "US 999999999": true,
}

// FuzzSchemes: every scheme judges any value of its form, and others, without a
// fault; a bare value that a scheme takes is found by Is; and where its last
// sign checks the others, hardly another in its place is taken, too.
func FuzzSchemes(f *testing.F) {
	var all []scheme
	for _, byLetters := range newSchemes() {
		for _, list := range byLetters {
			for _, p := range list.list {
				all = append(all, p.scheme)
			}
		}
	}
	for i := range all {
		f.Add(uint16(i), []byte{byte(3 * i), 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3})
		f.Add(uint16(i), bytes.Repeat([]byte{0}, maxScheme))
		f.Add(uint16(i), bytes.Repeat([]byte{9}, maxScheme))
	}
	d := newDetector(f)
	f.Fuzz(func(t *testing.T, which uint16, choices []byte) {
		s := all[int(which)%len(all)]
		id := formed(s.form, choices)
		name := s.country + " " + s.form
		taken := ""
		for _, last := range []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			id[len(id)-1] = last
			if !matches(s.form, id) || !s.valid(id) {
				continue
			}
			taken += string(last)
			if s.kind == IDNational && !sameDigit(id) && !d.Is(IDNational, id) {
				t.Errorf("%s: %s is valid, and not found", name, id)
			}
		}
		if len(taken) > 2 && !unchecked[name] {
			t.Errorf("%s: behind %s each of %s is taken", name, id[:len(id)-1], taken)
		}
	})
}

// checks are the check digits that find every single wrong digit; transposed
// tells which two neighbours they may not tell apart from each other.
var checks = []struct {
	name       string
	form       string
	valid      func([]byte) bool
	transposed func(a, b byte) bool
}{
	{"Luhn", "9999999999999999", luhn, func(a, b byte) bool { return a == '0' && b == '9' || a == '9' && b == '0' }},
	{"Verhoeff", "999999999999", verhoeff, func(byte, byte) bool { return false }},
	{"EAN-13", "9999999999999", ean, func(a, b byte) bool { return max(a, b)-min(a, b) == 5 }},
	{"ISO 7064 MOD 11,10", "99999999999", iso7064, func(byte, byte) bool { return true }},
	{"IBAN", "GB99AAAA99999999999999", func(id []byte) bool { return mod97(id) == 1 }, func(byte, byte) bool { return false }},
	{"ABA", "999999999", func(id []byte) bool { return weighted(id, "371371371")%10 == 0 }, func(a, b byte) bool { return max(a, b)-min(a, b) == 5 }},
}

// FuzzCheckDigits: of a number that is right, no digit can be changed alone, and
// no two neighbours changed over, without its being found out, but for those that
// the scheme is known not to tell apart.
func FuzzCheckDigits(f *testing.F) {
	for i := range checks {
		f.Add(uint8(i), []byte("3141592653589793238462"), uint8(3), uint8(7))
		f.Add(uint8(i), []byte{}, uint8(0), uint8(1))
	}
	f.Fuzz(func(t *testing.T, which uint8, choices []byte, place, other uint8) {
		c := checks[int(which)%len(checks)]
		id := formed(c.form, choices)
		if !completed(c.form, id, c.valid) {
			return // it has none, as 1 in 97 has not
		}
		at := int(place) % len(id)
		right := id[at]
		if c.form[at] == '9' && other%10 != right-'0' {
			id[at] = '0' + other%10
			if c.valid(id) {
				t.Errorf("%s: %s is taken with %c for %c at %d", c.name, id, id[at], right, at)
			}
			id[at] = right
		}
		if at+1 < len(id) && c.form[at] == '9' && c.form[at+1] == '9' && id[at] != id[at+1] && !c.transposed(id[at], id[at+1]) {
			id[at], id[at+1] = id[at+1], id[at]
			if c.valid(id) {
				t.Errorf("%s: %s is taken with two digits changed over at %d", c.name, id, at)
			}
		}
	})
}

// completed puts the check digit of an IBAN at its place, and that of the others
// at their end.
func completed(form string, id []byte, valid func([]byte) bool) bool {
	if form[0] == 'G' {
		for n := 2; n < 99; n++ {
			copy(id[2:], fmt.Sprintf("%02d", n))
			if valid(id) {
				return true
			}
		}
		return false
	}
	for last := byte('0'); last <= '9'; last++ {
		id[len(id)-1] = last
		if valid(id) {
			return true
		}
	}
	return false
}
