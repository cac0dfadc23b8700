package table_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// first types a grid and returns its first segment's columns and whether its
// people are public.
func first(t *testing.T, text string) (columns []table.Column, public bool) {
	t.Helper()
	err := newTyper(t).Read(context.Background(), newSheet(text), table.Limits{}, func(s *table.Segment) error {
		if columns == nil {
			columns, public = append(columns, s.Columns...), s.Public
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return columns, public
}

// lines writes a header and twenty rows.
func lines(header string, row func(i int) string) string {
	all := []string{header}
	for i := range 20 {
		all = append(all, row(i))
	}
	return strings.Join(all, "\n")
}

// TestHeadersSpeakByTheirSilence: what a column's name does not speak of needs
// more than its values to be believed.
func TestHeadersSpeakByTheirSilence(t *testing.T) {
	family := strings.Fields("Briscoe Lucero Hartz Kelly Tymkovich Gorsuch Holmes Matheson Bacharach Phillips")
	for _, c := range []struct {
		what string
		text string
		not  detect.Type
	}{
		{"judges", lines("title|year|judge1", func(i int) string { return fmt.Sprintf("Case %d|2016|%s", i, family[i%10]) }), detect.PersonFamily},
		{"labels", lines("name|price|variable", func(i int) string { return fmt.Sprintf("Item %d|%d.50|x_group.%c", i, i, 'a'+i) }), detect.IDUsername},
		{"samples", lines("USUBJID|sex|age", func(i int) string { return fmt.Sprintf("01-701-1%03d|F|%d", 100+i*7, 40+i) }), detect.ContactPhone},
		{"shares of votes", lines("name|party|uni2013", func(i int) string { return fmt.Sprintf("Ann %s|G|0.%03d", family[i%10], 111+i*17) }), detect.IDCustomer},
		{"counts below a word of two meanings", lines("name|team|run", func(i int) string { return fmt.Sprintf("A %s|B|%d", family[i%10], 60+i) }), detect.IDNational},
	} {
		columns, _ := first(t, c.text)
		for _, col := range columns {
			if col.Type == c.not && col.Confidence >= 0.5 {
				t.Errorf("%s: column %q is taken for %v (%.2f)", c.what, col.Header, col.Type, col.Confidence)
			}
		}
	}
}

// TestValuesStillSpeakBelowUnknownWords: a strong value is believed under a
// name that nobody knows.
func TestValuesStillSpeakBelowUnknownWords(t *testing.T) {
	columns, _ := first(t, lines("qwx|zzrt|pplk", func(i int) string {
		return fmt.Sprintf("ann.%d@post.example|+44 20 7946 0%03d|Maria Turner", i, 100+i)
	}))
	for j, want := range []detect.Type{detect.ContactEmail, detect.ContactPhone, detect.PersonName} {
		if columns[j].Type != want || columns[j].Confidence < 0.5 {
			t.Errorf("column %d: got %v (%.2f), want %v", j, columns[j].Type, columns[j].Confidence, want)
		}
	}
}

func TestTablesOfPublicPeopleAreKnown(t *testing.T) {
	for header, want := range map[string]bool{
		"Candidate|State|Votes": true, "player_name|team|goals": true, "title|author 1|year": true, "Spieler|Datum|Punkte": true,
		"作者|年|題名": true, "lead_actor_actress|film|year": true, "award|movie|year|name": true,
		"customer_name|phone|email": false, "name|position|team|salary": false, "Vorname|Nachname|Telefon": false,
	} {
		_, public := first(t, lines(header, func(i int) string {
			return strings.Join(strings.Split(fmt.Sprintf("Maria Turner|a%d|b%d|c%d", i, i, i), "|")[:strings.Count(header, "|")+1], "|")
		}))
		if public != want {
			t.Errorf("%s: got public %v, want %v", header, public, want)
		}
	}
}

// TestNumberedRowsAreNoLabels: rows whose first cells all say the same are
// records, not fields.
func TestNumberedRowsAreNoLabels(t *testing.T) {
	got := read(t, newSheet(lines("rec-a-org|maria|turner|3", func(i int) string {
		return fmt.Sprintf("rec-%d-org|james|baker|%d", i, i)
	})), table.Limits{})
	for _, segment := range got {
		if strings.Contains(segment, "turned") {
			t.Errorf("read across: %s", segment)
		}
	}
}
