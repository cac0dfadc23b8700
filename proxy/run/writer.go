package run

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// commitEvery is how long what is to be written is gathered.
	commitEvery = 250 * time.Millisecond
	// maxPending is how many entries may wait; whoever brings more waits too.
	maxPending = 20_000
	// patience is how long that may be, before an entry is given up.
	patience = 5 * time.Second
)

// writer takes entries for the ledger and writes them in batches.
type writer struct {
	ledger  Ledger
	log     *slog.Logger
	dropped prometheus.Counter

	mu      sync.Mutex
	pending Batch
	dirty   map[*run]*sender
	wake    chan struct{} // something is pending
	room    chan struct{} // closed when pending was taken
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
}

func newWriter(ledger Ledger, log *slog.Logger, dropped prometheus.Counter) *writer {
	return &writer{ledger: ledger, log: log, dropped: dropped, dirty: map[*run]*sender{},
		wake: make(chan struct{}, 1), room: make(chan struct{}), stop: make(chan struct{}), done: make(chan struct{})}
}

// touch notes that a run is to be written.
func (w *writer) touch(r *run, s *sender) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dirty[r] = s
	w.signal()
}

// deliver and judge note an entry each.
func (w *writer) deliver(d Delivery) {
	w.put(func(b *Batch) { b.Deliveries = append(b.Deliveries, d) })
}
func (w *writer) judge(j Judgement) {
	w.put(func(b *Batch) { b.Judgements = append(b.Judgements, j) })
}

func (w *writer) put(add func(*Batch)) {
	deadline := time.Now().Add(patience)
	for {
		w.mu.Lock()
		if len(w.pending.Deliveries)+len(w.pending.Judgements) < maxPending {
			add(&w.pending)
			w.signal()
			w.mu.Unlock()
			return
		}
		room := w.room
		w.mu.Unlock()
		select {
		case <-room:
		case <-time.After(time.Until(deadline)):
			w.dropped.Inc()
			w.log.Error("the ledger does not keep up: an entry is lost")
			return
		}
	}
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run writes until close.
func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case <-w.wake:
		case <-w.stop:
			w.flush()
			return
		}
		select {
		case <-time.After(commitEvery):
		case <-w.stop:
		}
		w.flush()
	}
}

// flush writes what is pending. What cannot be written is tried again with what
// comes next.
func (w *writer) flush() {
	b, dirty := w.take()
	if len(b.Runs)+len(b.Deliveries)+len(b.Judgements) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := w.ledger.Write(ctx, &b)
	if err == nil {
		return
	}
	w.log.Error("writing the ledger", "error", err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending.Deliveries = append(b.Deliveries, w.pending.Deliveries...)
	w.pending.Judgements = append(b.Judgements, w.pending.Judgements...)
	for r, s := range dirty {
		w.dirty[r] = s
	}
	w.signal()
}

// take empties what is pending.
func (w *writer) take() (Batch, map[*run]*sender) {
	w.mu.Lock()
	b, dirty := w.pending, w.dirty
	w.pending, w.dirty = Batch{}, map[*run]*sender{}
	close(w.room)
	w.room = make(chan struct{})
	w.mu.Unlock()
	for r, s := range dirty {
		s.mu.Lock()
		b.Runs = append(b.Runs, r.record(s.name))
		s.mu.Unlock()
	}
	return b, dirty
}

// close writes what is pending and ends run.
func (w *writer) close() {
	w.once.Do(func() { close(w.stop) })
	<-w.done
}
