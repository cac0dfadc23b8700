package simulation

import (
	"slices"
	"time"
)

// relay is one node.
type relay struct {
	world    *world
	number   int
	up       bool
	lives    int  // how often it was started
	out      bool // the balancer gives it nothing
	watched  bool // and looks whether that is still right
	refused  int64
	cpu      *station
	sessions []*attempt
	upFor    time.Duration
	upSince  time.Duration
	most     int // sessions

	ran, busy time.Duration // as the mail ended

	// What is to be written to the ledger: gathered, and on its way.
	gathered, writing int64
	flushing          bool
}

func newRelay(w *world, number int) *relay {
	return &relay{world: w, number: number, up: true, cpu: newStation("relay", &w.clock, w.cfg.Cores)}
}

// attempt is one try of a message at a relay.
type attempt struct {
	message  *message
	relay    *relay
	life     int
	over     bool          // the client has an answer, or has lost the connection
	ended    time.Duration // when it was over
	received time.Duration // its last byte
	waited   time.Duration // for a core
	upstream time.Duration // what that took
	asked    time.Duration // when it was put to its mailing
}

func (a *attempt) end() { a.over, a.ended = true, a.relay.world.clock.now }

// try puts a message to the relay that the balancer chooses.
func (w *world) try(m *message) {
	r := w.balancer.choose()
	switch {
	case r == nil:
		w.again(m, "no relay")
		return
	case int64(len(r.sessions)) >= w.costs.Relay.Connections.Value:
		w.again(m, "421 too many connections")
		return
	case !w.store.up && w.cfg.Degraded == Defer:
		w.again(m, "451 PostgreSQL away")
		return
	}
	a := &attempt{message: m, relay: r, life: r.lives}
	r.sessions = append(r.sessions, a)
	r.most = max(r.most, len(r.sessions))
	transfer := float64(m.bytes*8) / float64(w.costs.Around.Bandwidth.Value)
	w.clock.after(time.Duration(transfer*float64(time.Second)), func() {
		if !a.over {
			a.received = w.clock.now
			r.read(a)
		}
	})
}

// read inspects a message, once a core is free.
func (r *relay) read(a *attempt) {
	w := r.world
	j := &job{service: a.message.cpu, done: func(waited time.Duration) {
		a.waited = waited
		w.seen.waits = append(w.seen.waits, waited)
		r.meetSender(a)
	}}
	r.cpu.enter(j)
	if j.served {
		return
	}
	w.clock.after(w.costs.Relay.Deadline.Value, func() {
		if r.cpu.withdraw(j) {
			r.answer(a, "451 inspection deadline")
		}
	})
}

// meetSender has the sender's runs read, if the relay does not know them.
func (r *relay) meetSender(a *attempt) {
	w := r.world
	if a.message.known || !w.store.up && w.cfg.Degraded == PassClean {
		r.judge(a)
		return
	}
	if !w.store.up {
		r.answer(a, "451 PostgreSQL away")
		return
	}
	w.store.cores.enter(&job{service: w.costs.Store.Runs.Value, done: func(time.Duration) {
		if !a.over {
			r.judge(a)
		}
	}, lost: func() { r.answer(a, "451 PostgreSQL away") }})
}

// judge passes a message on, or holds it.
func (r *relay) judge(a *attempt) {
	a.asked = r.world.clock.now
	switch {
	case a.message.mailing != nil:
		a.message.mailing.ask(a)
	case a.message.held:
		r.hold(a)
	default:
		r.pass(a)
	}
}

// pass gives a message to the upstream, which may take it though the relay is
// killed meanwhile.
func (r *relay) pass(a *attempt) {
	w := r.world
	a.upstream = time.Duration(float64(around(w.chance.times, w.costs.Around.Upstream.Value)) * w.slower)
	w.clock.after(a.upstream, func() {
		w.accounts.delivered(a.message.id)
		if a.message.mailing != nil {
			a.message.mailing.left++
		}
		if a.over {
			return
		}
		r.note(2) // the judgement and the delivery
		r.answer(a, "")
	})
}

// hold keeps a message, and answers once PostgreSQL has committed it.
func (r *relay) hold(a *attempt) {
	w := r.world
	if !w.store.up {
		r.answer(a, "451 PostgreSQL away")
		return
	}
	r.cpu.enter(&job{service: w.costs.Relay.Hold.Value, done: func(time.Duration) {
		w.store.hold(a, func(failed string) {
			if failed == "" {
				w.accounts.held(a.message.id, w.store.up)
				if a.message.mailing != nil {
					a.message.mailing.kept()
				}
			}
			if a.over {
				return
			}
			if failed == "" {
				r.note(1)
			}
			r.answer(a, failed)
		})
	}})
}

// answer ends a session: with "" the message is acknowledged, else the client has
// to try again.
func (r *relay) answer(a *attempt, deferred string) {
	if a.over {
		return
	}
	a.end()
	w := r.world
	at := slices.Index(r.sessions, a)
	r.sessions[at] = r.sessions[len(r.sessions)-1]
	r.sessions = r.sessions[:len(r.sessions)-1]
	if deferred != "" {
		w.again(a.message, deferred)
		return
	}
	w.accounts.acknowledged(a.message.id)
	w.seen.acknowledged(w.clock.now, a)
}

// note has so many entries written to the ledger with the next batch.
func (r *relay) note(n int64) {
	w := r.world
	if r.gathered+r.writing+n > w.costs.Relay.Gathered.Value {
		w.seen.dropped += n
		return
	}
	r.gathered += n
	if !r.flushing {
		r.flushLater()
	}
}

func (r *relay) flushLater() {
	r.flushing = true
	life := r.lives
	r.world.clock.after(r.world.costs.Relay.Gather.Value, func() {
		if r.lives == life && r.up {
			r.flush()
		}
	})
}

// flush writes a batch. What PostgreSQL does not take comes with the next.
func (r *relay) flush() {
	w := r.world
	if !w.store.up {
		r.flushLater()
		return
	}
	n, life := r.gathered, r.lives
	r.gathered, r.writing = 0, n
	took := w.costs.Store.Batch.Value + time.Duration(n)*w.costs.Store.Entry.Value
	w.store.cores.enter(&job{service: took, done: func(time.Duration) {
		w.seen.written += n
		w.seen.batches++
		if r.lives != life {
			return // it was killed, and PostgreSQL has the batch
		}
		r.writing, r.flushing = 0, false
		if r.gathered > 0 {
			r.flushLater()
		}
	}, lost: func() {
		if r.lives != life {
			w.seen.lost += n
			return
		}
		r.gathered, r.writing = r.gathered+n, 0
		r.flushLater()
	}})
}

// kill ends the process, as SIGKILL does.
func (r *relay) kill() {
	w := r.world
	r.up = false
	r.lives++
	r.upFor += w.clock.now - r.upSince
	w.seen.lost += r.gathered
	r.gathered, r.writing, r.flushing = 0, 0, false
	r.cpu.clear()
	broken := r.sessions
	r.sessions = nil
	for _, a := range broken {
		a.end()
		w.again(a.message, "connection lost")
	}
	w.balancer.watch(r)
}

// start brings it back.
func (r *relay) start() {
	r.up, r.upSince = true, r.world.clock.now
}
