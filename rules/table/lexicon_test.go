package table_test

import (
	"context"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

func TestLoadLexiconTakesMoreWords(t *testing.T) {
	lex, err := table.LoadLexicon(table.HeaderWords{"id.customer": {"certain": {"zorgelnummer"}}})
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
	for want, words := range map[string]table.HeaderWords{
		`person.nane: "person.nane" is not a field type: want one such as person.name`: {"person.nane": {"certain": {"x"}}},
		`person.name: "surely" is not a strength (certain, strong, fair, faint)`:       {"person.name": {"surely": {"x"}}},
	} {
		if _, err := table.LoadLexicon(words); err == nil || err.Error() != want {
			t.Errorf("%v: got error %v, want %s", words, err, want)
		}
	}
}
