package sample

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// card returns a number with the check digit of Luhn (ISO/IEC 7812-1, annex B).
func (d *draw) card() string {
	digits := []byte(d.fill("4539##########") + d.fill("#"))
	digits = append(digits, '0')
	for c := byte('0'); c <= '9'; c++ {
		digits[len(digits)-1] = c
		if luhn(digits) {
			break
		}
	}
	return string(digits)
}

func luhn(digits []byte) bool {
	sum := 0
	for i := range digits {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// iban returns a German IBAN with its check digits (ISO 13616, mod 97-10).
func (d *draw) iban() string {
	bban := d.fill("##################")
	n, _ := new(big.Int).SetString(bban+"131400", 10)
	rest := new(big.Int).Mod(n, big.NewInt(97)).Int64()
	return fmt.Sprintf("DE%02d%s", 98-rest, bban)
}

// national returns an identity number of the locale, as far as one is written
// here; others have the form alone.
func (d *draw) national(p person) string {
	switch d.locale.Headers["id.national"][0] {
	case "DNI":
		n := d.rng.IntN(90000000) + 10000000
		return strconv.Itoa(n) + string("TRWAGMYFPDXBNJZSQVHLCKE"[n%23])
	case "PESEL":
		return d.weighted(fmt.Sprintf("%02d%02d%02d", p.year%100, p.month, p.day)+d.fill("####"),
			[]int{1, 3, 7, 9, 1, 3, 7, 9, 1, 3}, 10)
	case "Personnummer":
		base := fmt.Sprintf("%02d%02d%02d", p.year%100, p.month, p.day) + d.fill("###")
		for c := '0'; c <= '9'; c++ {
			if full := base + string(c); luhn([]byte(full)) {
				return full[:6] + "-" + full[6:]
			}
		}
	case "ni_number":
		return strings.ToUpper(string("ABCEGHJ"[d.rng.IntN(7)])+string("ABCEGHJ"[d.rng.IntN(7)])) + d.fill("######") + "C"
	case "身份证号":
		return d.resident(p)
	case "Numéro de sécurité sociale":
		base := fmt.Sprintf("%d%02d%02d75", 1+d.rng.IntN(2), p.year%100, p.month) + d.fill("######")
		n, _ := strconv.Atoi(base)
		return fmt.Sprintf("%s%02d", base, 97-n%97)
	case "BSN":
		return d.elevens()
	}
	return d.fill("1##########")
}

// weighted appends the check digit of a weighted sum.
func (d *draw) weighted(base string, weights []int, mod int) string {
	sum := 0
	for i, w := range weights {
		sum += int(base[i]-'0') * w
	}
	return base + strconv.Itoa((mod-sum%mod)%mod)
}

// resident returns a Chinese identity number (GB 11643).
func (d *draw) resident(p person) string {
	base := fmt.Sprintf("110105%04d%02d%02d", p.year, p.month, p.day) + d.fill("###")
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(base[i]-'0') * w
	}
	return base + string("10X98765432"[sum%11])
}

// elevens returns a Dutch citizen number, which passes the eleven test.
func (d *draw) elevens() string {
	for {
		n := d.fill("1########")
		sum := -int(n[8] - '0')
		for i := range 8 {
			sum += int(n[i]-'0') * (9 - i)
		}
		if sum%11 == 0 {
			return n
		}
	}
}
