package detect

import "bytes"

// Streets and whole addresses: a house number beside a word for a street, in
// the languages of the embedded list, or a name with such an ending.

const (
	streetOdds      = 4.5
	streetGuessOdds = 0.8 // number and words
	addressOdds     = 4.5
)

// streetClues is what the words of a value say of an address.
type streetClues struct {
	street bool // a street word, or a compound that ends in one
	number bool // a token that is a house number
	words  int
	commas int
	places int
	post   bool // a token with the form of a postcode
	numAt  bool // the number is first or last
}

func (d *Detector) streetClues(value []byte) (s streetClues) {
	start, tokens := 0, 0
	for i := 0; i <= len(value); i++ {
		if i < len(value) {
			switch value[i] {
			case ',', '\n':
				s.commas++
			case ' ', '\r', '\t':
			default:
				continue
			}
		}
		if i > start {
			tokens++
			s.word(d, value[start:i], tokens == 1, i == len(value))
		}
		start = i + 1
	}
	return s
}

// word takes one word in.
func (s *streetClues) word(d *Detector, word []byte, first, last bool) {
	if n := len(word) - 1; first && !last && n > 0 && n <= 3 && word[n] == '.' && isDigit(word[0]) && isDigit(word[n-1]) {
		return // it counts the lines
	}
	if isHouseNumber(word) {
		s.number = true
		s.numAt = s.numAt || first || last
		s.post = s.post || len(word) >= 4 && !first
		return
	}
	s.words++
	k := d.kindsOf(word)
	s.street = s.street || k&kindStreet != 0 || hasStreetEnding(word)
	if k&kindPlace != 0 {
		s.places++
	}
}

// isHouseNumber reports "12", "12a", "12/3", "12-14", "#4".
func isHouseNumber(word []byte) bool {
	word = bytes.TrimLeft(word, "#")
	word = bytes.TrimRight(word, ".")
	if len(word) == 0 || len(word) > 9 || !isDigit(word[0]) {
		return false
	}
	letters := 0
	for _, c := range word {
		switch {
		case isLetter(c):
			letters++
		case !isDigit(c) && c != '/' && c != '-':
			return false
		}
	}
	return letters <= 1
}

// hasStreetEnding reports compounds: Hauptstraße, Dorpsstraat, Storgatan,
// Skolvägen, Kirkeveien, Mannerheimintie.
func hasStreetEnding(word []byte) bool {
	n := len(word)
	if n < 7 || n > 40 {
		return false
	}
	switch string(word[n-3:]) {
	case "weg", "str", "vei", "vej", "tie":
		return true
	}
	switch string(word[n-4:]) {
	case "str.", "damm", "ufer", "laan", "kade", "gade", "katu", "kuja", "gata":
		return true
	}
	switch string(word[n-5:]) {
	case "platz", "allee", "gasse", "plein", "gatan", "veien", "vegen", "stien", "dreef", "steeg":
		return true
	}
	switch string(word[n-6:]) {
	case "traße", "straat", "gracht", "singel", "vägen", "stigen", "gränd":
		return true
	}
	return n > 8 && string(word[n-7:]) == "strasse"
}

// addStreet adds the readings of a value as a street or an address.
func (r *reading) addStreet() bool {
	if r.shape.n < 6 || r.shape.letters() < 3 || r.shape.of(classSpace) == 0 {
		return hanAddress(r)
	}
	s := r.d.streetClues(r.value)
	switch {
	case s.words == 0:
		return false
	case s.street && s.number && (s.commas >= 2 || s.commas == 1 && (s.post || s.places > 0)):
		r.add(AddressFull, addressOdds)
		r.add(AddressStreet, 1.5)
	case s.street && s.number && s.words <= 7:
		r.add(AddressStreet, streetOdds)
		r.add(AddressFull, 0.5)
	case s.post && s.commas >= 1 && s.words <= 8 && s.places > 0:
		r.add(AddressFull, addressOdds-1.5)
	case s.number && s.numAt && s.words >= 1 && s.words <= 4:
		r.add(AddressStreet, streetGuessOdds)
	default:
		return hanAddress(r)
	}
	return true
}

// hanAddress reads Chinese and Japanese addresses, which have no spaces: two
// or more of the signs for province, city, ward, road and number.
func hanAddress(r *reading) bool {
	if r.shape.of(classHigh) < 12 {
		return false
	}
	signs := 0
	for _, c := range string(r.value) {
		switch c {
		case '省', '市', '区', '县', '路', '街', '号', '都', '府', '県', '町', '村', '丁', '目', '番', '地', '시', '구', '동', '로', '길', '道', '巷', '弄', '室', '樓', '楼', '號', '鄉', '鎮', '段':
			signs++
		}
	}
	if signs < 2 {
		return false
	}
	r.add(AddressFull, 2+float32(min(signs, 4))/2)
	return true
}
