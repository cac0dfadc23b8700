package run

import (
	"fmt"
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

// A batch is kept, and nobody hears of it: it is sent again, and counts once.
func TestABatchWhoseAnswerIsLostCountsOnce(t *testing.T) {
	ledger := newBook()
	ledger.lost = errBook
	w := newWriter("relay", ledger, slog.New(slog.DiscardHandler), prometheus.NewCounter(prometheus.CounterOpts{Name: "x"}))
	for i := range 3 {
		w.deliver(Delivery{Run: "run", Recipients: []string{"ana@reader.test"}})
		if kept := w.flush(); kept != (i > 0) {
			t.Errorf("attempt %d reports %v", i+1, kept)
		}
	}
	for w.flush() {
	}
	if len(ledger.sent) != 3 {
		t.Errorf("%d deliveries are kept, want 3", len(ledger.sent))
	}
}

// TestWhatCannotBeWrittenIsBounded over any number of attempts, with what comes
// while one is made; what does not fit is counted.
func TestWhatCannotBeWrittenIsBounded(t *testing.T) {
	dropped := prometheus.NewCounter(prometheus.CounterOpts{Name: "x"})
	ledger := newBook()
	ledger.fill(errBook)
	w := newWriter("relay", ledger, slog.New(slog.DiscardHandler), dropped)
	w.patience = time.Millisecond
	s, at := &sender{}, time.Now()
	again := newRun(print{}, at)
	w.touch(again, s)
	for range maxPending - 1 {
		w.judge(Judgement{})
		w.touch(newRun(print{}, at), s)
	}
	w.judge(Judgement{})
	for range 5 {
		w.flush()
		for range 100 {
			w.deliver(Delivery{})
			w.touch(newRun(print{}, at), s)
		}
		w.touch(again, s)      // one that waits already takes no room
		w.patience = time.Hour // nobody waits for what has just failed
	}
	if n := w.batch.entries() + w.pending.entries(); n != maxPending {
		t.Errorf("%d entries wait, want %d", n, maxPending)
	}
	if n, more := len(w.writing), len(w.dirty); n != maxPending || more != 1 {
		t.Errorf("%d runs wait and %d again, want %d and one", n, more, maxPending)
	}
	if n := testutil.ToFloat64(dropped); n != 2*5*100 {
		t.Errorf("%v are counted as lost, want %d", n, 2*5*100)
	}
	// Once they are written there is room again.
	ledger.fill(nil)
	for w.flush() {
	}
	w.judge(Judgement{})
	w.touch(newRun(print{}, at), s)
	if len(w.pending.Judgements) != 1 || len(w.dirty) != 1 || ledger.judged != maxPending {
		t.Errorf("%d entries and %d runs wait, want one each; %d are kept, want %d", len(w.pending.Judgements), len(w.dirty), ledger.judged, maxPending)
	}
}

// Whom a run goes to while nothing can be written waits with the run: no attempt adds
// an entry.
func TestWhatIsToldDoesNotPileUp(t *testing.T) {
	ledger := newBook()
	o := newOffice(t, Config{Ledger: ledger})
	first := o.join("news@isp.example", "first@reader.test", newsletter("Ana"))
	ledger.fill(errBook)
	for i := range 20 {
		o.join("news@isp.example", fmt.Sprintf("r%d@reader.test", i), newsletter("Ana"))
		o.tracker.writer.flush()
	}
	ledger.fill(nil)
	o.tracker.Close()
	entries, told := ledger.keys[Owner{Run: first.Run()}], 0
	for _, k := range entries {
		told += len(k.Readers)
	}
	if len(entries) > 2 || told != 21 {
		t.Errorf("%d recipients in %d entries, want 21 in 2", told, len(entries))
	}
}
