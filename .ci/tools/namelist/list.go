package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is a set of things that an entry can be.
type kind uint32

const (
	given kind = 1 << iota
	family
	prefix
	word
	city
	region
	country
	job
	company
	street
	sex
	marital
	status
	nationality
	religion
	ethnicity
	politics
	condition
	currency
	givenRare  // "given?": beside many uses as a family name
	familyRare // "family?"
)

var kindNames = [...]string{"given", "family", "prefix", "word", "city", "region", "country", "job", "company", "street",
	"sex", "marital", "status", "nationality", "religion", "ethnicity", "politics", "condition", "currency",
	"given?", "family?"}

// longest is the longest entry kept, in bytes: longer ones are phrases.
const longest = 48

// list maps a lower-case entry to what it can be.
type list map[string]*uses

// add takes one entry in, unless it is a pattern, a number or a phrase.
func (l list) add(entry string, k kind) {
	entry = normal(entry)
	if entry == "" || len(entry) > longest || strings.ContainsAny(entry, "{}#0123456789\n\t=/") {
		return
	}
	// One Latin letter is an initial, one CJK character can be a family name.
	if utf8.RuneCountInString(entry) == 1 && entry[0] < 0x80 {
		return
	}
	l.count(entry, k)
	if roman := romanise(entry); roman != entry && k&(given|family) != 0 {
		l.count(roman, k)
	}
}

func normal(entry string) string { return strings.ToLower(strings.TrimSpace(entry)) }

// uses counts how often an entry was given for each kind, once a locale.
type uses [len(kindNames)]uint8

// count adds one use for each kind in k.
func (l list) count(entry string, k kind) {
	n := l[entry]
	if n == nil {
		n = new(uses)
		l[entry] = n
	}
	for i := range n {
		if k&(1<<i) != 0 && n[i] < 255 {
			n[i]++
		}
	}
}

// kinds returns what an entry is, uses that are few beside others marked
// or left out: "John" is a given name and rarely a family name, and no everyday
// word, though one locale has it in a sentence.
func (n *uses) kinds() kind {
	var k kind
	for i, count := range n {
		if count > 0 {
			k |= 1 << i
		}
	}
	g, f, w := n[0], n[1], n[3]
	if f > 0 && g >= 3*f {
		k = k&^family | familyRare
	}
	if g > 0 && f >= 3*g {
		k = k&^given | givenRare
	}
	if w == 1 && g+f >= 3 {
		k &^= word
	}
	return k
}

// romanise writes a Cyrillic or Greek name in Latin letters, the way most
// exports of a western system spell it.
func romanise(name string) string {
	var b strings.Builder
	for _, r := range strings.NewReplacer("ου", "οu", "ού", "οu").Replace(name) {
		if latin, ok := romanLetters[r]; ok {
			b.WriteString(latin)
			continue
		}
		if unicode.In(r, unicode.Cyrillic, unicode.Greek) {
			return name
		}
		b.WriteRune(r)
	}
	return b.String()
}

var romanLetters = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'е': "e", 'ё': "e", 'ж': "zh", 'з': "z",
	'и': "i", 'й': "y", 'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r",
	'с': "s", 'т': "t", 'у': "u", 'ф': "f", 'х': "kh", 'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "shch",
	'ъ': "", 'ы': "y", 'ь': "", 'э': "e", 'ю': "yu", 'я': "ya", 'і': "i", 'ї': "i", 'є': "ie", 'ґ': "g",
	'ј': "j", 'љ': "lj", 'њ': "nj", 'ћ': "c", 'ѓ': "gj", 'ќ': "kj", 'џ': "dz", 'ѕ': "dz",
	'α': "a", 'ά': "a", 'β': "v", 'γ': "g", 'δ': "d", 'ε': "e", 'έ': "e", 'ζ': "z", 'η': "i", 'ή': "i",
	'θ': "th", 'ι': "i", 'ί': "i", 'ϊ': "i", 'ΐ': "i", 'κ': "k", 'λ': "l", 'μ': "m", 'ν': "n", 'ξ': "x",
	'ο': "o", 'ό': "o", 'π': "p", 'ρ': "r", 'σ': "s", 'ς': "s", 'τ': "t", 'υ': "y", 'ύ': "y", 'φ': "f",
	'χ': "ch", 'ψ': "ps", 'ω': "o", 'ώ': "o",
}

//go:embed extra.txt
var extra string

// addExtra adds the entries of extra.txt, which is in the list's own format.
func (l list) addExtra() error {
	var k kind
	for line := range strings.Lines(extra) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if names, ok := strings.CutPrefix(line, "="); ok {
			k = 0
			for name := range strings.SplitSeq(names, ",") {
				i := slices.Index(kindNames[:], name)
				if i < 0 {
					return fmt.Errorf("extra.txt: unknown kind %q", name)
				}
				k |= 1 << i
			}
			continue
		}
		for entry := range strings.SplitSeq(line, ";") {
			// What is written by hand is kept whatever its form, and counts as
			// three locales.
			for range 3 {
				l.count(normal(entry), k)
			}
		}
	}
	return nil
}

// text writes the list, sections and entries sorted.
func (l list) text() string {
	sections := make(map[kind][]string)
	for entry, n := range l {
		// Everyday words of other scripts are no names in ours.
		if k := n.kinds(); k != word || latin(entry) {
			sections[k] = append(sections[k], entry)
		}
	}
	kinds := make([]kind, 0, len(sections))
	for k := range sections {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	var b strings.Builder
	for _, k := range kinds {
		b.WriteByte('=')
		b.WriteString(k.String())
		b.WriteByte('\n')
		slices.Sort(sections[k])
		for _, entry := range sections[k] {
			b.WriteString(entry)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func (k kind) String() string {
	var names []string
	for i, name := range kindNames {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// latin reports whether an entry has Latin letters only.
func latin(entry string) bool {
	for _, r := range entry {
		if r >= 0x250 && !unicode.Is(unicode.Latin, r) {
			return false
		}
	}
	return true
}
