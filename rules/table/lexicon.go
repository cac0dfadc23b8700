package table

import (
	"embed"
	"fmt"
	"io/fs"
	"sort"

	"github.com/goccy/go-yaml"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
)

//go:embed lexicon/*.yaml
var builtin embed.FS

// strength returns the log-odds of a word by which a lexicon says how much a
// phrase tells.
func strength(word string) (float64, bool) {
	switch word {
	case "certain":
		return 5.5, true
	case "strong":
		return 3.8, true
	case "fair":
		return 2, true
	case "faint":
		return 0.9, true
	}
	return 0, false
}

// peopleTopic is the topic of surroundings that speaks for rows of people; all
// others speak against them.
const peopleTopic = "people"

// Lexicon knows the words of headers: which field types a phrase speaks for,
// and which topics it belongs to. It is immutable and safe for concurrent use.
//
// It is read from YAML documents that map a field type to lists of phrases by
// strength, as in
//
//	contact.email:
//	  certain: [e-mail, courriel]
//	  fair: [pec]
//
// the key "surroundings" to lists of phrases by topic, the keys "public" and
// "served" to lists of the roles of public people and of those whom somebody
// serves, the key "abbreviations" words to their short forms, and the key
// "numbers" to the words for a number and for what has one ("of"). A phrase may
// stand under several types.
type Lexicon struct {
	phrases map[string][]meaning // by the joined words
	topics  map[string][]string  // topics by joined words
	public  map[string]bool      // joined words that name a role of public people
	served  map[string]bool      // and a role of people whom somebody serves
	short   map[string]string    // words by their short forms
	counted map[string]bool      // words for a number or code, and
	owned   map[string]bool      // for what has one that leads to a customer
	longest int                  // words of the longest phrase
}

// meaning is one reading of a phrase.
type meaning struct {
	kind detect.Type
	odds float64
}

// HeaderWords are header words by what they speak for and how strongly: the
// form of a lexicon's document.
type HeaderWords map[string]map[string][]string

// LoadLexicon returns the built-in lexicon with more words added. They replace
// the strength of a phrase for the same type. Errors name the key at fault.
func LoadLexicon(more HeaderWords) (*Lexicon, error) {
	lex := &Lexicon{phrases: map[string][]meaning{}, topics: map[string][]string{},
		public: map[string]bool{}, served: map[string]bool{}, short: map[string]string{},
		counted: map[string]bool{}, owned: map[string]bool{}}
	names, err := fs.Glob(builtin, "lexicon/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list lexicon: %w", err)
	}
	for _, name := range names {
		text, err := builtin.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read lexicon: %w", err)
		}
		var doc HeaderWords
		if err := yaml.Unmarshal(text, &doc); err != nil {
			return nil, fmt.Errorf("parse lexicon %s: %w", name, err)
		}
		if err := lex.add(doc); err != nil {
			return nil, fmt.Errorf("lexicon %s: %w", name, err)
		}
	}
	if err := lex.add(more); err != nil {
		return nil, err
	}
	return lex, nil
}

func (l *Lexicon) add(doc HeaderWords) error {
	keys := make([]string, 0, len(doc))
	for key := range doc {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		switch key {
		case "surroundings":
			l.addTopics(doc[key])
			continue
		case "public":
			addRoles(l.public, doc[key])
			continue
		case "numbers":
			addRoles(l.counted, map[string][]string{"": doc[key]["words"]})
			addRoles(l.owned, map[string][]string{"": doc[key]["of"]})
			continue
		case "served":
			addRoles(l.served, doc[key])
			continue
		case "abbreviations":
			for word, short := range doc[key] {
				for _, s := range short {
					l.short[s] = word
				}
			}
			continue
		}
		kind, ok := detect.Parse(key)
		if !ok {
			return fmt.Errorf("%s: %[1]q is not a field type: want one such as person.name", key)
		}
		for _, word := range []string{"faint", "fair", "strong", "certain"} {
			odds, _ := strength(word)
			for _, phrase := range doc[key][word] {
				l.put(phrase, meaning{kind, odds})
			}
		}
		for word := range doc[key] {
			if _, ok := strength(word); !ok {
				return fmt.Errorf("%s: %q is not a strength (certain, strong, fair, faint)", key, word)
			}
		}
	}
	return nil
}

func addRoles(set map[string]bool, roles map[string][]string) {
	for _, list := range roles {
		for _, role := range list {
			set[joined(words(role))] = true
		}
	}
}

func (l *Lexicon) addTopics(topics map[string][]string) {
	names := make([]string, 0, len(topics))
	for name := range topics {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, phrase := range topics[name] {
			key := joined(words(phrase))
			l.topics[key] = append(l.topics[key], name)
		}
	}
}

func (l *Lexicon) put(phrase string, m meaning) {
	ws := words(phrase)
	if len(ws) == 0 {
		return
	}
	l.longest = max(l.longest, len(ws))
	key := joined(ws)
	for i, old := range l.phrases[key] {
		if old.kind == m.kind {
			l.phrases[key][i] = m
			return
		}
	}
	l.phrases[key] = append(l.phrases[key], m)
}
