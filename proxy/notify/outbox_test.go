package notify_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
)

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

func TestPostingFailsWhereTheOutboxDoes(t *testing.T) {
	w := newWorld(t, nil)
	w.outbox.fail = errors.New("disk")
	if err := w.Tell(t.Context(), opened(), nil); !errors.Is(err, w.outbox.fail) {
		t.Errorf("Tell = %v", err)
	}
}

// slow is an upstream that takes minutes for a mail; meanwhile another process
// looks at the outbox.
type slow struct {
	*world
	takes time.Duration
	other *notify.Notifier
	sent  []string
}

func (s *slow) Mail(ctx context.Context, _, to string, _ []byte) error {
	s.sent = append(s.sent, to)
	s.now = s.now.Add(s.takes)
	if s.other == nil {
		return nil
	}
	return s.other.Flush(ctx)
}

// The lease of what was taken together ends while the last of it waits for its
// turn: nobody gets it from two processes.
func TestASlowUpstreamGetsNothingTwice(t *testing.T) {
	first, second := &slow{takes: 8 * time.Minute}, &slow{}
	w := newWorld(t, func(c *notify.Config) {
		c.Mail.To = []string{"a@office.test", "b@office.test", "c@office.test", "d@office.test"}
		c.Mailer = first
	})
	cfg := w.cfg
	cfg.Mailer = second
	other, err := notify.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	first.world, first.other, second.world = w, other, w
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		w.flush(t)
		w.now = w.now.Add(5 * time.Minute)
	}
	sent := append(first.sent, second.sent...)
	slices.Sort(sent)
	if !slices.Equal(sent, cfg.Mail.To) {
		t.Errorf("sent to %v and %v; want each once", first.sent, second.sent)
	}
}
