package detect

// Postcodes: forms of the Universal Postal Union's addressing sheets. Those
// with letters stand for themselves; runs of digits are a guess that the
// neighbours confirm.

const (
	postcodeLetterOdds = 4.5 // "SW1A 1AA"
	postcodeShapeOdds  = 3   // "90210-1234", "123 45", "LV-1010"
	postcodeFiveOdds   = 0.8
	postcodeFourOdds   = 0.2
)

// postcodeOdds weighs value as a postcode; zero when it has no form of one.
func postcodeOdds(value []byte, s *shape) float32 {
	if s.n < 3 || s.n > maxPostcode {
		return 0
	}
	if s.digits() == s.n {
		switch s.n {
		case 5:
			return postcodeFiveOdds
		case 4, 6, 7:
			return postcodeFourOdds
		}
		return 0
	}
	if s.ascii() == 0 {
		for _, form := range [...]string{
			"99999-9999", "99999-999", "9999-999", "999 99", "99-999", "999-9999", "999999-999", "999-999", "9999 999", "999-99",
		} {
			if matches(form, value) {
				return postcodeShapeOdds
			}
		}
		return 0
	}
	return letterPostcodeOdds(value)
}

// postcodeForm is a form with letters, and what it says.
type postcodeForm struct {
	form string
	odds float32
}

// letterPostcodes are the forms with letters by their length, since a value is
// asked only for those of its own.
var letterPostcodes = func() (forms [maxPostcode + 1][]postcodeForm) {
	for _, form := range [...]string{
		"A9A 9A9", "A9A9A9", // Canada
		"9999 AA", // Netherlands
		"A9* ****", "A99 ****", "D6W ****",
	} {
		forms[len(form)] = append(forms[len(form)], postcodeForm{form, postcodeLetterOdds})
	}
	for _, form := range [...]string{
		"9999AA", "LV-9999", "LT-99999", "D-99999", "A-9999", "CH-9999", "B-9999", "L-9999", "F-99999", "I-99999", "SE-99999",
		"FI-99999", "DK-9999", "NO-9999", "SI-9999", "HR-99999", "PL-99-999", "CZ-99999", "AD999", "MD-9999", "A9999", "A9999AAA",
		"AAA 9999", "KY9-9999", "BB99999", "AZ9999",
	} {
		forms[len(form)] = append(forms[len(form)], postcodeForm{form, postcodeShapeOdds - 1})
	}
	return forms
}()

// maxPostcode is the length of the longest postcode, in bytes.
const maxPostcode = 10

// letterPostcodeOdds weighs forms with letters.
func letterPostcodeOdds(value []byte) float32 {
	var buf [maxPostcode]byte
	upper := buf[:copy(buf[:], value)]
	for i, c := range upper {
		if isLower(c) {
			upper[i] = c - 0x20
		}
	}
	if isBritishPostcode(upper) {
		return postcodeLetterOdds
	}
	for _, f := range letterPostcodes[len(upper)] {
		if matches(f.form, upper) {
			return f.odds
		}
	}
	return 0
}

// isBritishPostcode reports the forms of Royal Mail's PAF: outward code, then a
// digit and two letters that are none of C, I, K, M, O and V.
func isBritishPostcode(upper []byte) bool {
	n := len(upper)
	if n < 5 || !matches("9AA", upper[n-3:]) {
		return false
	}
	for _, c := range upper[n-2:] {
		switch c {
		case 'C', 'I', 'K', 'M', 'O', 'V':
			return false
		}
	}
	outward := upper[:n-3]
	if outward[len(outward)-1] == ' ' {
		outward = outward[:len(outward)-1]
	}
	for _, form := range [...]string{"A9", "A99", "A9A", "AA9", "AA99", "AA9A"} {
		if matches(form, outward) {
			return true
		}
	}
	return false
}
