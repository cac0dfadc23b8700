package notify_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
)

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
