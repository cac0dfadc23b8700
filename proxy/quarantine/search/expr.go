package search

import (
	"strconv"
	"strings"
	"time"
)

// Expr is a search: a [Term], or an [And], [Or] or [Not] of searches. The nil
// Expr finds everything.
type Expr interface {
	// String writes the search so that Parse reads the same again.
	String() string
	expr()
}

// And finds what all of its parts find; it has at least two.
type And []Expr

// Or finds what any of its parts finds; it has at least two.
type Or []Expr

// Not finds what its part does not.
type Not struct{ Expr Expr }

// Term is one condition, as "people:>=100".
type Term struct {
	Key Key
	Op  Op
	// What Key compares with: Word where its kind is Word or Address, Number
	// for Count (a number) and Size (bytes), Age for Age, Time (UTC) for Time.
	Word   string
	Number int64
	Age    time.Duration
	Time   time.Time
}

// Op compares.
type Op string

// The comparisons. Words and addresses have Is alone, and so have times, whose
// keys say what is meant.
const (
	Is      Op = "="
	Less    Op = "<"
	AtMost  Op = "<="
	Greater Op = ">"
	AtLeast Op = ">="
)

func (And) expr()  {}
func (Or) expr()   {}
func (Not) expr()  {}
func (Term) expr() {}

func (e And) String() string { return join(e, " ") }
func (e Or) String() string  { return join(e, " OR ") }
func (e Not) String() string { return "-" + group(e.Expr) }

func join(all []Expr, between string) string {
	texts := make([]string, len(all))
	for i, e := range all {
		texts[i] = group(e)
	}
	return strings.Join(texts, between)
}

// group writes a part of a larger search.
func group(e Expr) string {
	switch e.(type) {
	case And, Or:
		return "(" + e.String() + ")"
	}
	return e.String()
}

func (t Term) String() string {
	var value string
	switch t.Key.kind() {
	case Count:
		value = strconv.FormatInt(t.Number, 10)
	case Size:
		value = strconv.FormatInt(t.Number, 10)
	case Age:
		value = t.Age.String()
	case Time:
		value = t.Time.Format(time.RFC3339)
	default:
		return string(t.Key) + ":" + quote(t.Word)
	}
	if t.Op == Is {
		return string(t.Key) + ":" + value
	}
	return string(t.Key) + ":" + string(t.Op) + value
}

// quote writes a word as it is, or in quotes where it would be read otherwise.
func quote(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\r\n\"\\(),") {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}
