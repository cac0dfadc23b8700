package run

import (
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// run is the messages of one sender that share their content. Its fields are
// guarded by the sender's lock.
type run struct {
	key         string
	print       print
	first, last time.Time
	copies      int64
	delivered   int64
	people      *people
	recipients  []rules.Key // grows in place only
	inRun       map[rules.Key]struct{}
	closed      bool

	held     bool
	policy   string
	answer   rules.Answer
	incident string

	known   chan struct{} // closed when the canary's copies need not wait
	isKnown bool
}

func newRun(p print, now time.Time) *run {
	return &run{key: newKey(), print: p, first: now, last: now, people: newPeople(),
		inRun: map[rules.Key]struct{}{}, known: make(chan struct{})}
}

// restored makes a run of what the ledger has of it. To whom it went is not
// among that, and of its people only how many they were.
func restored(rec *Record) (*run, error) {
	r := newRun(print{}, rec.First)
	if err := r.print.UnmarshalBinary(rec.Print); err != nil {
		return nil, err
	}
	r.key, r.last, r.copies, r.delivered = rec.Key, rec.Last, rec.Copies, rec.Delivered
	r.people.most = rec.Subjects
	r.held, r.policy, r.answer, r.incident = rec.Held, rec.Policy, rec.Answer, rec.Incident
	r.shapeKnown()
	return r, nil
}

// record is the run as the ledger keeps it.
func (r *run) record(sender string) Record {
	print, _ := r.print.MarshalBinary() // it never fails
	return Record{Key: r.key, Sender: sender, Print: print, First: r.first, Last: r.last, Copies: r.copies,
		Delivered: r.delivered, Subjects: r.people.count(), Held: r.held, Policy: r.policy, Answer: r.answer, Incident: r.incident}
}

// shapeKnown lets the canary's copies go.
func (r *run) shapeKnown() {
	if !r.isKnown {
		r.isKnown = true
		close(r.known)
	}
}
