package detect

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Names of people: the embedded lists, titles, initials and particles. Words
// that are also everyday words, places or goods weigh less.

// maxNameTokens bounds the words of one person's name.
const maxNameTokens = 7

// token is one word of a value and what it can be.
type token struct {
	text    []byte
	kinds   kind
	capital bool // begins with a capital, or its script has none
	initial bool // "J." or "J"
	upper   bool // all capitals, two letters or more
}

// NameScore returns the log-odds that a single word is a given name and that
// it is a family name. Words that no list has get a little below zero, everyday
// words well below.
func (d *Detector) NameScore(word []byte) (given, family float32) {
	t := d.token(word)
	return t.scores(d)
}

// kindsOf returns what a whole value can be.
func (d *Detector) kindsOf(value []byte) kind {
	if len(value) > maxWord {
		return 0
	}
	var buf [2 * maxWord]byte
	return d.words.kinds(appendFold(buf[:0], value))
}

// maxWord is the longest entry looked up, in bytes.
const maxWord = 64

func (d *Detector) token(word []byte) token { return d.tokenOf(word, d.kindsOf(word)) }

// tokenOf is token for a word whose kinds are known.
func (d *Detector) tokenOf(word []byte, kinds kind) token {
	t := token{text: word, kinds: kinds}
	r, size := utf8.DecodeRune(word)
	t.capital = unicode.IsUpper(r) || r >= 0x590 && unicode.Is(unicode.Lo, r)
	rest := word[min(size, len(word)):]
	t.initial = len(rest) == 0 && isUpper(word[0]) || len(rest) == 1 && rest[0] == '.'
	if len(rest) > 0 && t.capital && r < 0x80 {
		t.upper = true
		for _, c := range rest {
			if isLower(c) {
				t.upper = false
			}
		}
	}
	if t.kinds&kindName == 0 {
		t.kinds |= d.compoundKinds(word)
	}
	return t
}

// compoundKinds returns what the halves of "Anne-Marie", "O'Neill" and
// "Müller-Schmidt" can be.
func (d *Detector) compoundKinds(word []byte) kind {
	if dash := bytes.IndexByte(word, '-'); dash > 1 && dash < len(word)-2 {
		return (d.kindsOf(word[:dash]) | d.kindsOf(word[dash+1:])) & (kindGiven | kindFamily)
	}
	if len(word) > 4 && (word[1] == '\'' && (word[0]|0x20 == 'o' || word[0]|0x20 == 'd')) {
		return kindFamily
	}
	return 0
}

// scores weighs one token.
func (t *token) scores(d *Detector) (given, family float32) {
	if t.initial {
		return 0, -1
	}
	given, family = -1, -0.8
	if !t.capital {
		given, family = -2.5, -2.5
	}
	var cost float32
	if t.kinds&kindWord != 0 {
		cost += 1.5
	}
	if t.kinds&kindPlace != 0 {
		cost += 0.8
	}
	if t.kinds&(kindJob|kindCompany) != 0 {
		cost += 1.5
	}
	if t.kinds&kindGiven != 0 {
		given += 4
		given -= cost
	} else {
		given -= 2 * cost
	}
	if t.kinds&kindFamily != 0 {
		family += 3.8
		family -= cost
	} else {
		family -= 2 * cost
		if cost == 0 && t.capital && hasFamilyEnding(t.text) {
			family += 1.5
		}
	}
	if han := hanFamily(d, t.text); han > 0 {
		given, family = max(given, 0), max(family, 0)
	}
	return given, family
}

// hasFamilyEnding reports the endings that mark family names in many
// languages.
func hasFamilyEnding(word []byte) bool {
	if len(word) < 5 {
		return false
	}
	for _, ending := range [...]string{
		"son", "sen", "ssen", "sson", "ova", "eva", "ov", "ev", "off", "eff", "ski", "sky", "ska", "cki", "wicz", "vic", "enko", "chuk",
		"ez", "mann", "berg", "burg", "stein", "feld", "baum", "meier", "meyer", "bauer", "dottir", "ian", "yan", "idis", "poulos", "akis",
		"shvili", "dze", "elli", "etti", "ini", "oglu", "ić", "ová", "ský", "wala", "wski",
	} {
		if bytes.HasSuffix(word, []byte(ending)) {
			return true
		}
	}
	return false
}

