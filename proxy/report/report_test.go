package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/google/go-cmp/cmp"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	out    = flag.String("out", "", "also write every form of each record into this folder, to look at")
)

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-03-02 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// accident is the incident of 2006 as it would be today: 12 copies had left.
func accident() report.Incident {
	columns := []rules.Column{}
	for _, c := range [][2]string{{"service_id", "id.customer"}, {"username", "id.username"}, {"full_name", "person.name"},
		{"product_name", "context.product"}, {"subscription_charge", "finance.amount"}, {"postmaster_email", "contact.email"},
		{"alt_email", "contact.email"}, {"visp", "context.code"}, {"optout_status", "context.status"},
		{"active_status", "context.status"}, {"real_name", "person.name"}} {
		columns = append(columns, rules.Column{Header: c[0], Type: c[1], Confidence: 0.9})
	}
	row := []string{"00000000", "J••••••00", "J••• D••", "H••• B••••••••", "00.00", "J•••@E••••••.O••", "", "F•0", "Y", "A•••••", "J••• D••"}
	in := report.Incident{
		ID: "IN-7K2M-Q9XD", Open: true, State: "open", Policy: "bulk-customer-records", PolicyVersion: "4f1c22a90b17", RuleSet: "1",
		Sender: "bulletins@provider.example", Client: "10.1.2.3",
		First: at("10:41:58"), Stopped: at("10:42:07"), Last: at("10:47:31"), Known: at("10:42:07"),
		Copies:   report.Copies{Held: 3488, Left: 12, LeftTo: 12, Withheld: 3488},
		Subjects: 19997, Records: 20000, ByCategory: map[string]int64{"direct": 19997, "indirect": 19990, "sensitive": 0},
		Fields:       []string{"contact.email", "context.product", "context.status", "finance.amount", "id.customer", "id.username", "person.name"},
		Completeness: "complete",
		Reasons:      []string{"records of 19997 people who are not its readers: contact.email, id.customer, id.username, person.name", "the message text is nothing but a table"},
		Findings:     []rules.Finding{{Path: "1", Kind: "csv", Columns: columns, Rows: 20000, Records: 20000, Sample: [][]string{row, row, row, row, row, row, row}}},
		Written:      at("15:02:00"), Zone: time.FixedZone("CET", 3600),
	}
	for i := range 3488 {
		in.Trail = append(in.Trail, report.Entry{At: at("10:42:07").Add(time.Duration(i) * 93 * time.Millisecond), Message: "BH-AAAA-0001", Act: "held", By: "bulkhead", Reason: "bulk-customer-records"})
	}
	in.Trail = append(in.Trail,
		report.Entry{At: at("11:03:12"), Message: "BH-AAAA-0001", Act: "viewed", By: "ana", Reason: "is it ours?"},
		report.Entry{At: at("11:05:40"), Act: "incident_refused", By: "ana", Reason: "wrong file put in as the text", Results: "3488 refused"})
	return in
}

// decided is a near miss that was decided, in writing that is not ASCII.
func decided() report.Incident {
	in := accident()
	in.ID, in.Open, in.State = "IN-1F90-ABCD", false, "decided"
	in.Sender, in.Client = "vertrieb@müller-söhne.example", ""
	in.Copies = report.Copies{Held: 1, Withheld: 1}
	in.Subjects, in.Records, in.Estimated = 41, 41, true
	in.Fields = []string{"health.condition", "person.birth_date", "person.name"}
	in.ByCategory = map[string]int64{"direct": 41, "indirect": 41, "sensitive": 41}
	in.Completeness, in.Reasons = "partial", []string{"part 2/geheim.zip not read: encrypted"}
	in.Findings = []rules.Finding{
		{Path: "2/Übersicht.xlsx/Größen", Kind: "xlsx", Rows: 41, Records: 41, Columns: []rules.Column{
			{Header: "Nachname, Vorname", Type: "person.name"}, {Header: "Geburtsdatum", Type: "person.birth_date"},
			{Header: "Заболевание", Type: "health.condition"}, {Header: "氏名", Type: "person.name"}},
			Sample: [][]string{{"M•••••, A•••", "00.00.0000", "Г••••", "••"}, {"Ș•••••, Ł•••", "00.00.0000", "Α••••", "••"}}},
		{Path: "1", Kind: "text", Records: 1, Columns: []rules.Column{{Type: "person.name"}}},
	}
	in.Trail = in.Trail[:1]
	in.Trail = append(in.Trail, report.Entry{At: at("11:05:40"), Message: "BH-AAAA-0001", Act: "refused", By: "zoë", Reason: "falsche Datei"})
	in.Contact = report.Contact{Name: "Zoë Müller", Organisation: "Müller & Söhne <GmbH>", Mail: "datenschutz@müller-söhne.example", Phone: "+49 30 901820"}
	in.Measures = []string{"The sender was told how to put the list in as recipients (planned for 4 March)."}
	in.Written, in.Delay = at("10:42:07").Add(80*time.Hour), "The person in charge was ill."
	in.Zone = nil
	return in
}

