package run

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// While a relay makes its first hold of a mailing the others let no copy of it pass: they
// wait, and then know of it.
func TestOthersWaitForAHoldThatTheyAreWarnedOf(t *testing.T) {
	ledger := newBook()
	cfg := Config{Ledger: ledger}
	here, there := newOffice(t, cfg), newOffice(t, cfg)
	ledger.warn = func(sender, relay string) {
		here.tracker.Warned(relay, sender)
		there.tracker.Warned(relay, sender)
	}
	ledger.tell = func(sender, relay string, held bool) { there.tracker.Heard(relay, sender, held) }
	const from = "news@isp.example"
	passing := there.join(from, "ana@reader.test", newsletter("Ana"))
	if err := passing.Heed(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := here.join(from, "ben@reader.test", newsletter("Ben"))
	record := first.Hold(hold)
	first.Warn(t.Context())
	if here.join(from, "cy@reader.test", newsletter("Cy")).sender.warning.wait() != nil {
		t.Error("a relay is warned of its own hold")
	}

	heeds := func() <-chan error {
		done := make(chan error, 1)
		go func() { done <- passing.Heed(t.Context()) }()
		return done
	}()
	select {
	case err := <-heeds:
		t.Fatalf("a copy goes on before the hold is kept: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	gone, leave := context.WithCancelCause(t.Context())
	leave(errBook)
	if err := passing.Heed(gone); !errors.Is(err, errBook) {
		t.Errorf("a client that has gone: %v", err)
	}
	incident, err := ledger.keep(record)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-heeds; err != nil {
		t.Fatal(err)
	}
	if b, err := passing.Brake(t.Context()); err != nil || !b.Held || b.Incident != incident {
		t.Errorf("the copy that waited: %+v, %v; want it stopped by %s", b, err, incident)
	}

	// Only the first one is worth a warning.
	first.Kept(incident)
	second := here.join(from, "dora@reader.test", newsletter("Dora"))
	second.Hold(hold)
	second.Warn(t.Context())
	if passing.sender.warning.wait() != nil {
		t.Error("each hold is warned of")
	}
}

// A warning ends by itself, since a hold may fail.
func TestAWarningEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w warning
		began := time.Now()
		w.begin()
		over := w.wait()
		time.Sleep(warnedMost / 2)
		w.begin() // another relay's: nobody waits longer
		<-over
		if took := time.Since(began); took != warnedMost || w.wait() != nil {
			t.Errorf("it ended after %v, want %v", took, warnedMost)
		}
	})
}

// A hold that fails again and again, each time its client comes back with it, holds up
// the sender's other mail once.
func TestAHoldThatFailsIsWarnedOfOnce(t *testing.T) {
	ledger := newBook()
	warnings := 0
	ledger.warn = func(string, string) { warnings++ }
	o := newOffice(t, Config{Ledger: ledger})
	for range 5 { // none is kept
		c := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
		c.Hold(hold)
		c.Warn(t.Context())
	}
	if warnings != 1 {
		t.Errorf("%d warnings of one hold", warnings)
	}
}
