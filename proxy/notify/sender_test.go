package notify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/emersion/go-message/mail"
)

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
