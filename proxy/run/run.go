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
	own, others Share // of this relay, and of all others as far as it has read
	people      *people
	recipients  []rules.Key // grows in place only
	inRun       map[rules.Key]struct{}
	closed      bool
	into        *run // that it has become part of; nil
	unmet       bool // it is still to be seen whether another one is of its mailing

	held     bool
	policy   string
	answer   rules.Answer
	incident string

	read int64 // the last entry of its keys that was read
	told telling

	known   chan struct{} // closed when the canary's copies need not wait
	isKnown bool
}

// telling is what of a run's people and recipients other relays are still to be
// told. It begins with the second copy, here or elsewhere: what a single message has
// concerns nobody else.
type telling struct {
	begun           bool
	people, readers []rules.Key
}

func newRun(p print, now time.Time) *run {
	return &run{key: newKey(now), print: p, first: now, last: now, people: newPeople(),
		inRun: map[rules.Key]struct{}{}, known: make(chan struct{})}
}

// restored makes a run of what the ledger has of it.
func restored(rec *Record) (*run, error) {
	r := newRun(print{}, rec.First)
	if err := r.print.UnmarshalBinary(rec.Print); err != nil {
		return nil, err
	}
	r.key, r.last, r.own, r.unmet = rec.Key, rec.Last, rec.Own, true
	r.learn(rec)
	return r, nil
}

// learn takes what the ledger knows more of a run. It returns whether another
// relay has held it.
func (r *run) learn(rec *Record) (braked bool) {
	r.others = Share{rec.All.Copies - rec.Own.Copies, rec.All.Delivered - rec.Own.Delivered}
	r.people.most = max(r.people.most, rec.Subjects)
	if rec.Last.After(r.last) {
		r.last = rec.Last
	}
	braked = rec.Held && !r.held
	if braked {
		r.held, r.policy, r.answer = true, rec.Policy, rec.Answer
		r.shapeKnown()
	}
	if rec.Held && rec.Incident != "" { // another than before where a copy was held after a release
		r.incident = rec.Incident
	}
	return braked
}

// end is the run that r has become part of by now.
func (r *run) end() *run {
	for r.into != nil {
		r = r.into
	}
	return r
}

func (r *run) copies() int64 { return r.own.Copies + r.others.Copies }

// record is the run as the ledger keeps it. It is braked there once a copy is kept.
func (r *run) record(s *sender) Record {
	print, _ := r.print.MarshalBinary() // it never fails
	return Record{Key: r.key, Sender: s.name, Relay: s.relay, Print: print, First: r.first, Last: r.last, Own: r.own,
		Subjects: r.people.count(), Held: r.incident != "", Policy: r.policy, Answer: r.answer, Incident: r.incident, Seen: s.holds}
}

// addPeople takes the people of one copy.
func (r *run) addPeople(s *rules.Subjects) {
	if r.closed {
		return
	}
	r.people.add(s, func(k rules.Key) { r.told.person(k) })
}

func (t *telling) person(k rules.Key) {
	if t.begun && len(t.people) < maxExact {
		t.people = append(t.people, k)
	}
}

func (t *telling) reader(k rules.Key) {
	if t.begun {
		t.readers = append(t.readers, k)
	}
}

// news takes what other relays are still to be told.
func (r *run) news() []Keys {
	t := &r.told
	if r.copies() >= 2 {
		r.beginTelling()
	}
	if len(t.people)+len(t.readers) == 0 {
		return nil
	}
	k := Keys{Of: Owner{Run: r.key}, At: r.last, People: t.people, Readers: t.readers}
	t.people, t.readers = nil, nil
	return []Keys{k}
}

// beginTelling has others told of whom the run has had so far, and of whom it will
// have. What was learnt of others comes after it, and is not told.
func (r *run) beginTelling() {
	t := &r.told
	if t.begun {
		return
	}
	t.begun = true
	for k := range r.people.exact {
		t.people = append(t.people, k)
	}
	t.readers = append(t.readers, r.recipients...)
}

// shapeKnown lets the canary's copies go.
func (r *run) shapeKnown() {
	if !r.isKnown {
		r.isKnown = true
		close(r.known)
	}
}
