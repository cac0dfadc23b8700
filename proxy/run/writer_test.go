package run

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

func TestTheLedgerHasAllAtTheEnd(t *testing.T) {
	ledger := newBook()
	o := newOffice(t, Config{Ledger: ledger})
	for i := range 30 {
		c := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
		c.Delivered()
		c.Judged("pass", &rules.Verdict{})
		if i == 9 {
			ledger.shut(errBook) // what cannot be written is tried again
		}
		if i == 19 {
			time.Sleep(2 * commitEvery)
			ledger.shut(nil)
		}
	}
	o.tracker.Close()
	if len(ledger.sent) != 30 || ledger.judged != 30 {
		t.Errorf("%d deliveries and %d judgements are kept, want 30 each", len(ledger.sent), ledger.judged)
	}
	if len(ledger.runs) != 1 {
		t.Fatalf("%d runs are kept, want one", len(ledger.runs))
	}
	for _, r := range ledger.runs {
		if r.Own.Copies != 30 || r.Own.Delivered != 30 || r.Held {
			t.Errorf("the run is kept as %+v", r)
		}
	}
	o.tracker.Close() // again: no harm
}

// Whatever the writer is about when it is closed.
func TestTheLastEntryIsKept(t *testing.T) {
	for range 60 {
		ledger := newBook()
		w := newWriter("relay", ledger, slog.New(slog.DiscardHandler), prometheus.NewCounter(prometheus.CounterOpts{Name: "x"}))
		w.deliver(Delivery{Run: "run", Recipients: []string{"ana@reader.test"}})
		go w.run()
		w.close()
		if len(ledger.sent) != 1 {
			t.Fatalf("%d deliveries are kept, want 1", len(ledger.sent))
		}
	}
}

// TestWhatCannotBeWrittenIsBounded over any number of attempts, with what comes
// while one is made; what does not fit is counted.
func TestWhatCannotBeWrittenIsBounded(t *testing.T) {
	dropped := prometheus.NewCounter(prometheus.CounterOpts{Name: "x"})
	w := newWriter("relay", newBook(), slog.New(slog.DiscardHandler), dropped)
	w.patience = time.Millisecond
	s, at := &sender{}, time.Now()
	for range maxPending {
		w.judge(Judgement{})
		w.touch(newRun(print{}, at), s)
	}
	for range 5 {
		b, dirty := w.take()
		for range 100 {
			w.deliver(Delivery{})
			w.touch(newRun(print{}, at), s)
		}
		for r := range dirty { // one that waits already takes no room
			w.touch(r, s)
			break
		}
		w.failed(&b, dirty)
		w.patience = time.Hour // nobody waits for what has just failed
	}
	if n := len(w.pending.Deliveries) + len(w.pending.Judgements); n != maxPending {
		t.Errorf("%d entries wait, want %d", n, maxPending)
	}
	if n := len(w.dirty); n != maxPending {
		t.Errorf("%d runs wait, want %d", n, maxPending)
	}
	if n := testutil.ToFloat64(dropped); n != 2*5*100 {
		t.Errorf("%v are counted as lost, want %d", n, 2*5*100)
	}
	// Once they are written there is room again.
	w.flush()
	w.judge(Judgement{})
	w.touch(newRun(print{}, at), s)
	if len(w.pending.Judgements) != 1 || len(w.dirty) != 1 {
		t.Errorf("%d entries and %d runs wait, want one each", len(w.pending.Judgements), len(w.dirty))
	}
}