// tokens splits a value into words; n is -1 when it has too many or a sign
// that names do not have. comma is the number of words before a comma.
func (d *Detector) tokens(buf *[maxNameTokens]token, value []byte) (n, comma int) {
	start := -1
	for i := 0; i <= len(value); i++ {
		var c byte = ' '
		if i < len(value) {
			c = value[i]
		}
		if isLetter(c) || c >= 0x80 || c == '\'' || c == '-' || c == '.' && start >= 0 {
			if start < 0 {
				start = i
			}
			// "J.R. Smith" and "Dr.Smith": a full stop ends a word.
			if c != '.' {
				continue
			}
			i++
		} else if c != ' ' && c != ',' {
			return -1, 0
		}
		if start >= 0 {
			if n == maxNameTokens {
				return -1, 0
			}
			buf[n] = d.token(value[start:min(i, len(value))])
			n, start = n+1, -1
		}
		if i < len(value) && value[i] == ',' {
			if comma > 0 || n == 0 {
				return -1, 0
			}
			comma = n
		}
		if c == '.' {
			i-- // look at the sign behind the full stop again
		}
	}
	return n, comma
}

// isParticle reports the small words within family names.
func isParticle(word []byte) bool {
	switch string(word) {
	case "van", "von", "der", "den", "de", "la", "le", "du", "da", "dos", "das", "do", "di", "del", "della", "el", "al",
		"bin", "ibn", "bint", "ben", "ten", "ter", "zu", "zur", "y", "e", "af", "av", "st.", "'t", "het", "of",
		"Van", "Von", "Der", "Den", "De", "La", "Le", "Du", "Da", "Di", "Del", "Della", "El", "Al", "Bin", "Ibn", "Mac", "Mc", "St.",
		"VAN", "VON", "DER", "DE", "LA", "LE", "DU", "DA", "DI", "DEL", "EL", "AL":
		return true
	}
	return false
}

// fullNameOdds weighs a value of two words or more as a person's name.
func (d *Detector) fullNameOdds(tokens []token, comma int) float32 {
	var odds, known float32
	words := 0
	for i := range tokens {
		t := &tokens[i]
		switch {
		case t.kinds&kindPrefix != 0 && (i == 0 || i == len(tokens)-1 || i == comma) && len(t.text) < 12:
			odds += 1.5
		case t.initial:
			odds += 0.4
		case isParticle(t.text) && i < len(tokens)-1:
			odds += 0.2
		case t.kinds&kindCompany != 0 && t.kinds&kindName == 0:
			return -4
		default:
			given, family := t.scores(d)
			best := max(given, family)
			if best > 0 {
				known++
			}
			words++
			odds += 0.55*best + 0.2
		}
	}
	if words == 0 {
		return -4
	}
	if comma == 1 || comma == 2 && words <= 4 {
		odds += 0.3
	} else if comma > 0 {
		odds -= 2
	}
	if words > 4 {
		odds -= float32(words - 4)
	}
	if known == 0 {
		odds -= 1
	}
	return min(odds, 5)
}

// addNames adds the readings of several words as a name or a part of one.
func (r *reading) addNames(whole kind) {
	var tokens [maxNameTokens]token
	n, comma := r.d.tokens(&tokens, r.value)
	if n < 2 {
		return
	}
	odds := r.d.fullNameOdds(tokens[:n], comma)
	if whole&(kindPlace|kindJob) != 0 {
		odds -= 3
	}
	r.addIf(odds > -2, PersonName, odds)
	r.addParts(tokens[:n], whole)
}

// addParts reads several words as one part of a name: "Mary Ann", "van der
// Berg", "García López".
func (r *reading) addParts(tokens []token, whole kind) {
	if len(tokens) > 4 {
		return
	}
	var given, family float32
	particles := 0
	for i := range tokens {
		if isParticle(tokens[i].text) {
			particles++
			given -= 0.5
			continue
		}
		g, f := tokens[i].scores(r.d)
		given, family = given+g, family+f
	}
	words := float32(len(tokens) - particles)
	if words == 0 {
		return
	}
	// Most values of two words are no part of a name, whatever their words.
	given, family = given/words-0.8, family/words-0.8
	if particles > 0 {
		family += 1.2
	}
	if whole&kindGiven != 0 {
		given += 2
	}
	if whole&kindFamily != 0 {
		family += 2
	}
	r.addIf(given > 0, PersonGiven, given)
	r.addIf(family > 0, PersonFamily, family)
}

// hanFamily weighs two to four Han or Hangul characters as a full name: it
// begins with a listed family name. Zero when the value is anything else.
func hanFamily(d *Detector, value []byte) float32 {
	if len(value) < 6 || len(value) > 18 || value[0] < 0xe3 {
		return 0
	}
	n, hangul := 0, false
	for _, r := range string(value) {
		if !unicode.In(r, unicode.Han, unicode.Hangul) {
			return 0
		}
		hangul = hangul || unicode.Is(unicode.Hangul, r)
		n++
	}
	if n < 2 || n > 5 || hangul && n > 4 {
		return 0
	}
	for _, size := range [...]int{6, 3, 9} {
		if size < len(value) && d.words.kinds(value[:size])&kindFamily != 0 {
			if hangul && n == 3 || !hangul && size == 6 {
				return 3
			}
			return 2
		}
	}
	return 0
}
