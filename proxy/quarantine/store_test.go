package quarantine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2031, 3, 5, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := openIn(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// letter is a message to n made-up people.
func letter(n int) Message {
	m := Message{From: "sender@shop.example", Policy: "bulk-customer-records", Subjects: 12}
	for i := range n {
		m.Recipients = append(m.Recipients, Recipient{Address: fmt.Sprintf("reader%d@post.example", i+1)})
	}
	return m
}

func hold(t testing.TB, s *Store, m Message, content string) Message {
	t.Helper()
	held, err := s.Hold(t.Context(), m, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func get(t testing.TB, s *Store, id string) Message {
	t.Helper()
	m, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readContent(t testing.TB, s *Store, id string) string {
	t.Helper()
	c, err := s.Content(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func TestHeldMessageIsReadAsItWas(t *testing.T) {
	t.Parallel()
	every := Message{
		IncidentKey: "run 1",
		From:        "sender@shop.example",
		MailParams:  []string{"BODY=8BITMIME", "RET=HDRS", "ENVID=QQ314159"},
		Recipients: []Recipient{
			{Address: "reader1@post.example", Params: []string{"NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;r1@post.example"}},
			{Address: "\"a b\"@post.example"},
		},
		Action: "hold", Policy: "bulk-customer-records", PolicyVersion: "7",
		Subjects: 20000, Records: 20001,
		ByCategory: map[string]int64{"direct": 20_000}, Fields: []string{"contact.email", "person.name"}, Reasons: []string{"20,000 people", "a <b> & c"},
		Completeness: "partial", Evidence: []byte(`{"rows": ["J*** D**"]}`),
		Client: "192.0.2.7", Auth: "newsletter",
		Received: time.Date(2031, 3, 5, 8, 0, 0, 123456789, time.FixedZone("", 3600)),
		Expires:  time.Date(2031, 4, 5, 8, 0, 0, 0, time.UTC),
	}
	allBytes := make([]byte, 256)
	for i := range allBytes {
		allBytes[i] = byte(i)
	}
	tests := []struct {
		name    string
		message Message
		content string
	}{
		{"the least", letter(1), "Subject: x\r\n\r\nbody\r\n"},
		{"every field", every, "Subject: y\r\n\r\nbody\r\n"},
		{"null reverse path", Message{Recipients: letter(1).Recipients}, "bounce"},
		{"empty content", letter(1), ""},
		{"every byte", letter(2), strings.Repeat(string(allBytes), 1000)},
		// RFC 6531 lets addresses be UTF-8; a client may send what is not.
		{"bytes that are no UTF-8", Message{From: "a\xff\x00b@x.example", MailParams: []string{"X=\xfe"},
			Recipients: []Recipient{{Address: "ü\xff\x00@x.example", Params: []string{"Y=\xfd\x00"}}}}, "z"},
	}
	s := open(t, t.TempDir(), Options{Clock: newClock().Now})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			held := hold(t, s, test.message, test.content)
			if held.State != Held || held.Size != int64(len(test.content)) || !validID(held.ID) || held.Incident == "" {
				t.Errorf("held as %+v", held)
			}
			if diff := cmp.Diff(held, get(t, s, held.ID)); diff != "" {
				t.Errorf("read otherwise than held (-held +read):\n%s", diff)
			}
			if got := readContent(t, s, held.ID); got != test.content {
				t.Errorf("content of %d bytes is read as %d others", len(test.content), len(got))
			}
			want := test.message
			want.ID, want.Incident, want.State, want.Size, want.SHA256 = held.ID, held.Incident, Held, held.Size, held.SHA256
			want.Received, want.Recipients = held.Received, held.Recipients
			if want.Answered == 0 {
				want.Answered = 250
			}
			if want.Expires.IsZero() {
				want.Expires = held.Received.Add(defaultUndecided)
			}
			if diff := cmp.Diff(want, held); diff != "" {
				t.Errorf("held otherwise than given (-given +held):\n%s", diff)
			}
			for i, r := range test.message.Recipients {
				r.State = RecipientHeld
				if diff := cmp.Diff(r, held.Recipients[i]); diff != "" {
					t.Errorf("recipient %d (-given +held):\n%s", i+1, diff)
				}
			}
		})
	}
	if got, want := get(t, s, strings.ToLower(hold(t, s, every, "z").ID)).Received, every.Received.Truncate(time.Microsecond); !got.Equal(want) {
		t.Errorf("received at %v, want %v", got, want)
	}
}

func TestRecipientNamedTwiceIsKeptOnce(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	m := letter(2)
	m.Recipients = append(m.Recipients, m.Recipients[0])
	if got := hold(t, s, m, "x"); len(got.Recipients) != 2 {
		t.Errorf("%d recipients, want 2", len(got.Recipients))
	}
}

func TestWhatCannotBeStoredIsRefused(t *testing.T) {
	t.Parallel()
	with := func(change func(*Message)) Message {
		m := letter(1)
		change(&m)
		return m
	}
	tests := []struct {
		name    string
		message Message
	}{
		{"no recipients", Message{From: "a@b.example"}},
		{"empty recipient", with(func(m *Message) { m.Recipients[0].Address = "" })},
		{"evidence that is not JSON", with(func(m *Message) { m.Evidence = []byte("{") })},
		{"MAIL parameter with a space", with(func(m *Message) { m.MailParams = []string{"A B"} })},
		{"RCPT parameter with a line end", with(func(m *Message) { m.Recipients[0].Params = []string{"A\r\nB"} })},
		{"empty parameter", with(func(m *Message) { m.MailParams = []string{""} })},
	}
	s := open(t, t.TempDir(), Options{})
	for _, test := range tests {
		_, err := s.Hold(t.Context(), test.message, strings.NewReader("x"))
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", test.name, err)
		}
	}
	if all, _, err := s.List(t.Context(), Query{}); err != nil || len(all) != 0 {
		t.Errorf("%d messages are held, %v", len(all), err)
	}
}

func TestBrokenContentIsNotHeld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	cause := errors.New("spool is gone")
	_, err := s.Hold(t.Context(), letter(1), io.MultiReader(strings.NewReader("half"), errReader{cause}))
	wantErr(t, err, cause)

	ctx, cancel := context.WithCancel(t.Context())
	endless := readerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	_, err = s.Hold(ctx, letter(1), endless)
	wantErr(t, err, context.Canceled)
	wantFiles(t, dir, 0)
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// bulk is content that no compression makes small enough to go without a pack:
// the same for one name, and with nothing in common for two.
func bulk(name string) string {
	b := make([]byte, 2*inlineMost)
	seed := sha256.Sum256([]byte(name))
	if _, err := rand.NewChaCha8(seed).Read(b); err != nil {
		panic(err) // it never fails
	}
	return name + "\r\n\r\n" + string(b)
}

// wantFiles counts the packs and files, whole or half-written, in a store's
// folder.
func wantFiles(t testing.TB, dir string, want int) {
	t.Helper()
	half, err := filepath.Glob(filepath.Join(dir, "incoming", "*"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := filepath.Glob(filepath.Join(dir, "content", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(half) != 0 || len(whole) != want {
		t.Errorf("%d half-written and %d whole files, want none and %d", len(half), len(whole), want)
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	ofSQLite(t, "its files")
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "er")
	s := open(t, dir, Options{})
	hold(t, s, letter(1), "x")
	files := 0
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if info.IsDir() {
			want = 0o700
		} else {
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 4 { // database, its log and index, content
		t.Errorf("only %d files", files)
	}
}

func TestIDsAreNeverUsedTwice(t *testing.T) {
	t.Parallel()
	// Each draw of eight zero or one bytes is one of few ids, so most collide:
	// with content on disk, and with messages whose content was deleted.
	random := rand.New(rand.NewPCG(1, 2))
	few := readerFunc(func(p []byte) (int, error) {
		for i := range p {
			p[i] = 0
		}
		p[len(p)-1] = byte(random.IntN(4))
		if random.IntN(20) == 0 { // so that it ends, and incidents have ids
			for i := range p {
				p[i] = byte(random.Uint32())
			}
		}
		return len(p), nil
	})
	dir := t.TempDir()
	s := open(t, dir, Options{Random: few})
	content := map[string]string{}
	refused := 0
	for i := range 60 {
		text := bulk(fmt.Sprint("message ", i))
		m := letter(1)
		m.IncidentKey = "one"
		held, err := s.Hold(t.Context(), m, strings.NewReader(text))
		if err != nil {
			if strings.Contains(err.Error(), "messages.id") {
				t.Fatal("the used id was only found by the insert:", err)
			}
			refused++ // no unused id was drawn: 451, and nothing is overwritten
			continue
		}
		if _, ok := content[held.ID]; ok {
			t.Fatalf("%s is given twice", held.ID)
		}
		content[held.ID] = text
		if i%3 == 0 {
			if err := s.Delete(t.Context(), held.ID, "anna", ""); err != nil {
				t.Fatal(err)
			}
			content[held.ID] = ""
		}
	}
	if len(content) < 5 || refused == 0 {
		t.Fatalf("%d held, %d refused: the draws collide too often or never", len(content), refused)
	}
	whole := 0
	for id, text := range content {
		if text == "" {
			continue
		}
		whole++
		if got := readContent(t, s, id); got != text {
			t.Errorf("%s is %q, was held as %q", id, got, text)
		}
	}
	wantFiles(t, dir, whole)
}