// unclear is a release whose answer was lost.
func unclear() report.Incident {
	in := decided()
	in.ID, in.Copies = "IN-2222-BBBB", report.Copies{Held: 2, LeftUnknown: true, Released: 1, Uncertain: 3}
	in.Contact, in.Measures, in.Delay, in.Findings, in.Trail = report.Contact{}, nil, "", nil, nil
	in.Fields, in.ByCategory = nil, nil
	return in
}

func records() map[string]report.Incident {
	return map[string]report.Incident{"breach": accident(), "near-miss": decided(), "unclear": unclear()}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); -update writes it anew:\n%s", name, diff)
	}
}

func TestRecordsAreWhatTheGoldenFilesSay(t *testing.T) {
	for name, in := range records() {
		t.Run(name, func(t *testing.T) {
			r := report.New(in)
			var page, object, pages bytes.Buffer
			if err := r.WriteHTML(&page); err != nil {
				t.Fatal(err)
			}
			if err := r.WriteJSON(&object); err != nil {
				t.Fatal(err)
			}
			if err := r.WritePDF(&pages); err != nil {
				t.Fatal(err)
			}
			if *out != "" {
				for form, b := range map[string][]byte{"html": page.Bytes(), "json": object.Bytes(), "pdf": pages.Bytes()} {
					if err := os.WriteFile(filepath.Join(*out, name+"."+form), b, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			golden(t, name+".html", page.Bytes())
			golden(t, name+".json", object.Bytes())
			sameWords(t, page.String(), textOf(t, pages.Bytes()))
			var again bytes.Buffer
			if err := report.New(in).WritePDF(&again); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(pages.Bytes(), again.Bytes()) {
				t.Error("the same incident gives another PDF")
			}
		})
	}
}

// sameWords checks that the PDF has every word that the page shows, but for
// those that its fonts cannot draw. The dots of masked cells are left out, since
// a reader may take them for the lines of a table.
func sameWords(t *testing.T, page, pdf string) {
	t.Helper()
	_, body, _ := strings.Cut(page, "<body>")
	words := wordsOf(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")))
	if len(words) < 300 {
		t.Fatalf("the page has %d words only", len(words))
	}
	drawn := map[string]bool{}
	for _, w := range wordsOf(pdf) {
		drawn[w] = true
	}
	for _, w := range words {
		if !drawn[w] && !strings.Contains(w, "氏") {
			t.Errorf("%q is on the page and not in the PDF", w)
		}
	}
	// What the fonts lack is there by its numbers, over lines where it must be.
	if whole := strings.Join(wordsOf(pdf), ""); strings.Contains(page, "氏名") && (!strings.Contains(whole, `\x{6C0F}\x{540D}`) || !strings.Contains(whole, "writtenbytheirnumbers")) {
		t.Error("the PDF lacks the numbers of what it cannot draw, or does not say so")
	}
	for _, w := range []string{"Übersicht", "Größen", "Заболевание"} {
		if strings.Contains(page, w) && !strings.Contains(pdf, w) {
			t.Errorf("the PDF lacks %q", w)
		}
	}
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '•' })
}

// textOf reads a PDF back with the rules' own reader.
func textOf(t *testing.T, pdf []byte) string {
	t.Helper()
	s := &textSink{}
	source := extract.Source{ReaderAt: bytes.NewReader(pdf), Size: int64(len(pdf))}
	summary, err := extract.New().File(context.Background(), "record.pdf", source, extract.DefaultLimits(), s)
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.Unread) > 0 {
		t.Errorf("the PDF is not wholly readable: %v", summary.Unread)
	}
	return s.String()
}

// textSink gathers the text of a file, its tables' cells too.
type textSink struct{ strings.Builder }

func (s *textSink) Text(_ extract.Part, r io.Reader) error {
	_, err := io.Copy(&s.Builder, r)
	return err
}

func (s *textSink) Table(_ extract.Part, g table.Grid) error {
	for {
		row, err := g.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		s.WriteString(string(bytes.Join(row, []byte("\t"))) + "\n")
	}
}

// A record that nobody can read is not written as another.
func TestRecordIsWrittenInTheFormatThatIsAskedFor(t *testing.T) {
	for format, want := range map[string][2]string{
		"html": {"text/html; charset=utf-8", "<!doctype html>"}, "pdf": {"application/pdf", "%PDF-"}, "json": {"application/json", "{"},
	} {
		var text strings.Builder
		kind, err := report.New(report.Incident{}).Write(&text, format)
		if err != nil || kind != want[0] || !strings.HasPrefix(strings.ToLower(text.String()), strings.ToLower(want[1])) {
			t.Errorf("%s: %q, %v: %.40q", format, kind, err, text.String())
		}
	}
	var text strings.Builder
	if _, err := report.New(report.Incident{}).Write(&text, "docx"); err == nil || text.Len() != 0 {
		t.Errorf("docx: %v, %q", err, text.String())
	}
}

func TestOutcomeIsJudgedByWhatHadLeft(t *testing.T) {
	for _, test := range []struct {
		name   string
		copies report.Copies
		want   report.Outcome
	}{
		{"all held", report.Copies{Held: 3500, Withheld: 3500}, report.NearMiss},
		{"one had left", report.Copies{Held: 3499, Left: 1, LeftTo: 1}, report.Breach},
		// A decision to send is no breach by itself; it is told apart.
		{"released by a decision", report.Copies{Held: 1, Released: 1}, report.NearMiss},
		{"an answer was lost", report.Copies{Held: 1, Uncertain: 1}, report.Unclear},
		{"nobody kept a ledger", report.Copies{Held: 1, LeftUnknown: true}, report.Unclear},
		// What is known to have left outweighs what is not known.
		{"one had left and one is not known", report.Copies{Held: 1, Left: 1, Uncertain: 1}, report.Breach},
	} {
		in := accident()
		in.Copies = test.copies
		if got := report.New(in).Outcome; got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestClockRunsFromWhenItBecameKnown(t *testing.T) {
	in := accident()
	for _, test := range []struct {
		after   time.Duration
		overdue bool
	}{{0, false}, {72 * time.Hour, false}, {72*time.Hour + time.Second, true}} {
		in.Written = in.Known.Add(test.after)
		c := report.New(in).Clock
		if c.Overdue != test.overdue || !c.Due.Equal(in.Known.Add(72*time.Hour)) || c.Left != int64((72*time.Hour-test.after)/time.Second) {
			t.Errorf("after %v: overdue %v, %d seconds left, due %v", test.after, c.Overdue, c.Left, c.Due)
		}
	}
}

// A record goes to people outside: 3,500 lines "held" would hide the two that
// matter.
func TestTimelineJoinsActsThatAreAlike(t *testing.T) {
	steps := report.New(accident()).Timeline
	if len(steps) != 3 || steps[0].Count != 3488 || steps[1].Act != "viewed" || !steps[0].Until.After(steps[0].At) {
		t.Errorf("timeline of %d steps: %+v", len(steps), steps)
	}
}

func TestHighRiskIsSuggestedOnlyWhereDataMayHaveLeft(t *testing.T) {
	in := decided() // health data, nothing left
	if report.New(in).HighRisk {
		t.Error("a high risk is suggested though nothing had left")
	}
	in.Copies.Left = 1
	if !report.New(in).HighRisk {
		t.Error("no high risk is suggested though health data had left")
	}
	in.Fields = []string{"person.name", "context.product"}
	if report.New(in).HighRisk {
		t.Error("a high risk is suggested for names and products")
	}
}

// The caller's words come from people and from mail: none becomes markup.
func TestPageEscapesWhatItIsGiven(t *testing.T) {
	in := decided()
	in.Findings[0].Columns[0].Header = `<script>alert(1)</script>`
	in.Trail[0].Reason = `"><img src=x>`
	var page bytes.Buffer
	if err := report.New(in).WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "http://", "https://"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestLongTextsFlowOverPages(t *testing.T) {
	in := accident()
	in.Trail = nil
	for i := range 200 {
		in.Trail = append(in.Trail, report.Entry{At: at("11:00:00").Add(time.Duration(i) * time.Minute), Act: "viewed", By: strings.Repeat("x", i), Reason: strings.Repeat("word ", i*5)})
	}
	in.Measures = []string{strings.Repeat("A long measure. ", 600)}
	in.Delay = strings.Repeat("unbroken", 200)
	var pages bytes.Buffer
	if err := report.New(in).WritePDF(&pages); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(textOf(t, pages.Bytes())), " ")
	if n := strings.Count(text, "A long measure."); n < 570 {
		t.Errorf("only %d of 600 sentences are in the PDF", n)
	}
	if n := strings.Count(text, "Content seen"); n < 190 {
		t.Errorf("only %d of 200 lines are in the PDF", n)
	}
}

func TestJSONNamesItsSchemaAndHasNoNulls(t *testing.T) {
	for name, in := range records() {
		var object bytes.Buffer
		if err := report.New(in).WriteJSON(&object); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(object.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got["schema"] != report.Schema {
			t.Errorf("%s: schema %v", name, got["schema"])
		}
		for key, value := range got {
			if value == nil && key != "contact" {
				t.Errorf("%s: %s is null: an empty list is []", name, key)
			}
		}
	}
}
