//go:build unix

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
	runs "github.com/bulkhead-dlp/bulkhead/proxy/run"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
)

// sharedWindow is what makes messages for trackers that share a quarantine in
// PostgreSQL, each through a store of its own.
type sharedWindow struct {
	t        *testing.T
	in       *rules.Inspector
	policies *rules.Policies
	relays   []*runs.Tracker
}

func newSharedWindow(t *testing.T, n int) *sharedWindow {
	t.Helper()
	server := postgrestest.Start(t)
	dir := t.TempDir()
	identity, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	secret := writeFile(t, "secret", strings.Repeat("s", seal.SecretSize))
	key := writeFile(t, "key", identity.File())
	w := &sharedWindow{t: t}
	if w.in, err = rules.NewInspector(nil); err != nil {
		t.Fatal(err)
	}
	specs, err := rules.ParsePolicies(policies.Name, policies.Default())
	if err != nil {
		t.Fatal(err)
	}
	if w.policies, err = rules.CompilePolicies(specs, nil); err != nil {
		t.Fatal(err)
	}
	cfg, log := configs.Default(), slog.New(slog.DiscardHandler)
	for range n {
		store, err := quarantine.Open(t.Context(), filepath.Join(dir, "store"), quarantine.Options{Database: server.URL("postgres"), Secret: secret, Identity: key})
		if err != nil {
			t.Fatal(err)
		}
		tracker := newRuns(&cfg, store, func() bool { return !store.Hears() }, metrics.New(prometheus.NewRegistry(), metrics.Names{}), log)
		ctx, stop := context.WithCancel(t.Context())
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			store.Listen(ctx, tracker, log)
		}()
		t.Cleanup(func() {
			tracker.Close()
			stop()
			<-heard
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		w.relays = append(w.relays, tracker)
	}
	return w
}

// join takes a letter to a relay. What left is delivered.
func (w *sharedWindow) join(relay int, to, body string, left bool) rules.Recent {
	w.t.Helper()
	text := fmt.Sprintf("From: <desk@shop.example>\r\nTo: <%s>\r\nSubject: hello\r\n\r\n%s", to, strings.ReplaceAll(body, "\n", "\r\n"))
	ev, err := w.in.Inspect(w.t.Context(), extract.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text))}, extract.DefaultLimits())
	if err != nil {
		w.t.Fatal(err)
	}
	env := rules.Envelope{From: "desk@shop.example", Recipients: []string{to}}
	c, err := w.relays[relay].Join(w.t.Context(), runs.Message{Envelope: env, Client: netip.MustParseAddr("192.0.2.7"), Evidence: ev, Subjects: w.policies.Subjects(env, ev)})
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Done()
	if left {
		c.Delivered()
	}
	return c.Recent()
}

// customerRows is a list of n people from the given number on.
func customerRows(first, n int) string {
	given := strings.Fields("Alice Carlos Daniel Elena Hannah Jack Karim Lucy Maria Peter")
	family := strings.Fields("Baker Carter Fisher Harper Johnston Knight Mitchell Palmer Turner Walsh")
	var b strings.Builder
	b.WriteString("customer_id,full_name,email\n")
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&b, "%d,%s %s,c%d@post.test\n", 50_000+i, given[i%10], family[i/10%10], i)
	}
	return b.String()
}

// What a sender's messages carry out drop by drop, and what it usually sends, is known
// to a relay though all of it has gone through others.
func TestRelaysKnowOfASendersWindowTogether(t *testing.T) {
	const messages, lists, each = 24, 19, 6
	w := newSharedWindow(t, 3)
	const plain = "Good morning,\n\nwe meet at ten in the small room, as ever, and I have brought the minutes of the last time.\n"
	if got := w.join(1, "boss@reader.test", plain, false); got.SenderSubjects != 0 {
		t.Fatalf("%d people before there are any", got.SenderSubjects)
	}
	for i := range messages { // in turns through two relays; some people through both
		w.join(2*(i%2), fmt.Sprintf("r%d@reader.test", i), customerRows(i%lists*each, each), true)
	}
	const people = lists * each
	near := func(n int64) bool { return people*97/100 <= n && n <= people*103/100 } // by HyperLogLog
	for relay := range w.relays {
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(250 * time.Millisecond) {
			got := w.join(relay, "boss@reader.test", plain, false).SenderSubjects
			if near(got) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("relay %d knows of %d people that have left, want %d", relay, got, people)
			}
		}
	}
	// The relay that has had a few letters of the sender knows what it usually sends.
	if got := w.join(1, "boss@reader.test", customerRows(5000, 2000), false); !got.SenderUnusual {
		t.Error("a long list is usual: what other relays have seen is not known")
	}
}
