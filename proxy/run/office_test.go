package run

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
)

var inspector = sync.OnceValues(func() (*rules.Inspector, error) { return rules.NewInspector(nil) })

// office is a tracker with a clock of its own, and what makes messages for it.
type office struct {
	t        *testing.T
	tracker  *Tracker
	policies *rules.Policies
	mu       sync.Mutex
	now      time.Time
}

func newOffice(t *testing.T, cfg Config) *office {
	t.Helper()
	specs, err := rules.ParsePolicies(policies.Name, policies.Default())
	if err != nil {
		t.Fatal(err)
	}
	p, err := rules.CompilePolicies(specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, policies: p, now: time.Date(2031, 3, 5, 9, 0, 0, 0, time.UTC)}
	if cfg.Quiet == 0 {
		cfg.Quiet, cfg.Window = time.Hour, 24*time.Hour
	}
	cfg.Name = func(who string) string { return who }
	cfg.Now, cfg.Log = o.clock, slog.New(slog.DiscardHandler)
	cfg.Metrics = metrics.New(prometheus.NewRegistry(), metrics.Names{})
	o.tracker = New(cfg)
	t.Cleanup(o.tracker.Close)
	return o
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) after(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

// letter is a message of plain text.
func letter(from, to, body string) string {
	return fmt.Sprintf("From: <%s>\r\nTo: <%s>\r\nSubject: hello\r\n\r\n%s", from, to, strings.ReplaceAll(body, "\n", "\r\n"))
}

func (o *office) message(from string, to []string, text string) Message {
	o.t.Helper()
	in, err := inspector()
	if err != nil {
		o.t.Fatal(err)
	}
	source := extract.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text))}
	ev, err := in.Inspect(o.t.Context(), source, extract.DefaultLimits())
	if err != nil {
		o.t.Fatal(err)
	}
	env := rules.Envelope{From: from, Recipients: to}
	return Message{Envelope: env, Client: netip.MustParseAddr("192.0.2.7"), Evidence: ev, Subjects: o.policies.Subjects(env, ev)}
}

// join sends a letter into its run.
func (o *office) join(from, to, body string) *Copy {
	o.t.Helper()
	c, err := o.tracker.Join(o.t.Context(), o.message(from, []string{to}, letter(from, to, body)))
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// newsletter is the text of a mailing, with the reader's name in it.
func newsletter(name string) string {
	return "Dear " + name + ",\n\n" + strings.Repeat("our engineers have made the service quicker, and the help pages have moved to a new place on our site.\n", 3) +
		"\nNext month we open the shop in the old harbour, where the ropes were made until the war, and you are invited to the first evening with music and bread.\n"
}

// customers is a list of n people, from the given number on.
func customers(first, n int) string {
	given := strings.Fields("Alice Carlos Daniel Elena Hannah Jack Karim Lucy Maria Peter")
	family := strings.Fields("Baker Carter Fisher Harper Johnston Knight Mitchell Palmer Turner Walsh")
	var b strings.Builder
	b.WriteString("customer_id,full_name,email\n")
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&b, "%d,%s %s,c%d@post.test\n", 50_000+i, given[i%10], family[i/10%10], i)
	}
	return b.String()
}
