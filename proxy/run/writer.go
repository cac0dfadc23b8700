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
	// maxPending is how many entries may wait, and as many runs; whoever brings
	// more entries waits too.
	maxPending = 20_000
)

// writer takes entries for the ledger and writes them in batches.
type writer struct {
	relay   string
	ledger  Ledger
	log     *slog.Logger
	dropped prometheus.Counter
	// patience is how long an entry waits for room before it is given up.
	patience time.Duration

	mu      sync.Mutex
	pending Batch
	dirty   map[*run]*sender
	// moved are runs that have become part of others of late: entries that are on
	// their way here still name them.
	moved map[string]string
	// What is being written still takes room: it comes back if it cannot be.
	writing     int // entries
	writingRuns map[*run]*sender
	broken      bool          // the last attempt to write failed
	wake        chan struct{} // something is pending
	room        chan struct{} // closed when there is room again
	stop        chan struct{}
	done        chan struct{}
	once        sync.Once
}

func newWriter(relay string, ledger Ledger, log *slog.Logger, dropped prometheus.Counter) *writer {
	return &writer{relay: relay, ledger: ledger, log: log, dropped: dropped, patience: 5 * time.Second, dirty: map[*run]*sender{}, moved: map[string]string{},
		wake: make(chan struct{}, 1), room: make(chan struct{}), stop: make(chan struct{}), done: make(chan struct{})}
}

// touch notes that a run is to be written, unless very many wait already: it is
// written when it is touched again. The store has a held run with its copy.
func (w *writer) touch(r *run, s *sender) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.dirty)+len(w.writingRuns) >= maxPending && w.dirty[r] == nil && w.writingRuns[r] == nil {
		w.dropped.Inc()
		return
	}
	w.dirty[r] = s
	w.signal()
}

// move notes that a run has become part of another one.
func (w *writer) move(m Move) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.moved) >= maxPending {
		clear(w.moved)
	}
	w.moved[m.From] = m.To
	delete(w.moved, m.To) // which may have been part of the other before
	w.pending.Moves = append(w.pending.Moves, m)
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
	deadline := time.Now().Add(w.patience)
	for {
		w.mu.Lock()
		if len(w.pending.Deliveries)+len(w.pending.Judgements)+w.writing < maxPending {
			add(&w.pending)
			w.signal()
			w.mu.Unlock()
			return
		}
		room := w.room
		if w.broken {
			deadline = time.Time{} // no mail waits for a ledger that takes nothing
		}
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
	if len(b.Runs)+len(b.Moves)+len(b.Deliveries)+len(b.Judgements) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.ledger.Write(ctx, &b); err != nil {
		w.log.Error("writing the ledger", "error", err)
		w.failed(&b, dirty)
		return
	}
	for s := range sendersOf(dirty) {
		s.mu.Lock()
		s.written()
		s.mu.Unlock()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writing, w.writingRuns, w.broken = 0, nil, false
	close(w.room)
	w.room = make(chan struct{})
}

// failed puts back what could not be written.
func (w *writer) failed(b *Batch, dirty map[*run]*sender) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending.Deliveries = append(b.Deliveries, w.pending.Deliveries...)
	w.pending.Judgements = append(b.Judgements, w.pending.Judgements...)
	w.pending.Moves = append(b.Moves, w.pending.Moves...)
	w.pending.Keys = append(b.Keys, w.pending.Keys...)
	for r, s := range dirty {
		w.dirty[r] = s
	}
	w.writing, w.writingRuns, w.broken = 0, nil, true
	w.signal()
}

// take empties what is pending.
func (w *writer) take() (Batch, map[*run]*sender) {
	w.mu.Lock()
	b, dirty := w.pending, w.dirty
	w.pending, w.dirty = Batch{}, map[*run]*sender{}
	w.writing, w.writingRuns = len(b.Deliveries)+len(b.Judgements), dirty
	for i := range b.Deliveries {
		b.Deliveries[i].Run = w.where(b.Deliveries[i].Run)
	}
	for i := range b.Judgements {
		b.Judgements[i].Run = w.where(b.Judgements[i].Run)
	}
	w.mu.Unlock()
	b.Relay = w.relay
	for r, s := range dirty {
		s.mu.Lock()
		if r.into == nil {
			b.Runs = append(b.Runs, r.record(s))
			b.Keys = append(b.Keys, r.news()...)
		}
		s.mu.Unlock()
	}
	for s := range sendersOf(dirty) {
		s.mu.Lock()
		s.news(&b)
		s.mu.Unlock()
	}
	return b, dirty
}

func sendersOf(dirty map[*run]*sender) map[*sender]struct{} {
	all := map[*sender]struct{}{}
	for _, s := range dirty {
		all[s] = struct{}{}
	}
	return all
}

// where is the run that one has become part of.
func (w *writer) where(key string) string {
	for range maxRuns {
		to, moved := w.moved[key]
		if !moved {
			break
		}
		key = to
	}
	return key
}

// close writes what is pending and ends run.
func (w *writer) close() {
	w.once.Do(func() { close(w.stop) })
	<-w.done
}
