package run

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// keep holds a copy, as the proxy does.
func keep(t *testing.T, ledger *book, c *Copy) string {
	t.Helper()
	incident, err := ledger.keep(c.Hold(hold))
	if err != nil {
		t.Fatal(err)
	}
	c.Kept(incident)
	return incident
}

// While the program is replaced the copies of one mailing come to two processes:
// what one of them holds is braked in both, and is one run.
func TestTwoProcessesHaveOneRun(t *testing.T) {
	ledger := newBook()
	shared := true
	cfg := Config{Ledger: ledger, Shared: func() bool { return shared }}
	old, next := newOffice(t, cfg), newOffice(t, cfg)
	const from = "news@isp.example"
	// Both know the sender, and the new one has had a copy: a run of its own, as it
	// cannot see what the old one has not written yet.
	old.join(from, "zoe@reader.test", customers(500, 5))
	early := next.join(from, "ana@reader.test", newsletter("Ana"))
	first := old.join(from, "ben@reader.test", newsletter("Ben"))
	if first.Run() == early.Run() {
		t.Fatal("a run is known before it was written: nothing is tried")
	}
	incident := keep(t, ledger, first)

	// The next copy is braked in the new process, whatever its own verdict.
	c := next.join(from, "cy@reader.test", newsletter("Cy"))
	if b, err := c.Brake(t.Context()); err != nil || !b.Held || b.Incident != incident || c.Run() != first.Run() {
		t.Errorf("a copy in the other process: %+v of run %s, %v; want run %s", b, c.Run(), err, first.Run())
	}
	// And one that was under way already becomes a copy of it when it is to be held.
	if err := early.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := early.Brake(t.Context()); err != nil || !b.Held || b.Incident != incident || early.Run() != first.Run() {
		t.Errorf("a copy under way in the other process: %+v of run %s, %v", b, early.Run(), err)
	}
	early.Done()
	if got := early.Hold(hold); got.Own.Copies < 2 || got.Key != first.Run() {
		t.Errorf("the run has %d copies by %s, want those that came here", got.Own.Copies, got.Key)
	}

	// What the ledger does not tell stops the message.
	lone := next.join(from, "dora@reader.test", customers(900, 3))
	ledger.shut(errBook)
	if err := lone.Refresh(t.Context()); !errors.Is(err, errBook) {
		t.Errorf("a ledger that does not answer: %v", err)
	}
	ledger.shut(nil)
	next.join(from, "dora@reader.test", newsletter("Dora")) // it is still to be read

	// Alone again, the ledger is not asked for each message.
	shared = false
	asked := ledger.asked
	next.join(from, "emil@reader.test", newsletter("Emil"))
	if ledger.asked != asked {
		t.Error("the ledger is asked again though nobody else writes it")
	}
}

// Where each of two processes has begun a run of one mailing before it knew of the
// other's, all copies are braked once one of the two is held.
func TestTheHeldOneOfTwoRunsBrakes(t *testing.T) {
	const from = "news@isp.example"
	for i, name := range []string{"the old process's", "the new process's"} {
		t.Run(name, func(t *testing.T) {
			ledger := newBook()
			cfg := Config{Ledger: ledger, Shared: func() bool { return true }}
			both := []*office{newOffice(t, cfg), newOffice(t, cfg)}
			first := []*Copy{both[0].join(from, "ana@reader.test", newsletter("Ana")), both[1].join(from, "ben@reader.test", newsletter("Ben"))}
			if first[0].Run() == first[1].Run() {
				t.Fatal("one run: nothing is tried")
			}
			for _, c := range first {
				if err := ledger.Write(t.Context(), &Batch{Runs: []Record{c.run.record(c.sender)}}); err != nil {
					t.Fatal(err)
				}
			}
			for _, o := range both { // each learns of the other's
				o.join(from, "cy@reader.test", newsletter("Cy"))
			}
			keep(t, ledger, first[i])
			for j, o := range both {
				later := o.join(from, "emil@reader.test", newsletter("Emil"))
				if b, err := later.Brake(t.Context()); err != nil || !b.Held || later.Run() != first[i].Run() {
					t.Errorf("a copy in process %d: %+v, %v; want it braked", j, b, err)
				}
			}
		})
	}
}

