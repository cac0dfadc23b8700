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
	// into are runs that have become part of others of late: entries that are on
	// their way here still name them.
	into map[string]string
	// batch is what is being written, until it is. It still takes room.
	batch   *Batch
	batches int64            // how many there were
	writing map[*run]*sender // its runs
	broken  bool             // the last attempt to write failed
	wake    chan struct{}    // something is pending
	room    chan struct{}    // closed when there is room again
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
	turn    sync.Mutex // of flush
}

func newWriter(relay string, ledger Ledger, log *slog.Logger, dropped prometheus.Counter) *writer {
	return &writer{relay: relay, ledger: ledger, log: log, dropped: dropped, patience: 5 * time.Second, dirty: map[*run]*sender{}, into: map[string]string{},
		wake: make(chan struct{}, 1), room: make(chan struct{}), stop: make(chan struct{}), done: make(chan struct{})}
}

// touch notes that a run is to be written, unless very many wait already: it is
// written when it is touched again. The store has a held run with its copy.
func (w *writer) touch(r *run, s *sender) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.dirty)+len(w.writing) >= maxPending && w.dirty[r] == nil && w.writing[r] == nil {
		w.dropped.Inc()
		return
	}
	w.dirty[r] = s
	w.signal()
}

// moved notes that a run has become part of another one.
func (w *writer) moved(from, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.into) >= maxPending {
		clear(w.into)
	}
	w.into[from] = to
	delete(w.into, to) // which may have been part of the other before
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
		if w.pending.entries()+w.batch.entries() < maxPending {
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
			for w.flush() { // after a batch that had failed there is more
			}
			return
		}
		select {
		case <-time.After(commitEvery):
		case <-w.stop:
		}
		w.flush()
	}
}

// flush writes what is pending, or again what could not be written, and reports
// whether it has written anything.
func (w *writer) flush() bool {
	w.turn.Lock()
	defer w.turn.Unlock()
	b, runs := w.take()
	if b == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := w.ledger.Write(ctx, b)
	if err != nil {
		w.log.Error("writing the ledger", "error", err)
	} else {
		for s := range bySender(runs) {
			s.mu.Lock()
			s.written()
			s.mu.Unlock()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken = err != nil; w.broken {
		w.signal()
		return false
	}
	w.batch, w.writing = nil, nil
	close(w.room)
	w.room = make(chan struct{})
	if w.pending.entries()+len(w.dirty) > 0 {
		w.signal()
	}
	return true
}

// take gives the batch that is to be written, nil for none, and the runs that it has:
// the one that could not be, or what is pending.
func (w *writer) take() (*Batch, map[*run]*sender) {
	w.mu.Lock()
	if w.batch != nil || w.pending.entries()+len(w.dirty) == 0 {
		defer w.mu.Unlock()
		return w.batch, w.writing
	}
	b, runs := w.pending, w.dirty
	w.pending, w.dirty = Batch{}, map[*run]*sender{}
	w.batch, w.writing = &b, runs
	w.batches++
	b.Relay, b.Number = w.relay, w.batches
	w.mu.Unlock()
	for s, runs := range bySender(runs) {
		s.mu.Lock()
		s.news(&b, runs)
		s.mu.Unlock()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range b.Deliveries {
		b.Deliveries[i].Run = w.where(b.Deliveries[i].Run)
	}
	for i := range b.Judgements {
		b.Judgements[i].Run = w.where(b.Judgements[i].Run)
	}
	return &b, runs
}

func bySender(runs map[*run]*sender) map[*sender][]*run {
	all := map[*sender][]*run{}
	for r, s := range runs {
		all[s] = append(all[s], r)
	}
	return all
}

// where is the run that one has become part of.
func (w *writer) where(key string) string {
	for range maxRuns {
		to, moved := w.into[key]
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
