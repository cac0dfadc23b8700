package table_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

func TestLoadLexiconTakesMoreWords(t *testing.T) {
	lex, err := table.LoadLexicon(strings.NewReader("id.customer:\n  certain: [zorgelnummer]\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := detect.New()
	if err != nil {
		t.Fatal(err)
	}
	err = table.NewTyper(d, lex).Read(context.Background(), newSheet("Zorgel-Nummer|Betrag\n17|1.50\n18|2.50"), table.Limits{},
		func(s *table.Segment) error {
			if got := s.Columns[0].Type; got != detect.IDCustomer {
				t.Errorf("got %s, want id.customer", got)
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLoadLexiconRefusesWhatItDoesNotKnow(t *testing.T) {
	for text, want := range map[string]string{
		"person.nane:\n  certain: [x]\n": `lexicon 1: "person.nane" is not a field type`,
		"person.name:\n  surely: [x]\n":  `lexicon 1: person.name: "surely" is not a strength`,
		"person.name: [x]\n":             "lexicon 1: parse:",
	} {
		if _, err := table.LoadLexicon(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got error %v, want %s…", text, err, want)
		}
	}
}
