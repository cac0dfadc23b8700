package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// posted is an upstream that keeps what notices say.
type posted []string

func (p *posted) Send(_ context.Context, e upstream.Envelope, content io.Reader, _ int64) ([]upstream.Result, error) {
	text, err := io.ReadAll(content)
	*p = append(*p, string(text))
	return []upstream.Result{{Path: e.Recipients[0].Path, Outcome: upstream.Accepted, Reply: upstream.Reply{Code: 250}}}, err
}

// A copy that expires later can still be released: its sender is not told that
// it was not delivered when an earlier one of its run expires.
func TestWhatExpiresLaterIsNotReturnedBefore(t *testing.T) {
	now := time.Date(2031, 3, 5, 9, 0, 0, 0, time.UTC)
	store, err := quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for i, reader := range []string{"first@reader.example", "second@reader.example"} {
		_, err := store.Hold(t.Context(), quarantine.Message{
			IncidentKey: "run", From: "list@isp.example", Recipients: []quarantine.Recipient{{Address: reader}},
			Policy: "bulk-customer-records", Action: "hold", Subjects: 50, Answered: 250,
			Expires: now.Add(5*24*time.Hour + time.Duration(i)*6*time.Hour),
		}, strings.NewReader("Subject: the list\r\n\r\nx\r\n"))
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := configs.Default()
	cfg.Notify.Sender.Returned, cfg.Notify.Sender.Listed = true, []string{"isp.example"}
	var box posted
	log := slog.New(slog.DiscardHandler)
	n, err := newNotifier(&cfg, store, &box, nil, log)
	if err != nil {
		t.Fatal(err)
	}
	sweep := func(at time.Duration) (returned []string) {
		t.Helper()
		now = time.Date(2031, 3, 5, 9, 0, 0, 0, time.UTC).Add(at)
		box = nil
		if _, err := store.Expire(t.Context(), teller{store: store, notices: n, log: log}); err != nil {
			t.Fatal(err)
		}
		if err := n.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, text := range box {
			if strings.Contains(text, "report-type=delivery-status") {
				returned = append(returned, text)
			}
		}
		return returned
	}
	day := 24 * time.Hour
	for _, at := range []time.Duration{2 * day, 2*day + 6*time.Hour, 4 * day, 4*day + 6*time.Hour} {
		if got := sweep(at); len(got) != 0 {
			t.Fatalf("after %v, before anything expired, was returned:\n%s", at, got)
		}
	}
	for i, c := range []struct{ at, in, out string }{{"120h1m", "first@", "second@"}, {"126h1m", "second@", "first@"}} {
		at, err := time.ParseDuration(c.at)
		if err != nil {
			t.Fatal(err)
		}
		got := sweep(at)
		if len(got) != 1 || !strings.Contains(got[0], c.in) || strings.Contains(got[0], c.out) {
			t.Errorf("%d. after %s was returned, want what was for %s alone:\n%s", i+1, c.at, c.in, got)
		}
	}
}
