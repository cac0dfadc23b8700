package console_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// tryMost is the most that is tried in tests, in bytes.
const tryMost = 100_000

// hasty is a judge that holds whatever it is given, and notes it.
type hasty struct {
	err   error
	asked []console.Trial
	read  []byte
	dir   string // where uploads are; its files are counted while it judges
	files int
	wait  chan struct{} // nil: it answers at once
}

func (h *hasty) Judge(ctx context.Context, t console.Trial) (console.Opinion, error) {
	if h.wait != nil {
		select {
		case <-h.wait:
		case <-ctx.Done():
			return console.Opinion{}, ctx.Err()
		}
	}
	if h.err != nil {
		return console.Opinion{}, h.err
	}
	h.asked = append(h.asked, t)
	var err error
	if h.read, err = io.ReadAll(io.NewSectionReader(t.Content.ReaderAt, 0, t.Content.Size)); err != nil {
		return console.Opinion{}, err
	}
	entries, err := os.ReadDir(h.dir)
	h.files = len(entries)
	return console.Opinion{
		Verdict: rules.Verdict{Action: rules.Hold, Policy: "bulk-customer-records", Matches: []rules.Match{{Policy: "bulk-customer-records", Action: rules.Hold}},
			Exposure: rules.Exposure{Subjects: 1234, Records: 1300, Fields: []string{"contact.email"}}, Reasons: []string{"records of 1234 people who are not its readers"}},
		Findings: []rules.Finding{{Path: t.Name, Kind: "table", Records: 2, Rows: 2,
			Columns: []rules.Column{{Header: "full_name", Type: "person.name", Confidence: 0.97}}, Sample: [][]string{{"A****** B****"}}}},
		Took: 42 * time.Millisecond,
	}, err
}

// newTrying starts a console that judges.
func newTrying(t testing.TB, h *hasty) *httptest.Server {
	t.Helper()
	h.dir = t.TempDir()
	store, _, _ := newStore(t)
	server, _ := newConsoleOf(t, console.Config{Store: store, Judge: h, TryMost: tryMost, SpoolDir: h.dir})
	return server
}

