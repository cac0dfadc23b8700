package simulation

import (
	"math/rand/v2"
	"time"
)

// message is one that a client wants to be rid of.
type message struct {
	id      int
	bytes   int64
	cpu     time.Duration
	held    bool     // by its own verdict
	mailing *mailing // the accident that it is a copy of; nil for others
	joined  bool     // and known there
	known   bool     // the relay knows its sender's runs
	arrived time.Duration
	tries   int
}

// around returns a time that is exponentially distributed.
func around(r *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(r.ExpFloat64() * float64(mean))
}

// interval is the mean time between two of so many an hour.
func interval(hourly float64) time.Duration {
	return time.Duration(float64(time.Hour) / hourly)
}

// whileMailComes has something happen in so much time, unless the mail has ended by
// then.
func (w *world) whileMailComes(in time.Duration, do func()) {
	if w.clock.now+in <= w.cfg.For {
		w.clock.after(in, do)
	}
}

// startLetters has letters come until the time is up.
func (w *world) startLetters() {
	hourly := w.cfg.Rate * (1 - w.costs.Mailing.Share.Value - w.costs.Mishap.Share.Value)
	random := w.chance.letters
	var come func()
	come = func() {
		k := w.kind(random.Float64())
		held, known := random.Float64() < w.costs.Relay.Held.Value, random.Float64() < w.costs.Relay.KnownSender.Value
		w.arrive(&message{bytes: k.Bytes, cpu: k.CPU.Value, held: held, known: known})
		w.whileMailComes(around(random, interval(hourly)), come)
	}
	w.whileMailComes(around(random, interval(hourly)), come)
}

// kind draws one by the shares.
func (w *world) kind(at float64) *Kind {
	for i := range w.costs.Kinds {
		k := &w.costs.Kinds[i]
		if at -= k.Share.Value; at < 0 {
			return k
		}
	}
	return &w.costs.Kinds[len(w.costs.Kinds)-1] // a rounding error
}

// startMailings has mailings begin until the time is up. All copies of one that has
// begun come.
func (w *world) startMailings(m *Mailing, accident bool) {
	if m.Share.Value == 0 {
		return
	}
	hourly := w.cfg.Rate * m.Share.Value / float64(m.Copies.Value)
	random := w.chance.mailings
	var begin func()
	begin = func() {
		w.sendCopies(m, accident)
		w.whileMailComes(around(random, interval(hourly)), begin)
	}
	w.whileMailComes(around(random, interval(hourly)), begin)
}

// sendCopies has the copies of one mailing come.
func (w *world) sendCopies(m *Mailing, accident bool) {
	// Of its own, so that what comes does not depend on the order of events.
	random := rand.New(rand.NewPCG(w.chance.mailings.Uint64(), 0))
	var of *mailing
	if accident {
		of = &mailing{world: w}
		w.mailings = append(w.mailings, of)
	}
	sent := int64(0)
	var next func()
	next = func() {
		sent++
		w.arrive(&message{bytes: m.Bytes, cpu: m.CPU.Value, mailing: of, known: sent > int64(len(w.relays))})
		if sent < m.Copies.Value {
			w.clock.after(around(random, m.Every.Value), next)
		}
	}
	next()
}

// arrive is a message's first try.
func (w *world) arrive(m *message) {
	m.arrived = w.clock.now
	m.id = w.accounts.born()
	w.try(m)
}

// again is a message's next try, later.
func (w *world) again(m *message, why string) {
	w.seen.deferred(why)
	if m.tries == 0 {
		w.seen.retried++
	}
	wait := w.costs.Around.Retry.Value
	for range m.tries {
		wait = min(2*wait, w.costs.Around.RetryMost.Value)
	}
	m.tries++
	w.seen.away++
	// Clients do not come back all at the same moment.
	wait = time.Duration(float64(wait) * (0.9 + 0.2*w.chance.times.Float64()))
	w.clock.after(wait, func() {
		w.seen.away--
		w.try(m)
	})
}
