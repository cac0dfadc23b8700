package table_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// sheet is a Grid of lines with cells parted by "|".
type sheet struct {
	lines []string
	fail  error
}

func newSheet(text string) *sheet { return &sheet{lines: strings.Split(strings.TrimSpace(text), "\n")} }

func (s *sheet) Next() ([][]byte, error) {
	if len(s.lines) == 0 {
		if s.fail != nil {
			return nil, s.fail
		}
		return nil, io.EOF
	}
	line := strings.TrimSpace(s.lines[0])
	s.lines = s.lines[1:]
	return bytes.Split([]byte(line), []byte("|")), nil
}

// read types a grid and writes down its segments: first row, number of rows,
// and the types of the columns.
func read(t *testing.T, g table.Grid, lim table.Limits) []string {
	t.Helper()
	var got []string
	err := newTyper(t).Read(context.Background(), g, lim, func(s *table.Segment) error {
		var types []string
		for j, c := range s.Columns {
			if c.Confidence < 0 || c.Confidence > 1 {
				t.Errorf("confidence %v of column %d", c.Confidence, j)
			}
			types = append(types, c.Type.String())
		}
		for _, row := range s.Rows {
			if len(row) != len(s.Columns) {
				t.Errorf("a row of %d cells under %d columns", len(row), len(s.Columns))
			}
		}
		turned := ""
		if s.Transposed {
			turned = " turned"
		}
		got = append(got, fmt.Sprintf("%d+%d%s %s", s.First, len(s.Rows), turned, strings.Join(types, " ")))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestReadTypesColumns(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{
			"the header of the accident, with its leading space",
			`service_id|username|full_name|product_name|subscription_charge|postmaster_email|alt_email|visp|optout_status|active_status| real_name
			856777|gwenentwi9373|Gwen Entwistle|Phone & Fibre|31.54|postmaster@gwen.quayside.test|gwen@northline.example|force9|Y|active|Gwen Entwistle
			300905|fionachau9961|Fiona Chaudhry|Dial-up|57.77|postmaster@fiona.quayside.test|fiona@northline.example|plusnet|N|ceased|Fiona Chaudhry
			575310|gwenthrel560|Gwen Threlfall|Fibre|21.58|postmaster@thr.quayside.test|thr@northline.example|force9|Y|active|Gwen Threlfall`,
			[]string{"1+3 id.customer id.username person.name context.product finance.amount contact.email contact.email context.product context.status context.status person.name"},
		},
		{
			"a title, an empty row, a header that comes again, totals",
			`Customers of the north||
			||
			name|email|balance
			Gwen Entwistle|gwen@quayside.test|12.50
			Orla Gallacher|orla@quayside.test|13.00
			name|email|balance
			||
			Imran Kershaw|imran@quayside.test|1.25
			Total||26.75`,
			[]string{"3+3 person.name contact.email finance.amount"},
		},
		{
			"no header",
			`Gwen|Entwistle|gwen@quayside.test|07700 900123
			Orla|Gallacher|orla@quayside.test|07700 900124
			Harry|Jones|harry@quayside.test|07700 900125
			Emily|Taylor|emily@quayside.test|07700 900126`,
			[]string{"0+4 person.given_name person.family_name contact.email contact.phone"},
		},
		{
			"fields down, people across",
			`Name|Gwen Entwistle|Orla Gallacher|Imran Kershaw
			Email|gwen@quayside.test|orla@quayside.test|imran@quayside.test
			Date of birth|1980-02-03|1971-12-30|1990-05-06`,
			[]string{"0+3 turned person.name contact.email person.birth_date"},
		},
		{
			"a form filled in three times",
			`Name|Gwen Entwistle
			Email|gwen@quayside.test
			Name|Orla Gallacher
			Email|orla@quayside.test
			Phone|07700 900124
			Name|Imran Kershaw
			Email|imran@quayside.test`,
			[]string{"0+3 turned person.name contact.email contact.phone"},
		},
		{
			"two people in a row",
			`name1|email1|name2|email2
			Gwen Entwistle|gwen@quayside.test|Orla Gallacher|orla@quayside.test
			Imran Kershaw|imran@quayside.test|Harry Jones|harry@quayside.test
			Emily Taylor|emily@quayside.test|George Brown|george@quayside.test`,
			[]string{"1+3 person.name contact.email person.name contact.email"},
		},
		{
			"another header below the first table",
			`sku|unit_price|stock
			NT-1|29.28|400
			NT-2|34.64|635
			NT-3|12.63|239
			first_name|last_name|email
			Gwen|Entwistle|gwen@quayside.test
			Orla|Gallacher|orla@quayside.test`,
			[]string{
				"1+3 context.product finance.amount context.number",
				"5+2 person.given_name person.family_name contact.email",
			},
		},
		{
			"words of people's fields that mean something else",
			`product name|file name|team name|email template|phone model|account type
			Router white|a.pdf|Rovers|welcome|Nova 5|savings
			Cable|b.pdf|United|goodbye|Nova 6|current
			Antenna|c.pdf|Albion|reminder|Nova 7|savings`,
			[]string{"1+3 context.product context.text context.text context.text context.product context.status"},
		},
		{
			"a header whose cells are all empty",
			`name|fax|email
			Gwen Entwistle||gwen@quayside.test
			Orla Gallacher||orla@quayside.test`,
			[]string{"1+2 person.name contact.phone contact.email"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, read(t, newSheet(tc.text), table.Limits{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadSeesATableChangeOnItsWay(t *testing.T) {
	var b strings.Builder
	b.WriteString("code|label|value\n")
	for i := range 300 {
		fmt.Fprintf(&b, "NT-%d|Router white|%d.50\n", i, i%90)
	}
	for i := range 300 {
		fmt.Fprintf(&b, "Gwen Entwistle|user%d@quayside.test|07700 900%03d\n", i, i)
	}
	for _, lim := range []table.Limits{{}, {Rows: 64}, {Bytes: 2000}} {
		people := 0
		err := newTyper(t).Read(context.Background(), newSheet(b.String()), lim, func(s *table.Segment) error {
			if s.Columns[1].Type == detect.ContactEmail {
				people += len(s.Rows)
				if first := string(s.Rows[0][0]); !strings.HasPrefix(first, "Gwen") {
					t.Errorf("%+v: %q among the people", lim, first)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if people != 300 {
			t.Errorf("%+v: %d rows of people, want 300", lim, people)
		}
	}
}

func TestReadTakesNoHarmlessColumnForNames(t *testing.T) {
	for name, text := range map[string]string{
		"teams":     "date|home team|away team|goals\n2026-01-01|Rovers|United|2\n2026-01-02|Albion|Rovers|1\n2026-01-03|United|Albion|0",
		"countries": "country|population|capital\nFrance|68000000|Paris\nJordan|11000000|Amman\nChad|18000000|N'Djamena\nGeorgia|3700000|Tbilisi",
		"species":   "species|count|habitat\nIris setosa|12|meadow\nRosa canina|3|hedge\nLaurus nobilis|9|garden",
		"stocks":    "Date|Open|High|Low|Close\n2026-01-01|1.5|2.5|1.25|2.0\n2026-01-02|1.5|2.5|1.25|2.0",
		"logs":      "time|level|component|message\n08:00:01|INFO|scheduler|lease renewed\n08:00:02|WARN|store|disk is slow\n08:00:03|INFO|gateway|closed",
	} {
		err := newTyper(t).Read(context.Background(), newSheet(text), table.Limits{}, func(s *table.Segment) error {
			for _, c := range s.Columns {
				switch c.Type {
				case detect.PersonName, detect.PersonGiven, detect.PersonFamily:
					t.Errorf("%s: column %q is taken for %s", name, c.Header, c.Type)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadTellsItsReasons(t *testing.T) {
	text := "postmaster_email|x\ngwen@quayside.test|1\norla@quayside.test|2\nal@quayside.test|3"
	err := newTyper(t).Read(context.Background(), newSheet(text), table.Limits{}, func(s *table.Segment) error {
		all := fmt.Sprint(s.Clues(0))
		for _, want := range []string{`header "postmaster_email"`, "100 % of the cells read as contact.email"} {
			if !strings.Contains(all, want) {
				t.Errorf("clues %s lack %s", all, want)
			}
		}
		if strings.Contains(all, "gwen") {
			t.Errorf("clues %s hold a value", all)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadGivesWhatCameBeforeAnError(t *testing.T) {
	failure := errors.New("the sheet is torn")
	g := newSheet("name|email\nGwen Entwistle|gwen@quayside.test\nOrla Gallacher|orla@quayside.test")
	g.fail = failure
	rows := 0
	err := newTyper(t).Read(context.Background(), g, table.Limits{}, func(s *table.Segment) error {
		rows += len(s.Rows)
		return nil
	})
	if !errors.Is(err, failure) || rows != 2 {
		t.Errorf("got %d rows and error %v, want 2 and the grid's error", rows, err)
	}
	stop := errors.New("enough")
	err = newTyper(t).Read(context.Background(), newSheet("name\nGwen"), table.Limits{}, func(*table.Segment) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("visitor's error: got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("name|email\nGwen|gwen@quayside.test\n", 2)
	f.Add("a|b|c\n||\n1|2|3|4\nTotal|9", 1)
	f.Add("Name|Gwen\nEmail|g@h.test\nName|Orla", 512)
	typer := newTyper(f)
	f.Fuzz(func(t *testing.T, text string, rows int) {
		lim := table.Limits{Rows: rows % 600, Columns: 16}
		lines := len(strings.Split(strings.TrimSpace(text), "\n"))
		given := 0
		err := typer.Read(context.Background(), newSheet(text), lim, func(s *table.Segment) error {
			for _, row := range s.Rows {
				if len(row) != len(s.Columns) {
					t.Errorf("a row of %d cells under %d columns", len(row), len(s.Columns))
				}
			}
			if !s.Transposed {
				given += len(s.Rows)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if given > lines {
			t.Errorf("%d rows out of %d", given, lines)
		}
	})
}
