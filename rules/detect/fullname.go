package detect

// maxTokens bounds the words of a value that is read word by word.
const maxTokens = 8

// tokens splits a value into words. n is -1 when it has too many or a sign
// that names do not have; comma is the number of words before a comma.
func (d *Detector) tokens(buf *[maxTokens]token, value []byte) (n, comma int) {
	start := -1
	flush := func(end int) bool {
		if start < 0 {
			return true
		}
		if n == maxTokens {
			return false
		}
		buf[n] = d.token(value[start:end])
		n, start = n+1, -1
		return true
	}
	for i, c := range value {
		switch {
		case isLetter(c) || c >= 0x80 || c == '\'' || c == '-':
			if start < 0 {
				start = i
			}
		case c == '.' && start >= 0: // "J.R. Smith" and "Dr.Smith": it ends a word
			if !flush(i + 1) {
				return -1, 0
			}
		case c == ' ' || c == ',' || c == '.':
			if !flush(i) {
				return -1, 0
			}
			if c == ',' {
				if comma > 0 || n == 0 {
					return -1, 0
				}
				comma = n
			}
		default:
			return -1, 0
		}
	}
	if !flush(len(value)) {
		return -1, 0
	}
	return n, comma
}

// addNames adds the readings of several words as a name or a part of one.
func (r *reading) addNames(tokens []token, comma int, whole kind) {
	if len(tokens) < 2 || len(tokens) > maxTokens-1 {
		return
	}
	odds := fullNameOdds(tokens, comma)
	if whole&(kindPlace|kindJob|kindNationality|kindStatus|kindCondition|kindReligion) != 0 {
		odds -= 3
	}
	r.addIf(odds > -2, PersonName, odds)
	r.addParts(tokens, whole)
}

// fullNameOdds weighs words as a person's full name.
func fullNameOdds(tokens []token, comma int) float32 {
	var odds float32
	words, known, initials := 0, 0, 0
	for i := range tokens {
		t := &tokens[i]
		switch {
		case t.kinds&kindPrefix != 0 && (i == 0 || i == len(tokens)-1 || i == comma) && len(t.text) < 12 && t.kinds&kindName == 0:
			odds += 1.5
		case isConjunction(t.text): // a firm, or a couple
			odds -= 2.5
		case t.initial:
			initials++
		case t.particle && i < len(tokens)-1:
			odds += 0.2
		case t.kinds&(kindCompany|kindStreet) != 0 && t.kinds&kindName == 0:
			odds -= 3
		default:
			best := max(t.given, t.family, -2.5)
			if best > 0 {
				known++
			}
			words++
			odds += 0.6*best + 0.2
		}
	}
	if words == 0 {
		return -4
	}
	if initials > 0 && initials <= 3 {
		odds += 0.8
	}
	switch {
	case comma == 1, comma == 2 && words <= 4:
		odds += 0.3
	case comma > 0:
		odds -= 2
	}
	if words > 4 {
		odds -= float32(words - 4)
	}
	if known == 0 {
		odds--
	}
	return min(odds, 5)
}

// isConjunction reports the word that joins partners.
func isConjunction(word []byte) bool {
	switch string(word) {
	case "and", "und", "et", "og", "och", "en":
		return true
	}
	return false
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
		if tokens[i].particle {
			particles++
			given -= 0.5
			continue
		}
		given, family = given+tokens[i].given, family+tokens[i].family
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
