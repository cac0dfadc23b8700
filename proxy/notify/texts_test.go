package notify_test

import (
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/emersion/go-message/mail"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

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
