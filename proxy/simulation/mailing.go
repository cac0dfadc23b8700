package simulation

import (
	"slices"
	"time"
)

// mailing is an accident: its copies are to be held once the run shows what it is,
// which is with the third of them (the policy echo).
type mailing struct {
	world  *world
	joined []join
	held   bool // somebody has decided so
	by     knower
	told   time.Duration // from when on all know that it is held; 0: not yet
	left   int           // copies that the upstream has
	wait   []*attempt    // copies that the canary keeps waiting
}

// knower is a relay from one start to its end: what it knew by itself goes with it.
type knower struct {
	relay *relay
	life  int
}

// join is a copy that came to a relay.
type join struct {
	by   knower
	told time.Duration // from when on the others know
}

// never is later than every simulation.
const never = time.Duration(1<<63 - 1)

// ask decides on a copy, which may have to wait for others.
func (m *mailing) ask(a *attempt) {
	w := m.world
	if !a.message.joined && !m.known() {
		a.message.joined = true
		m.joined = append(m.joined, join{knower{a.relay, a.life}, m.soon(w.costs.Relay.Gather.Value)})
		if w.cfg.Canary.Copies > 0 {
			w.clock.after(0, m.wake)
			w.clock.after(w.costs.Relay.Gather.Value+w.costs.Store.Told.Value, m.wake)
		}
	}
	if !m.settle(a) {
		m.wait = append(m.wait, a)
		w.clock.after(w.cfg.Canary.Wait, m.wake)
	}
}

// settle holds or passes a copy, and reports false if it has to wait.
func (m *mailing) settle(a *attempt) bool {
	w := m.world
	self := knower{a.relay, a.life}
	copies := m.copies(self)
	canary := w.cfg.Canary
	switch {
	case m.braked(self) || copies >= w.costs.Relay.Echo.Value:
		if !m.held {
			m.held, m.by = true, self
		}
		a.relay.hold(a)
	case copies < int64(canary.Copies) && w.clock.now < a.asked+canary.Wait:
		return false
	default:
		a.relay.pass(a)
	}
	return true
}

// wake looks again at the copies that wait.
func (m *mailing) wake() {
	m.wait = slices.DeleteFunc(m.wait, func(a *attempt) bool { return a.over || m.settle(a) })
}

// copies is how many a relay knows of.
func (m *mailing) copies(who knower) (n int64) {
	for i := range m.joined {
		if j := &m.joined[i]; j.by == who || j.told <= m.world.clock.now {
			n++
		}
	}
	return n
}

// braked reports whether a relay knows that the mailing is held.
func (m *mailing) braked(who knower) bool {
	return m.held && (m.by == who || m.known())
}

// known reports whether every relay knows it.
func (m *mailing) known() bool { return m.told > 0 && m.told <= m.world.clock.now }

// kept is the commit of a held copy: the others are told by it.
func (m *mailing) kept() {
	if m.told == 0 {
		m.told = m.soon(0)
	}
}

// soon is when the others know what is written in so much time.
func (m *mailing) soon(written time.Duration) time.Duration {
	if !m.world.store.up {
		return never
	}
	return m.world.clock.now + written + m.world.costs.Store.Told.Value
}

// tellAll writes what could not be written, of those who still know it.
func (m *mailing) tellAll() {
	for i := range m.joined {
		if j := &m.joined[i]; j.told == never && j.by.relay.up && j.by.relay.lives == j.by.life {
			j.told = m.soon(m.world.costs.Relay.Gather.Value)
		}
	}
}