// What one relay holds after a release is braked in the others, which know the run
// as one that was released.
func TestAHoldAfterAReleaseBrakesElsewhere(t *testing.T) {
	const from = "news@isp.example"
	ledger := newBook()
	cfg := Config{Ledger: ledger}
	here, there := newOffice(t, cfg), newOffice(t, cfg)
	incident := keep(t, ledger, here.join(from, "ana@reader.test", newsletter("Ana")))
	ledger.decided[incident] = Decision{State: Released}
	c := there.join(from, "ben@reader.test", newsletter("Ben"))
	if b, err := c.Brake(t.Context()); err != nil || b.Decision.State != Released {
		t.Fatalf("after the release: %+v, %v", b, err)
	}

	// More than the release covers.
	again := here.join(from, "cy@reader.test", newsletter("Cy"))
	r := again.Hold(hold)
	r.Incident = "IN-2"
	ledger.mu.Lock()
	ledger.hold(r)
	ledger.mu.Unlock()
	again.Kept("IN-2")
	c.Delivered()
	there.tracker.writer.flush() // as of the first incident
	there.tracker.Heard(r.Relay, r.Sender, true)
	c = there.join(from, "dora@reader.test", newsletter("Dora"))
	if b, err := c.Brake(t.Context()); err != nil || b.Incident != "IN-2" || b.Decision.State != Undecided {
		t.Errorf("a copy in the other relay: %+v, %v; want it braked by the second incident", b, err)
	}
}

// halfRead tells of a sender, and then of its keys only when it is not broken.
type halfRead struct {
	*book
	broken bool
}

func (h *halfRead) Keys(ctx context.Context, of Owner, after int64, since time.Time) ([]Keys, error) {
	if h.broken {
		return nil, errBook
	}
	return h.book.Keys(ctx, of, after, since)
}

// Two runs of a mailing become one also where the look that found the other one was
// broken off.
func TestRunsBecomeOneAfterAFailure(t *testing.T) {
	const from = "news@isp.example"
	ledger := newBook()
	there := newOffice(t, Config{Ledger: ledger})
	for _, to := range []string{"ana@reader.test", "ben@reader.test"} { // with keys
		there.join(from, to, newsletter("Ana"))
	}
	half := &halfRead{book: ledger}
	here := newOffice(t, Config{Ledger: half, Shared: func() bool { return true }})
	here.after(time.Minute)
	own := here.join(from, "cy@reader.test", newsletter("Cy"))
	there.tracker.writer.flush()

	half.broken = true
	if _, err := here.tryJoin(t.Context(), from, "dora@reader.test", newsletter("Dora")); !errors.Is(err, errBook) {
		t.Fatalf("half a look: %v", err)
	}
	half.broken = false
	c := here.join(from, "emil@reader.test", newsletter("Emil"))
	if c.Run() != own.Run() || c.run.own.Copies != 2 || c.run.others.Copies != 2 || len(c.sender.runs) != 1 {
		t.Errorf("%d runs, that of the copy has %+v and of others %+v; want one with 2 and 2",
			len(c.sender.runs), c.run.own, c.run.others)
	}
}

// A run that has closed here, and of which others had copies since, counts the people
// of what comes here again.
func TestARunThatOthersKeptOpenCountsOn(t *testing.T) {
	const from, quiet = "news@isp.example", time.Hour
	ledger := newBook()
	cfg := Config{Ledger: ledger, Quiet: quiet, Window: 24 * time.Hour, Shared: func() bool { return true }}
	here, there := newOffice(t, cfg), newOffice(t, cfg)
	send := func(o *office, to string, person int) *Copy {
		c := o.join(from, to, newsletter("Reader")+newsletter(fmt.Sprintf("Alice, c%d@post.test", person)))
		o.tracker.writer.flush()
		return c
	}
	first := send(here, "ana@reader.test", 0)
	send(here, "ben@reader.test", 1)
	for range 3 {
		here.after(quiet / 2)
		there.after(quiet / 2)
		send(there, "cy@reader.test", 2)
	}
	here.tracker.sweep(here.clock())
	if !first.run.closed {
		t.Fatal("the run is still open here: nothing is tried")
	}
	c := send(here, "dora@reader.test", 3)
	if c.Run() != first.Run() {
		t.Fatalf("another run: nothing is tried")
	}
	if got := c.run.people.count(); got != 4 {
		t.Errorf("%d people are counted, want 4", got)
	}
	send(there, "emil@reader.test", 4)
	if got := send(there, "fay@reader.test", 4).run.people.count(); got != 5 {
		t.Errorf("%d people are counted in the other relay, want 5", got)
	}
}

// What a relay has learnt of a run it does not tell again as its own.
func TestWhatWasLearntIsNotToldAgain(t *testing.T) {
	const from = "news@isp.example"
	ledger := newBook()
	cfg := Config{Ledger: ledger, Shared: func() bool { return true }}
	told := func() (n int) {
		for _, entries := range ledger.keys {
			for _, k := range entries {
				n += len(k.Readers)
			}
		}
		return n
	}
	n := 0
	send := func(o *office) {
		o.join(from, fmt.Sprintf("r%d@reader.test", n), newsletter("Ana"))
		n++
	}
	one := newOffice(t, cfg)
	send(one)
	one.tracker.writer.flush()
	for range 3 { // one relay after the other, as in restarts
		o := newOffice(t, cfg)
		for range 3 {
			send(o)
		}
		o.tracker.Close()
	}
	send(one)
	one.tracker.Close()
	if got := told(); got != n {
		t.Errorf("%d recipients are told of, want %d", got, n)
	}
}