// form writes a form with its fields in pairs of name and value; the name of a
// file is behind "file:".
func form(t testing.TB, fields ...string) (body *bytes.Buffer, contentType string) {
	t.Helper()
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for i := 0; i < len(fields); i += 2 {
		name, value := fields[i], fields[i+1]
		var part io.Writer
		var err error
		if file, is := strings.CutPrefix(name, "file:"); is {
			part, err = w.CreateFormFile("file", file)
		} else {
			part, err = w.CreateFormField(name)
		}
		if err == nil {
			_, err = io.WriteString(part, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body, w.FormDataContentType()
}

// post sends a form and returns the answer.
func post(t testing.TB, url, contentType string, body io.Reader) (code int, text string) {
	t.Helper()
	resp, err := http.Post(url, contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(page)
}

func TestTrialTellsTheVerdictAndKeepsNothing(t *testing.T) {
	h := &hasty{}
	server := newTrying(t, h)
	content := strings.Repeat("name,mail\n", 5000)
	body, kind := form(t, "from", "ana@office.example", "to", "x@client.example, y@client.example", "file:customers.csv", content, "text", "")
	code, text := post(t, server.URL+"/try", kind, body)
	if code != http.StatusOK {
		t.Fatalf("%d\n%s", code, text)
	}
	for _, want := range []string{"It would be held", "1,234 people", "bulk-customer-records", "contact.email", "records of 1234 people", "42 ms", "customers.csv", "A****** B****", "97 %"} {
		if !strings.Contains(text, want) {
			t.Errorf("the answer lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "name,mail") {
		t.Error("the answer has the content")
	}
	if got := h.asked[0]; string(h.read) != content || got.From != "ana@office.example" || fmt.Sprint(got.To) != "[x@client.example y@client.example]" {
		t.Errorf("the judge is asked of %d bytes, from %q to %q", len(h.read), got.From, got.To)
	}
	if h.files != 0 {
		t.Errorf("%d files have a name while they are judged: they would stay after a crash", h.files)
	}

	body, kind = form(t, "file:", "", "text", "just a text", "from", "", "to", "")
	if code, text := post(t, server.URL+"/try", kind, body); code != http.StatusOK || string(h.read) != "just a text" || !strings.Contains(text, "pasted text") {
		t.Errorf("%d, judged is %q\n%s", code, h.read, text)
	}
}

func TestTrialThatCannotBeJudgedSaysWhy(t *testing.T) {
	h := &hasty{}
	server := newTrying(t, h)
	for name, c := range map[string]struct {
		fields []string
		code   int
		words  string
	}{
		"nothing":          {[]string{"from", "", "text", ""}, http.StatusBadRequest, "nothing to judge"},
		"a byte too many":  {[]string{"text", strings.Repeat("x", tryMost+1)}, http.StatusRequestEntityTooLarge, "larger than"},
		"far too much":     {[]string{"file:x", strings.Repeat("x", 50*tryMost)}, http.StatusRequestEntityTooLarge, "larger than"},
		"no sender":        {[]string{"text", "x", "from", "ana"}, http.StatusBadRequest, "From is no address"},
		"no recipient":     {[]string{"text", "x", "to", "ana@office.example ben"}, http.StatusBadRequest, "no address"},
		"a sender's novel": {[]string{"text", "x", "from", strings.Repeat("a@b ", 10_000)}, http.StatusBadRequest, "too long"},
		"as much as fits":  {[]string{"text", strings.Repeat("x", tryMost)}, http.StatusOK, "It would be held"},
	} {
		body, kind := form(t, c.fields...)
		if code, text := post(t, server.URL+"/try", kind, body); code != c.code || !strings.Contains(text, c.words) || !strings.Contains(text, "<main") {
			t.Errorf("%s: %d, want %d and %q\n%s", name, code, c.code, c.words, text)
		}
	}
	body, kind := form(t, "text", "one two three")
	cut := bytes.NewReader(body.Bytes()[:body.Len()-60])
	if code, text := post(t, server.URL+"/try", kind, cut); code != http.StatusBadRequest || !strings.Contains(text, "did not arrive as a whole") {
		t.Errorf("a form that is cut off: %d\n%s", code, text)
	}
	if code, _ := post(t, server.URL+"/try", "text/plain", strings.NewReader("x")); code != http.StatusBadRequest {
		t.Errorf("no form: %d", code)
	}
	h.err = errors.New("panic over ana@office.example")
	body, kind = form(t, "text", "x")
	if code, text := post(t, server.URL+"/try", kind, body); code != http.StatusInternalServerError || strings.Contains(text, "panic") || strings.Contains(text, "ana@") {
		t.Errorf("a judge that fails: %d\n%s", code, text)
	}
}

// A trial takes room on the disk: only so many may be under way, and none waits
// in line for another's upload.
func TestTrialsAreBounded(t *testing.T) {
	h := &hasty{wait: make(chan struct{}), err: errors.New("let go")}
	server := newTrying(t, h)
	const most = 8
	codes := make(chan int, most+1)
	for range most + 1 {
		go func() {
			body, kind := form(t, "text", "x")
			code, _ := post(t, server.URL+"/try", kind, body)
			codes <- code
		}()
	}
	if code := <-codes; code != http.StatusServiceUnavailable {
		t.Errorf("one too many gets %d", code)
	}
	close(h.wait)
	for range most {
		if code := <-codes; code != http.StatusInternalServerError {
			t.Errorf("a trial within the bound gets %d", code)
		}
	}
}

func TestConsoleWithoutAJudgeSaysSo(t *testing.T) {
	store, _, _ := newStore(t)
	server, _ := newConsole(t, store)
	if resp, body := page(t, server.URL+"/try", ""); resp.StatusCode != http.StatusOK || !strings.Contains(body, "Nothing can be tried here") {
		t.Errorf("%s\n%s", resp.Status, body)
	}
	body, kind := form(t, "text", "x")
	if code, text := post(t, server.URL+"/try", kind, body); code != http.StatusNotFound || !strings.Contains(text, "Nothing can be tried here") {
		t.Errorf("%d\n%s", code, text)
	}
}
