package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// book is a ledger in memory, as the store keeps one: shares by relay, and entries
// of keys with a number each.
type book struct {
	mu      sync.Mutex
	runs    map[string]Record
	shares  map[[2]string]Share // by run and relay
	usual   map[[2]string]Usual // by sender and relay
	holds   map[string]int64
	keys    map[Owner][]Keys
	batches map[string]int64 // the last, by relay
	sent    []Delivery
	judged  int
	decided map[string]Decision
	asked   int
	begun   int // incidents
	fail    error
	full    error // of who writes
	lost    error // is answered once to a batch that is kept
	// tell is called, with the lock, with each sender that was written of and by
	// whom; nil: nobody is told.
	tell func(sender, relay string, held bool)
	warn func(sender, relay string) // the same of warnings
}

func newBook() *book {
	return &book{runs: map[string]Record{}, shares: map[[2]string]Share{}, usual: map[[2]string]Usual{},
		batches: map[string]int64{}, holds: map[string]int64{}, keys: map[Owner][]Keys{}, decided: map[string]Decision{}}
}

var errBook = errors.New("the book is shut")

func (b *book) Sender(_ context.Context, q Query) (Known, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	known := Known{Holds: b.holds[q.Sender], Keys: int64(len(b.keys[Owner{Sender: q.Sender}]))}
	for _, r := range b.runs {
		if r.Sender == q.Sender && r.Last.After(q.Since) {
			r.All, r.Own = b.all(r.Key), b.shares[[2]string{r.Key, q.Relay}]
			r.Keys = int64(len(b.keys[Owner{Run: r.Key}]))
			known.Runs = append(known.Runs, r)
		}
	}
	slices.SortFunc(known.Runs, func(a, b Record) int { return cmp.Or(a.Last.Compare(b.Last), cmp.Compare(a.Key, b.Key)) })
	for of, u := range b.usual {
		if of[0] == q.Sender {
			known.Usual = append(known.Usual, u)
		}
	}
	return known, b.fail
}

// all adds the shares of a run up.
func (b *book) all(run string) (sum Share) {
	for of, s := range b.shares {
		if of[0] == run {
			sum.Copies += s.Copies
			sum.Delivered += s.Delivered
		}
	}
	return sum
}

func (b *book) Keys(_ context.Context, of Owner, after int64, since time.Time) ([]Keys, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Keys
	for _, k := range b.keys[of][min(after, int64(len(b.keys[of]))):] {
		if !k.At.Before(since) {
			all = append(all, k)
		}
	}
	return all, b.fail
}

func (b *book) Warn(_ context.Context, relay, sender string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.warn != nil {
		b.warn(sender, relay)
	}
	return b.fail
}

func (b *book) Decision(_ context.Context, incident string) (Decision, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.decided[incident], b.fail
}

func (b *book) Write(_ context.Context, batch *Batch) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := cmp.Or(b.fail, b.full); err != nil {
		return err
	}
	if batch.Number > 0 && batch.Number <= b.batches[batch.Relay] {
		return nil
	}
	b.batches[batch.Relay] = batch.Number
	if b.lost != nil {
		defer func() { err, b.lost = b.lost, nil }()
	}
	told := map[string]bool{}
	for _, m := range batch.Moves {
		delete(b.shares, [2]string{m.From, batch.Relay})
		for i := range b.sent {
			if b.sent[i].Run == m.From {
				b.sent[i].Run = m.To
			}
		}
		shared := func(of [2]string) bool { return of[0] == m.From }
		if !b.runs[m.From].Held && !slices.ContainsFunc(slices.Collect(maps.Keys(b.shares)), shared) {
			delete(b.runs, m.From)
		}
	}
	for _, r := range batch.Runs {
		b.put(r)
		told[r.Sender] = true
	}
	for _, u := range batch.Senders {
		for _, gone := range u.Instead {
			delete(b.usual, [2]string{u.Sender, gone})
		}
		b.usual[[2]string{u.Sender, u.Relay}] = u
		told[u.Sender] = true
	}
	for _, k := range batch.Keys {
		k.Number = int64(len(b.keys[k.Of])) + 1
		b.keys[k.Of] = append(b.keys[k.Of], k)
	}
	b.sent = append(b.sent, batch.Deliveries...)
	b.judged += len(batch.Judgements)
	for sender := range told {
		if b.tell != nil {
			b.tell(sender, batch.Relay, false)
		}
	}
	return nil
}

// put writes a run: what comes late takes nothing away of a brake.
func (b *book) put(r Record) {
	if known, is := b.runs[r.Key]; is && known.Held {
		r.Incident = cmp.Or(known.Incident, r.Incident)
	}
	b.hold(r)
}

// hold writes a run as its last copy is kept.
func (b *book) hold(r Record) {
	b.shares[[2]string{r.Key, r.Relay}] = r.Own
	if known, is := b.runs[r.Key]; is {
		r.First, r.Print = known.First, known.Print
		r.Subjects = max(r.Subjects, known.Subjects)
		if known.Last.After(r.Last) {
			r.Last = known.Last
		}
		if known.Held {
			r.Held, r.Policy, r.Answer = true, known.Policy, known.Answer
		}
	}
	b.runs[r.Key] = r
}

// keep writes a held run as the store does with its copy, and returns its incident.
func (b *book) keep(r Record) (incident string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	known := b.runs[r.Key]
	if !known.Held {
		if b.holds[r.Sender] != r.Seen {
			return "", ErrOvertaken
		}
		b.holds[r.Sender]++
	}
	r.Held = true
	if r.Incident = cmp.Or(known.Incident, r.Incident); r.Incident == "" {
		b.begun++
		r.Incident = fmt.Sprintf("IN-%d", b.begun)
	}
	b.put(r)
	if b.tell != nil {
		b.tell(r.Sender, r.Relay, !known.Held)
	}
	return r.Incident, nil
}

func (b *book) shut(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

// fill lets it be read, and not written.
func (b *book) fill(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = err
}
