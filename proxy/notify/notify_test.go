package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// memory is an outbox in memory, as a store behaves.
type memory struct {
	mu    sync.Mutex
	keys  map[string]bool
	items []*item
	now   func() time.Time
	// sealed makes payloads unreadable, as on a relay without the private key.
	sealed bool
	fail   error
}

type item struct {
	notify.Posted
	next time.Time
	done string
}

func (m *memory) Post(_ context.Context, key, channel string, payload []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return false, m.fail
	}
	if m.keys[key] {
		return false, nil
	}
	m.keys[key] = true
	p := notify.Posted{ID: int64(len(m.items)), Key: key, Channel: channel, Payload: payload, Posted: m.now()}
	m.items = append(m.items, &item{Posted: p, next: m.now()})
	return true, nil
}

func (m *memory) Take(_ context.Context, lease time.Duration, own func(string, time.Time) bool) (due []notify.Posted, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range m.items {
		if i.done == "" && !i.next.After(m.now()) && (!m.sealed || own(i.Key, i.Posted.Posted)) {
			p := i.Posted
			if m.sealed {
				p.Payload = nil
			}
			due = append(due, p)
			i.next = m.now().Add(lease)
			i.Attempts++
		}
	}
	return due, nil
}

func (m *memory) Again(_ context.Context, id int64, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[id].next = at
	return nil
}

func (m *memory) Done(_ context.Context, id int64, result string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[id].done = result
	return nil
}

// box takes what is mailed.
type box struct {
	letters []letter
	fail    error
}

type letter struct{ from, to, content string }

func (b *box) Mail(_ context.Context, from, to string, content []byte) error {
	if b.fail != nil {
		return b.fail
	}
	b.letters = append(b.letters, letter{from, to, string(content)})
	return nil
}

// world is a notifier and what is around it.
type world struct {
	*notify.Notifier
	cfg    notify.Config
	now    time.Time
	outbox *memory
	box    *box
	counts map[string]int
	digest notify.Digest
}

func newWorld(t *testing.T, change func(*notify.Config)) *world {
	t.Helper()
	w := &world{now: time.Date(2031, 3, 5, 9, 30, 0, 0, time.UTC), box: &box{}, counts: map[string]int{}}
	w.outbox = &memory{keys: map[string]bool{}, now: func() time.Time { return w.now }}
	w.cfg = notify.Config{
		Zone: time.UTC, Host: "relay.office.test", From: "bulkhead@office.test", Link: "https://bulkhead.office.test", Digest: time.Hour,
		Mail:    notify.Mail{To: []string{"ana@office.test", "ben@office.test"}, Language: "en", On: notify.Kinds()},
		Senders: notify.Senders{Held: true, Returned: true, Listed: []string{"listed.test", "one@other.test"}, Languages: []string{"en", "de"}},
		Outbox:  w.outbox, Mailer: w.box, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now },
		Count:   func(channel, result string) { w.counts[channel+" "+result]++ },
		Summary: func(context.Context, time.Time) (notify.Digest, error) { return w.digest, nil },
	}
	if change != nil {
		change(&w.cfg)
	}
	var err error
	if w.Notifier, err = notify.New(w.cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) flush(t *testing.T) {
	t.Helper()
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func opened() notify.Event {
	return notify.Event{
		Kind: notify.Opened, At: time.Date(2031, 3, 5, 9, 29, 0, 0, time.UTC), Incident: "IN-7K2M-Q9XD", Message: "BH-7K2M-Q9XD",
		Policy: "bulk-customer-records", Subjects: 19997, Copies: 1, Left: 12, InText: true,
		Fields: []string{"contact.email", "context.code", "id.customer", "person.given_name", "person.name"}, Expires: time.Date(2031, 4, 4, 9, 29, 0, 0, time.UTC),
	}
}

var sender = notify.Sender{Address: "tool@office.test", Authenticated: true, Accepted: true}

func TestTextsAreWhatTheGoldenFilesSay(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		w := newWorld(t, func(c *notify.Config) {
			c.Mail.To, c.Mail.Language, c.Senders.Languages = []string{"ana@office.test"}, language, []string{language}
		})
		for _, kind := range notify.Kinds() {
			e := opened()
			e.Kind, e.By, e.Failed = notify.Kind(kind), "rita", 3
			if err := w.Tell(t.Context(), e, &sender); err != nil {
				t.Fatal(err)
			}
			if e.Kind == notify.Refused || e.Kind == notify.Expired {
				if err := w.Return(t.Context(), e, sender, original()); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.digest = notify.Digest{Open: 2, More: 3, Incidents: []notify.Line{
			{Incident: "IN-7K2M-Q9XD", State: "open", Policy: "bulk-customer-records", Subjects: 19997, Copies: 3488, Last: w.now},
			{Incident: "IN-1F90-ABCD", State: "decided", Policy: "unread", Subjects: 1, Copies: 1, Last: w.now}}}
		run(t, w)
		var all strings.Builder
		for _, l := range w.box.letters {
			m, err := mail.CreateReader(strings.NewReader(l.content))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := m.Header.Subject()
			if err != nil {
				t.Fatal(err)
			}
			p, err := m.NextPart()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(p.Body)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString("To: " + l.to + "\nSubject: " + subject + "\n\n" + strings.ReplaceAll(string(text), "\r\n", "\n") + "\n========\n")
		}
		golden(t, "texts."+language+".txt", all.String())
	}
}

// run lets the notifier run for one round.
func run(t *testing.T, w *world) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		w.outbox.mu.Lock()
		digest, waiting := false, 0
		for _, i := range w.outbox.items {
			digest = digest || strings.Contains(i.Key, "digest/")
			if i.done == "" {
				waiting++
			}
		}
		w.outbox.mu.Unlock()
		if digest && waiting == 0 || time.Now().After(deadline) {
			break
		}
	}
	stop()
	<-done
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update writes it anew:\n%s", name, diff)
	}
}

