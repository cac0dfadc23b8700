package detect

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Names of people: the embedded lists, titles, initials and particles. Words
// that are also everyday words, places or goods weigh less.

// NameScore returns the log-odds that a single word is a given name and that
// it is a family name. Words that no list has get a little below zero, everyday
// words well below.
func (d *Detector) NameScore(word []byte) (given, family float32) {
	if len(word) == 0 {
		return 0, 0
	}
	t := d.token(word)
	return t.given, t.family
}

// kindsOf returns what a whole value can be.
func (d *Detector) kindsOf(value []byte) kind { return d.words.kindsOf(value) }

// token is one word of a value and what it can be.
type token struct {
	text          []byte
	kinds         kind
	capital       bool // begins with a capital, or its script has none
	initial       bool // "J." or "J"
	particle      bool
	given, family float32 // log-odds
}

func (d *Detector) token(word []byte) token { return d.tokenOf(word, d.kindsOf(word)) }

// tokenOf is token for a word whose kinds are known.
func (d *Detector) tokenOf(word []byte, kinds kind) token {
	t := token{text: word, kinds: kinds, particle: isParticle(word)}
	size := 1
	if word[0] < utf8.RuneSelf {
		t.capital = isUpper(word[0])
	} else {
		var r rune
		r, size = utf8.DecodeRune(word)
		t.capital = unicode.IsUpper(r) || r >= 0x590 && unicode.Is(unicode.Lo, r)
	}
	rest := word[size:]
	t.initial = t.capital && (len(rest) == 0 && size == 1 || len(rest) == 1 && rest[0] == '.')
	if kinds&kindName == 0 && len(rest) > 3 {
		t.kinds |= d.compoundKinds(word)
	}
	t.given, t.family = t.scores()
	return t
}

// compoundKinds returns what the halves of "Anne-Marie", "O'Neill" and
// "Müller-Schmidt" can be.
func (d *Detector) compoundKinds(word []byte) kind {
	if dash := bytes.IndexByte(word, '-'); dash > 1 && dash < len(word)-2 {
		return (d.kindsOf(word[:dash]) | d.kindsOf(word[dash+1:])) & kindName
	}
	if word[1] == '\'' && (word[0]|0x20 == 'o' || word[0]|0x20 == 'd') {
		return kindFamily
	}
	return 0
}

// scores weighs a token by its kinds and its form.
func (t *token) scores() (given, family float32) {
	if t.initial {
		return 0, -1
	}
	given, family = -1, -0.8
	if !t.capital {
		given, family = -2, -2
	}
	var cost float32
	if t.kinds&kindWord != 0 {
		cost += 1.5
	}
	if t.kinds&kindPlace != 0 {
		cost += 0.8
	}
	if t.kinds&(kindJob|kindCompany|kindStatus|kindCurrency) != 0 {
		cost += 1.5
	}
	switch {
	case t.kinds&kindGiven != 0:
		given += 4 - cost
	case t.kinds&kindGivenRare != 0:
		given += 2.5 - cost
	default:
		given -= 2 * cost
	}
	switch {
	case t.kinds&kindFamily != 0:
		family += 3.8 - cost
		return given, family
	case t.kinds&kindFamilyRare != 0:
		family += 2.5 - cost
		return given, family
	}
	family -= 2 * cost
	if cost == 0 && t.capital && hasFamilyEnding(t.text) {
		family += 1.5
	}
	return given, family
}

// hasFamilyEnding reports the endings that mark family names in many
// languages.
func hasFamilyEnding(word []byte) bool {
	n := len(word)
	if n < 5 {
		return false
	}
	switch string(word[n-2:]) {
	case "ov", "ev", "ez", "ić":
		return true
	}
	switch string(word[n-3:]) {
	case "son", "sen", "ova", "eva", "off", "eff", "ski", "sky", "ska", "cki", "vic", "ian", "yan", "dze", "ini", "ić", "vá", "ká":
		return true
	}
	switch string(word[n-4:]) {
	case "wicz", "enko", "chuk", "mann", "berg", "burg", "feld", "baum", "akis", "idis", "elli", "etti", "oglu", "ová", "ský":
		return true
	}
	switch string(word[n-5:]) {
	case "stein", "meier", "meyer", "bauer", "tsson":
		return true
	}
	return bytes.HasSuffix(word, []byte("dottir")) || bytes.HasSuffix(word, []byte("poulos")) || bytes.HasSuffix(word, []byte("shvili"))
}

// isParticle reports the small words within family names.
func isParticle(word []byte) bool {
	if len(word) > 5 {
		return false
	}
	switch string(word) {
	case "van", "von", "der", "den", "de", "la", "le", "du", "da", "dos", "das", "do", "di", "del", "della", "el", "al",
		"bin", "ibn", "bint", "ben", "ten", "ter", "zu", "zur", "y", "e", "af", "av", "st.", "'t", "het",
		"Van", "Von", "Der", "Den", "De", "La", "Le", "Du", "Da", "Di", "Del", "Della", "El", "Al", "Bin", "Ibn", "Mac", "Mc", "St.",
		"VAN", "VON", "DER", "DE", "LA", "LE", "DU", "DA", "DI", "DEL", "EL", "AL":
		return true
	}
	return false
}

// hanFamily weighs two to five Han or Hangul characters as a full name: it
// begins with a listed family name. Zero when the value is anything else.
func hanFamily(d *Detector, value []byte) float32 {
	if len(value) < 6 || len(value) > 15 || value[0] < 0xe3 {
		return 0
	}
	n, hangul := 0, 0
	for _, r := range string(value) {
		switch {
		case r >= 0xac00 && r <= 0xd7a3:
			hangul++
		case r < 0x3400 || r > 0x9fff:
			return 0
		}
		n++
	}
	if n < 2 || n > 5 || hangul > 0 && (hangul != n || n > 4) {
		return 0
	}
	for _, size := range [...]int{6, 3, 9} {
		if size < len(value) && d.kindsOf(value[:size])&kindFamily != 0 {
			if hangul == 3 || hangul == 0 && size == 6 {
				return 3
			}
			return 2
		}
	}
	return 0
}
