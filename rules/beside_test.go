package rules_test

import (
	"fmt"
	"strings"
	"testing"
)

// Fictional people, spelled out so that a change of the name lists cannot
// quietly empty the tests.
var twelve = []string{"Maria Turner", "James Dubois", "Olivia Ahmed", "Thomas Petrov", "Hannah Fischer", "Peter Murphy",
	"Lucy Clarke", "Daniel Costa", "Emma Hughes", "Robert Jensen", "Sofia Moreno", "Martin Evans"}

// each writes one piece of text for each of twelve people.
func each(form func(i int, name string) string) string {
	var b strings.Builder
	for i, name := range twelve {
		b.WriteString(form(i, name))
	}
	return b.String()
}

func TestNamesInTextCountWithWhatStandsBesideThem(t *testing.T) {
	for what, text := range map[string]string{
		"street in a sentence": each(func(i int, n string) string {
			return fmt.Sprintf("Our driver called on %s at %d Mill Lane, Cambridge on Tuesday.\n\n", n, i+3)
		}),
		"birth date after a word for it": each(func(i int, n string) string {
			return fmt.Sprintf("%d. %s - born 19%d-03-1%d - Leeds\n", i+1, n, 50+i, i%10)
		}),
		"mailing labels": each(func(i int, n string) string {
			return fmt.Sprintf("%s\n%d Station Road\nNorwich\nNR2 1QD\n\n", n, i+3)
		}),
		"telephone in a sentence": each(func(i int, n string) string {
			return fmt.Sprintf("Please call %s on +44 1223 4960%02d after five.\n", n, i+10)
		}),
	} {
		if got := direct(t, text); got != int64(len(twelve)) {
			t.Errorf("%s: got %d people with a further fact, want %d", what, got, len(twelve))
		}
	}
}

func TestNamesInTextAloneTellNothing(t *testing.T) {
	for what, text := range map[string]string{
		"minutes":      each(func(i int, n string) string { return n + " agreed with item " + fmt.Sprint(i) + ".\n" }),
		"rota":         each(func(i int, n string) string { return fmt.Sprintf("%d:00  %s  Room %d\n", 8+i, n, i) }),
		"plain dates":  each(func(i int, n string) string { return fmt.Sprintf("%s, 2024-01-%02d\n", n, i+1) }),
		"bibliography": each(func(i int, n string) string { return fmt.Sprintf("%s (20%02d). On lattices. 12(3), 100-120.\n", n, i) }),
	} {
		if got := direct(t, text); got != 0 {
			t.Errorf("%s: got %d people with a further fact, want none", what, got)
		}
	}
}

// direct returns how many third parties the default policies find in a body
// with a direct identifier and a further fact.
func direct(t *testing.T, body string) int64 {
	t.Helper()
	return decide(t, defaultPolicies(t), envelope, inspect(t, plain(body))).Exposure.Direct
}
