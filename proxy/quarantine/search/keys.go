package search

import (
	"fmt"
	"slices"
	"strings"
)

// Key names what a term looks at.
type Key string

// The keys.
const (
	State        Key = "state"
	From         Key = "from"
	To           Key = "to"
	Policy       Key = "policy"
	Action       Key = "action"
	Field        Key = "field"
	Category     Key = "category"
	Completeness Key = "completeness"
	People       Key = "people"
	Copies       Key = "copies"
	Delivered    Key = "delivered"
	Bytes        Key = "size"
	Old          Key = "age"
	Before       Key = "before"
	After        Key = "after"
	Assigned     Key = "assigned"
	Marked       Key = "mark"
	Run          Key = "run"
	ID           Key = "id"
	Hash         Key = "hash"
)

// Kind says what a key compares with.
type Kind uint8

// The kinds of values.
const (
	Word    Kind = iota // one of Doc.Words, or any where there are none
	Address             // ana@shop.example, or a domain as @shop.example
	Count               // a number, with < <= > >= before it
	Size                // bytes, as 5M: K, M, G and T are powers of 1024
	Age                 // a time such as 90m, 4h, 3d, 2w
	Time                // 2026-11-25, 2026-11-25T14:30 or RFC 3339; UTC unless it says
)

// Doc documents a key. Help, configs/README.md and the errors are made of it.
type Doc struct {
	Key     Key
	Kind    Kind
	Words   []string // the only values; none: any
	Example string
	Meaning string
}

// Docs gives all keys, in the order in which people are shown them.
func Docs() []Doc { return slices.Clone(docs) }

// States of an incident come first, then those of messages.
var docs = []Doc{
	{State, Word, []string{"open", "awaiting_approval", "decided", "held", "releasing", "released", "partly_released", "release_failed",
		"refused", "deleted", "expired"}, "state:open", "what is to be decided, waits for a second person, or is decided; or the state of a message (of an incident: of some copy)"},
	{People, Count, nil, "people:>=100", "distinct people exposed"},
	{Copies, Count, nil, "copies:>100", "held copies of the incident"},
	{Delivered, Count, nil, "delivered:>0", "copies of it that left"},
	{From, Address, nil, "from:@shop.example", "the sender's exact address, or its domain"},
	{To, Address, nil, "to:ana@shop.example", "a recipient's exact address, or its domain"},
	{Policy, Word, nil, "policy:bulk-customer-records", "by which it was held"},
	{Action, Word, []string{"tag", "hold", "reject"}, "action:hold", "what the policy asked for"},
	{Field, Word, nil, "field:contact.email", "a field type that was found; field:health.* for all of a group"},
	{Category, Word, []string{"direct", "indirect", "sensitive", "context"}, "category:sensitive", "a field of this category was found"},
	{Completeness, Word, []string{"complete", "partial", "unscanned"}, "completeness:partial", "how much was read"},
	{Old, Age, nil, "age:<4h", "how long ago it began (of a message: came); units s, m, h, d, w"},
	{After, Time, nil, "after:2026-11-01", "began at this time (UTC) or later"},
	{Before, Time, nil, "before:2026-11-25T14:30", "began before this time (UTC)"},
	{Assigned, Word, nil, "assigned:ben", "who has claimed it; assigned:none for nobody, and on the command line assigned:me"},
	{Marked, Word, []string{"right", "wrong", "none"}, "mark:wrong", "what reviewers said of the hold"},
	{Bytes, Size, nil, "size:>5M", "bytes of a message (of an incident: of its first copy)"},
	{ID, Word, nil, "id:IN-7K2M-Q9XD", "an incident or a message, which can also be typed alone"},
	{Run, Word, nil, "run:8d3f", "the run, by its whole key"},
	{Hash, Word, nil, "hash:9f86d081…", "SHA-256 of a message, in hex"},
}

// sealedKeys are what people may ask for that the store keeps sealed.
var sealedKeys = map[string]string{
	"client":  "the client's address is sealed; search by from: or policy:",
	"auth":    "the user is sealed; search by from:",
	"subject": "content is not searchable; search by from:, to: or after:",
	"part":    "file names are sealed; search by field: or hash:",
	"msgid":   "header fields are sealed; search by id:, from: or after:",
}

func docOf(k Key) (Doc, bool) {
	i := slices.IndexFunc(docs, func(d Doc) bool { return d.Key == k })
	if i < 0 {
		return Doc{}, false
	}
	return docs[i], true
}

func (k Key) kind() Kind {
	d, _ := docOf(k)
	return d.Kind
}

// unknownKey tells what can be searched by.
func unknownKey(word string) string {
	low := strings.ToLower(word)
	if why, ok := sealedKeys[low]; ok {
		return fmt.Sprintf("%s: cannot be searched by: %s", low, why)
	}
	if low == "subjects" {
		return "subjects: is called people: here"
	}
	var all []string
	for _, d := range docs {
		all = append(all, string(d.Key))
	}
	return fmt.Sprintf("there is no %.40q to search by; did you mean %s:? There are %s", word, nearest(low, all), strings.Join(all, ", "))
}

// nearest gives the word with the fewest changes of letters.
func nearest(word string, all []string) string {
	return slices.MinFunc(all, func(a, b string) int { return distance(word, a) - distance(word, b) })
}

// distance is how many letters have to be put in, taken out or changed
// (Levenshtein). Words past 40 bytes are cut.
func distance(a, b string) int {
	a = a[:min(len(a), 40)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
