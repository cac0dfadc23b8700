package run

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// asked counts the questions to a ledger.
type asked struct {
	*book
	n atomic.Int64
}

func (a *asked) Sender(ctx context.Context, q Query) (Known, error) {
	a.n.Add(1)
	return a.book.Sender(ctx, q)
}

var errGone = errors.New("connection refused")

// tryJoin joins without failing the test.
func (o *office) tryJoin(ctx context.Context, from, to, body string) (*Copy, error) {
	return o.tracker.Join(ctx, o.message(from, []string{to}, letter(from, to, body)))
}

func TestWhatIsNotKnownStopsOrPassesByChoice(t *testing.T) {
	for _, anyway := range []bool{false, true} {
		ledger := newBook()
		o := newOffice(t, Config{Ledger: ledger, Anyway: anyway})
		ledger.shut(errGone)
		c, err := o.tryJoin(t.Context(), "news@isp.example", "ana@reader.test", newsletter("Ana"))
		if !anyway {
			if err == nil {
				t.Error("passes without the choice")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Brake(t.Context())
		if err != nil || b.Held || !errors.Is(c.Unknown(), errGone) {
			t.Errorf("brake %+v, %v; unknown since %v", b, err, c.Unknown())
		}
		c.Delivered()
		c.Done()
	}
}

// A copy of a run that this relay knows to be held is stopped, and nobody passes
// for want of the decision on it.
func TestAHeldRunBrakesWhileTheLedgerIsAway(t *testing.T) {
	ledger := newBook()
	o := newOffice(t, Config{Ledger: ledger, Anyway: true})
	first := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	first.Hold(hold)
	ledger.shut(errGone)
	c := o.join("news@isp.example", "ben@reader.test", newsletter("Ben"))
	if b, err := c.Brake(t.Context()); err != nil || !b.Held {
		t.Errorf("while the first is on its way: %+v, %v; want it held", b, err)
	}
	first.Kept("IN-1")
	if b, err := c.Brake(t.Context()); err == nil {
		t.Errorf("nobody knows what was decided: %+v, want an error", b)
	}
}

// Messages do not wait one after the other for what does not answer, and the
// ledger is asked again by itself.
func TestALedgerThatIsAwayIsAskedOnceInAWhile(t *testing.T) {
	ledger := &asked{book: newBook()}
	o := newOffice(t, Config{Ledger: ledger, Anyway: true})
	ledger.shut(errGone)
	for range 100 {
		c := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
		if _, err := c.Brake(t.Context()); err != nil || c.Unknown() == nil {
			t.Fatalf("%v, unknown since %v", err, c.Unknown())
		}
	}
	if n := ledger.n.Load(); n != 1 {
		t.Errorf("asked %d times for messages of one moment, want once", n)
	}
	ledger.shut(nil)
	o.after(askAgain)
	c := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	if c.Unknown() != nil {
		t.Errorf("still unknown once it answers: %v", c.Unknown())
	}
}

// What another relay has held is known to a copy that joined while the ledger was
// away, if it answers before the copy goes.
func TestTheBrakeAsksAgain(t *testing.T) {
	ledger := newBook()
	other := newOffice(t, Config{Ledger: ledger})
	first := other.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	if _, err := ledger.keep(first.Hold(hold)); err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, Config{Ledger: ledger, Anyway: true})
	ledger.shut(errGone)
	c := o.join("news@isp.example", "ben@reader.test", newsletter("Ben"))
	if c.Unknown() == nil {
		t.Fatal("known, though the ledger is away")
	}
	ledger.shut(nil)
	o.after(askAgain)
	if b, err := c.Brake(t.Context()); err != nil || !b.Held || c.Unknown() != nil {
		t.Errorf("%+v, %v, unknown since %v; want it held", b, err, c.Unknown())
	}
}

// A client that has gone says nothing of the ledger, and neither does a ledger
// that answers with what cannot be understood.
func TestOnlyAnAbsentLedgerIsPassedOver(t *testing.T) {
	ledger := newBook()
	o := newOffice(t, Config{Ledger: ledger, Anyway: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ledger.shut(context.Canceled)
	if _, err := o.tryJoin(ctx, "news@isp.example", "ana@reader.test", newsletter("Ana")); !errors.Is(err, context.Canceled) {
		t.Errorf("whose client has gone: %v", err)
	}
	ledger.shut(nil)
	c := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	if c.Unknown() != nil {
		t.Errorf("unknown since %v", c.Unknown())
	}
	o.tracker.Close()
	for key, r := range ledger.runs {
		r.Key, r.Print = "damaged", r.Print[:7]
		delete(ledger.runs, key)
		ledger.runs[r.Key] = r
	}
	again := newOffice(t, Config{Ledger: ledger, Anyway: true})
	if _, err := again.tryJoin(t.Context(), "news@isp.example", "ana@reader.test", newsletter("Ana")); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("of a damaged run: %v", err)
	}
}

// A canary's copies wait for their time, and no more, while the ledger is away.
func TestTheCanaryWaitsWithoutALedger(t *testing.T) {
	ledger := &asked{book: newBook()}
	o := newOffice(t, Config{Ledger: ledger, Anyway: true, Canary: Canary{Copies: 5, Wait: 50 * time.Millisecond}})
	ledger.shut(errGone)
	c := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	if !c.canary {
		t.Fatal("no canary")
	}
	if err := c.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if n := ledger.n.Load(); n > 2 {
		t.Errorf("asked %d times while it waited", n)
	}
}