func TestAnIncidentIsToldOnce(t *testing.T) {
	w := newWorld(t, nil)
	for range 3500 {
		if err := w.Tell(t.Context(), opened(), &sender); err != nil {
			t.Fatal(err)
		}
	}
	w.flush(t)
	if len(w.box.letters) != 3 { // two reviewers, one sender
		t.Fatalf("%d mails for one incident, want 3", len(w.box.letters))
	}
	// A restart, or another process, has another notifier and the same outbox.
	again, err := notify.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Tell(t.Context(), opened(), &sender); err != nil {
		t.Fatal(err)
	}
	if err := again.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.box.letters) != 3 {
		t.Errorf("%d mails after a restart, want 3", len(w.box.letters))
	}
}

func TestAFloodOfIncidentsGoesToTheDigest(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = []string{"ana@office.test"} })
	for i := range 200 {
		e := opened()
		e.Incident = "IN-" + strconv.Itoa(i)
		if err := w.Tell(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.flush(t)
	if n := len(w.box.letters); n != 20 {
		t.Errorf("%d mails for 200 incidents, want 20", n)
	}
}

// After a restart the open incidents are told again, to no effect: that leaves
// room for new ones.
func TestWhatWasToldBeforeIsNoFlood(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = []string{"ana@office.test"} })
	tell := func(incident string) {
		t.Helper()
		e := opened()
		e.Incident = incident
		if err := w.Tell(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 {
		tell("IN-1")
	}
	tell("IN-2")
	w.flush(t)
	if n := len(w.box.letters); n != 2 {
		t.Errorf("%d mails for two incidents", n)
	}
}

func TestLanguageThatIsNotThereIsAnError(t *testing.T) {
	for name, change := range map[string]func(*notify.Config){
		"mail":    func(c *notify.Config) { c.Mail.Language = "xx" },
		"sender":  func(c *notify.Config) { c.Senders.Languages = []string{"en", "xx"} },
		"webhook": func(c *notify.Config) { c.Webhooks = []notify.Webhook{{Language: "en"}, {Language: "xx"}} },
	} {
		cfg := newWorld(t, nil).cfg
		change(&cfg)
		if _, err := notify.New(cfg); err == nil || !strings.Contains(err.Error(), `"xx"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who decided is for reviewers: a text of one's own cannot tell a sender either.
func TestSenderIsNotToldWhoDecided(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"sender.en.txt", "returned.en.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("Subject: x\n\n{{.By}} {{printf \"%+v\" .}}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, func(c *notify.Config) {
		c.Mail.To, c.Templates, c.Senders.Languages = nil, dir, []string{"en"}
	})
	e := opened()
	e.Kind, e.By = notify.Released, "rita"
	if err := w.Tell(t.Context(), e, &sender); err != nil {
		t.Fatal(err)
	}
	e.Kind = notify.Refused
	if err := w.Return(t.Context(), e, sender, original()); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if len(w.box.letters) != 2 {
		t.Fatalf("%d letters", len(w.box.letters))
	}
	for _, l := range w.box.letters {
		if strings.Contains(l.content, "rita") {
			t.Errorf("a sender is told who decided:\n%s", l.content)
		}
	}
}

func TestDigestComesOnceAnInterval(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = []string{"ana@office.test"} })
	w.digest = notify.Digest{Open: 1, Incidents: []notify.Line{{Incident: "IN-1", Last: w.now}}}
	for range 3 {
		run(t, w)
	}
	if len(w.box.letters) != 1 {
		t.Errorf("%d digests in one interval, want 1", len(w.box.letters))
	}
	w.now = w.now.Add(time.Hour)
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	w.Run(ctx)
	if len(w.box.letters) != 2 {
		t.Errorf("%d digests in two intervals, want 2", len(w.box.letters))
	}
	w.digest.Incidents = nil // nothing changed
	w.now = w.now.Add(time.Hour)
	ctx, stop = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	w.Run(ctx)
	if len(w.box.letters) != 2 {
		t.Error("a digest that says nothing")
	}
}

func TestOnlySendersWhoAreKnownAreTold(t *testing.T) {
	for _, test := range []struct {
		name string
		who  notify.Sender
		want int
	}{
		{"authenticated", sender, 1},
		{"not authenticated: it may be anybody's address", notify.Sender{Address: "tool@office.test", Accepted: true}, 0},
		{"listed by domain", notify.Sender{Address: "x@Listed.test", Accepted: true}, 1},
		{"listed by address", notify.Sender{Address: "one@other.test", Accepted: true}, 1},
		{"another of that domain", notify.Sender{Address: "two@other.test", Accepted: true}, 0},
		{"the null path", notify.Sender{Authenticated: true, Accepted: true}, 0},
		// The client has told whoever is behind it.
		{"answered 550", notify.Sender{Address: "tool@office.test", Authenticated: true}, 0},
	} {
		w := newWorld(t, func(c *notify.Config) { c.Mail.To = nil })
		if err := w.Tell(t.Context(), opened(), &test.who); err != nil {
			t.Fatal(err)
		}
		w.flush(t)
		if len(w.box.letters) != test.want {
			t.Errorf("%s: %d notices, want %d", test.name, len(w.box.letters), test.want)
		}
		e := opened()
		e.Kind = notify.Refused
		if err := w.Return(t.Context(), e, test.who, original()); err != nil {
			t.Fatal(err)
		}
		w.flush(t)
		if len(w.box.letters) != 2*test.want {
			t.Errorf("%s: %d notices with the non-delivery notice, want %d", test.name, len(w.box.letters), 2*test.want)
		}
	}
}

func TestNoticeToASenderCannotLoop(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = nil })
	if err := w.Tell(t.Context(), opened(), &sender); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	m, err := mail.CreateReader(strings.NewReader(w.box.letters[0].content))
	if err != nil {
		t.Fatal(err)
	}
	if l := w.box.letters[0]; l.from != "" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("reverse path %q, Auto-Submitted %q", l.from, m.Header.Get("Auto-Submitted"))
	}
}

func TestWhatCannotBeSentIsTriedAgainAndGivenUp(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = []string{"ana@office.test"} })
	w.box.fail = errors.New("down")
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	w.now = w.now.Add(29 * time.Second)
	w.box.fail = nil
	w.flush(t)
	if len(w.box.letters) != 0 {
		t.Error("tried again at once")
	}
	w.now = w.now.Add(time.Second)
	w.flush(t)
	if len(w.box.letters) != 1 || w.counts["mail ok"] != 1 {
		t.Errorf("%d mails, counts %v", len(w.box.letters), w.counts)
	}

	e := opened()
	e.Incident = "IN-2"
	w.box.fail = notify.ErrRefused
	if err := w.Tell(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if w.counts["mail failed"] != 1 {
		t.Errorf("a refusal for good is counted as %v", w.counts)
	}

	e.Incident = "IN-3"
	w.box.fail = errors.New("down")
	if err := w.Tell(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	attempts := 0
	for end := w.now.Add(4 * 24 * time.Hour); w.now.Before(end); w.now = w.now.Add(time.Minute) {
		w.flush(t)
	}
	attempts = w.outbox.items[2].Attempts
	if w.counts["mail failed"] != 2 || attempts < 70 || attempts > 90 {
		t.Errorf("after four days: %v in %d attempts", w.counts, attempts)
	}
}

// On a relay without the private key a posted notice cannot be read again, but
// by the process that posted it.
func TestSealedNoticeIsSentByWhoPostedIt(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = nil })
	w.outbox.sealed = true
	if err := w.Tell(t.Context(), opened(), &sender); err != nil {
		t.Fatal(err)
	}
	other, err := notify.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.box.letters) != 0 || w.outbox.items[0].done != "" {
		t.Fatal("a notice that cannot be read is sent, or given up")
	}
	w.flush(t)
	if len(w.box.letters) != 1 {
		t.Error("who posted it does not send it")
	}
}

// What was posted together with a decision is sent as if it had been told: by the
// process that posted it, the private key there or not.
func TestWhatIsPostedWithADecisionIsSent(t *testing.T) {
	for name, c := range map[string]struct {
		kind        notify.Kind
		undelivered []string
		channels    []string
	}{
		"release": {notify.Released, nil, []string{"mail", "mail", "sender"}},
		"refusal": {notify.Refused, []string{"BH-1"}, []string{"mail", "mail", "sender"}},
	} {
		w := newWorld(t, nil)
		w.outbox.sealed = true
		e := opened()
		e.Kind, e.Once = c.kind, name
		notices, err := w.Notices(e, &sender, c.undelivered)
		if err != nil {
			t.Fatal(err)
		}
		var channels []string
		for _, n := range notices {
			channels = append(channels, n.Channel)
			if _, err := w.outbox.Post(t.Context(), n.Key, n.Channel, n.Payload); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(channels, c.channels) {
			t.Errorf("%s: told by %v, want %v", name, channels, c.channels)
		}
		w.Posted(notices)
		w.flush(t)
		// A non-delivery notice waits for who can read the messages.
		if want := len(c.channels) - len(c.undelivered); len(w.box.letters) != want {
			t.Errorf("%s: %d letters, want %d", name, len(w.box.letters), want)
		}
		if err := w.Tell(t.Context(), e, &sender); err != nil {
			t.Fatal(err)
		}
		w.flush(t)
		if want := len(c.channels) - len(c.undelivered); len(w.box.letters) != want {
			t.Errorf("%s: told twice: %d letters, want %d", name, len(w.box.letters), want)
		}
	}
}

// A relay without the private key cannot read whose the messages are that have
// expired: the next process that has the key returns them.
func TestMailIsReturnedByWhoHasTheKey(t *testing.T) {
	undelivered := 0
	w := newWorld(t, func(c *notify.Config) {
		c.Undelivered = func(_ context.Context, messages []string) (notify.Sender, notify.Original, error) {
			undelivered += len(messages)
			return sender, notify.Original{Recipients: []notify.Recipient{{Address: "dora@reader.test"}}}, nil
		}
	})
	w.outbox.sealed = true
	e := opened()
	e.Kind = notify.Expired
	for range 2 { // told twice, as after a crash
		if err := w.ReturnLater(t.Context(), e, []string{"BH-1", "BH-2"}); err != nil {
			t.Fatal(err)
		}
	}
	w.flush(t)
	if w.now = w.now.Add(29 * 24 * time.Hour); len(w.box.letters) != 0 {
		t.Fatal("a relay without the key has sent something")
	}
	w.flush(t)
	w.outbox.sealed = false
	w.flush(t)
	if len(w.box.letters) != 1 || undelivered != 2 || !strings.Contains(w.box.letters[0].content, "dora@reader.test") || w.box.letters[0].from != "" {
		t.Errorf("sent %+v for %d messages, want one for two", w.box.letters, undelivered)
	}
	// Nobody with the key in a month: it is given up, and counted.
	e.Once = "another"
	w.outbox.sealed = true
	if err := w.ReturnLater(t.Context(), e, []string{"BH-3"}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(31 * 24 * time.Hour)
	w.flush(t)
	if w.counts["sender dropped"] != 1 {
		t.Errorf("counts %v, want one dropped", w.counts)
	}
}

// What nobody can open is given up, and not tried for days.
func TestADamagedNoticeIsGivenUp(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = c.Mail.To[:1] })
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	w.outbox.items[0].Payload, w.outbox.items[0].Damaged = nil, true
	other, err := notify.New(w.cfg) // another process, which has not posted it
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Flush(t.Context()); err != nil || w.counts["mail failed"] != 1 {
		t.Errorf("%v, counts %v; want one failed", err, w.counts)
	}
}

// A call that waits goes to the webhook it was made for, wherever that stands in
// the configuration by then, and to no other in its place.
func TestAQueuedCallKeepsItsWebhook(t *testing.T) {
	var got []string
	hook := func(name string) notify.Webhook {
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got = append(got, name) }))
		t.Cleanup(server.Close)
		return notify.Webhook{URL: server.URL, Form: "json", Language: "en", On: notify.Kinds()}
	}
	first, second, third := hook("first"), hook("second"), hook("third")
	w := newWorld(t, func(c *notify.Config) { c.Mail.To, c.Webhooks = nil, []notify.Webhook{first, second} })
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	w.cfg.Webhooks = []notify.Webhook{third, second}
	after, err := notify.New(w.cfg) // after a restart
	if err != nil {
		t.Fatal(err)
	}
	if err := after.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != "second" || w.counts["webhook failed"] != 1 {
		t.Errorf("called %v, counts %v; want the second alone, and the first given up", got, w.counts)
	}
}

func TestPostingFailsWhereTheOutboxDoes(t *testing.T) {
	w := newWorld(t, nil)
	w.outbox.fail = errors.New("disk")
	if err := w.Tell(t.Context(), opened(), nil); !errors.Is(err, w.outbox.fail) {
		t.Errorf("Tell = %v", err)
	}
}

func TestWebhookIsSignedAndTriedAgainWithTheSameName(t *testing.T) {
	const secret = "0123456789abcdef"
	type request struct {
		header http.Header
		body   []byte
	}
	var got []request
	answers := []int{503, 429, 200}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, request{r.Header, body})
		w.WriteHeader(answers[min(len(got), len(answers))-1])
	}))
	defer hook.Close()
	w := newWorld(t, func(c *notify.Config) {
		c.Mail.To = nil
		c.Webhooks = []notify.Webhook{{URL: hook.URL, Form: "json", Language: "en", Secret: secret, On: notify.Kinds()}}
	})
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		w.flush(t)
		w.now = w.now.Add(10 * time.Minute)
	}
	if len(got) != 3 {
		t.Fatalf("called %d times, want 3", len(got))
	}
	for i, r := range got {
		stamp, _, _ := strings.Cut(strings.TrimPrefix(r.header.Get(notify.SignatureHeader), "t="), ",")
		unix, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if want := notify.Sign(secret, time.Unix(unix, 0), r.body); r.header.Get(notify.SignatureHeader) != want {
			t.Errorf("call %d is signed %q, want %q", i+1, r.header.Get(notify.SignatureHeader), want)
		}
		if r.header.Get(notify.DeliveryHeader) != got[0].header.Get(notify.DeliveryHeader) || !bytes.Equal(r.body, got[0].body) {
			t.Errorf("call %d is another notice", i+1)
		}
	}
	if got[0].header.Get(notify.SignatureHeader) == got[2].header.Get(notify.SignatureHeader) {
		t.Error("a later attempt has the time of the first: it could be played again")
	}
	// As `printf '1.{}' | openssl dgst -sha256 -hmac key` gives it.
	if s := notify.Sign("key", time.Unix(1, 0), []byte("{}")); s != "t=1,v1=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224" {
		t.Errorf("signed %s", s)
	}
	var body map[string]any
	if err := json.Unmarshal(got[0].body, &body); err != nil {
		t.Fatal(err)
	}
	if body["incident"] != "IN-7K2M-Q9XD" || body["subjects"] != 19997.0 || body["left_before"] != 12.0 || body["kind"] != "incident_opened" {
		t.Errorf("the body is %s", got[0].body)
	}
}

func TestWebhookThatRefusesIsGivenUpAndItsAddressStaysSecret(t *testing.T) {
	var log bytes.Buffer
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer hook.Close()
	w := newWorld(t, func(c *notify.Config) {
		c.Mail.To = nil
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.Webhooks = []notify.Webhook{
			{URL: hook.URL + "/T0KEN", Form: "slack", Language: "de", On: notify.Kinds()},
			{URL: "http://127.0.0.1:1/T0KEN", Form: "slack", Language: "en", On: notify.Kinds()}, // nobody listens
		}
	})
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if w.counts["slack failed"] != 1 || w.outbox.items[1].done != "" {
		t.Errorf("counts %v; the second is %q", w.counts, w.outbox.items[1].done)
	}
	if log.Len() == 0 || strings.Contains(log.String(), "T0KEN") {
		t.Errorf("the log says:\n%s", log.String())
	}
}

func TestSlackTakesNoMarksFromUs(t *testing.T) {
	var body map[string]string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
	}))
	defer hook.Close()
	w := newWorld(t, func(c *notify.Config) {
		c.Webhooks = []notify.Webhook{{URL: hook.URL, Form: "slack", Language: "en", On: notify.Kinds()}}
	})
	e := opened()
	e.Kind, e.By = notify.Released, "<!channel> & co"
	if err := w.Tell(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if !strings.Contains(body["text"], "&lt;!channel&gt; &amp; co") || strings.Contains(body["text"], "<!") {
		t.Errorf("the text is %q", body["text"])
	}
}

func TestOwnTextsTakeThePlaceOfTheBuiltIn(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("reviewer.en.txt", "Subject: Look at {{.Incident}}\n\n{{kinds .Fields}}\n")
	w := newWorld(t, func(c *notify.Config) { c.Templates = dir; c.Mail.To = c.Mail.To[:1] })
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if c := w.box.letters[0].content; !strings.Contains(c, "Subject: Look at IN-7K2M-Q9XD") || !strings.Contains(c, "customer numbers") {
		t.Errorf("the mail is\n%s", c)
	}
	for name, content := range map[string]string{
		"reviewer.en.txt":  "Subject: {{.Nothing}}\n\nx\n",
		"sender.de.txt":    "no subject\n",
		"returned.en.txt":  "Subject: {{if}}\n",
		"unknown.en.txt":   "Subject: x\n",
		"digest.fr.txt":    "Subject: x\n{{nofunc}}",
		"words.fr.yaml":    "person.name: noms\n", // without the templates of its language
		"words.en.yaml":    "a: [b]\n",
		"reviewer.fr2.txt": strings.Repeat("x", 70<<10),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := w.cfg
		cfg.Templates = dir
		if _, err := notify.New(cfg); err == nil || !strings.Contains(err.Error(), ".") {
			t.Errorf("%s with %.30q is taken: %v", name, content, err)
		}
	}
	cfg := w.cfg
	cfg.Mail.Language = "xx"
	if _, err := notify.New(cfg); err == nil || !strings.Contains(err.Error(), "want one of [de en]") {
		t.Errorf("a language without texts: %v", err)
	}
}
