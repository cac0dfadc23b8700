package run

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

// whoSends tells senders apart: by the authenticated user or, without one, by
// the client's network (/24 or /64) and the domain of the reverse-path. It names
// people, and is kept only as Config.Name makes it.
func whoSends(env rules.Envelope, client netip.Addr) string {
	if env.Authenticated != "" {
		return "user\x00" + strings.ToLower(env.Authenticated)
	}
	bits := 24
	if client.Is6() && !client.Is4In6() {
		bits = 64
	}
	network, _ := client.Unmap().Prefix(bits) // the zero Prefix for a Unix socket
	domain := env.From[strings.LastIndexByte(env.From, '@')+1:]
	b := append(make([]byte, 0, 128), "network\x00"...) // on the stack, for the most
	if network.IsValid() {
		b = network.AppendTo(b)
	} else {
		b = append(b, network.String()...)
	}
	return string(append(append(b, 0), strings.ToLower(domain)...))
}

// sender is what is known of one sender.
type sender struct {
	name     string
	relay    string // this one
	underWay int    // messages; under the tracker's lock
	bell     bell   // rung when another relay has written something of it
	warning  warning

	mu     sync.Mutex
	loaded bool                // the ledger has been asked
	learnt int64               // how often
	runs   []*run              // the one with the last copy at the end
	moved  map[string]struct{} // runs that have become part of others
	moves  []moving            // of these, what the ledger does not have yet
	holds  int64               // Known.Holds, as read last
	read   int64               // the last entry of its window's people that was read
	// bulk are the recipients of its runs to many, closed ones within the
	// window too. It only grows in place, so that who has it may read it
	// without the lock; when runs go it is made anew.
	bulk   []rules.Key
	noted  int // recipients of all runs that are told apart
	inBulk map[rules.Key]struct{}
	drip   drip
	shape  shape    // what it usually sends, by all relays
	own    shape    // and by this one; empty without a ledger
	kept   bool     // the ledger has own
	taken  []string // relays whose own is in it, and whose the ledger has still
	taking int      // how many of taken the batch has that is being written
}

// moving is a Move, with the run that it goes to.
type moving struct {
	Move
	to *run
}

// Bounds on what is kept of one sender.
const (
	maxRuns       = 64      // of a sender, open or within the window
	maxRecipients = 50_000  // of a run that are told apart
	maxNoted      = 400_000 // of all runs; those of the oldest runs go first
	maxMoved      = 256     // runs that have become part of others
	maxBulk       = 200_000 // recipients of a sender's runs
	manyReaders   = 5       // recipients from which a run is one to many
)

// find returns the open run that a message belongs to, nil if there is none, and
// puts it behind the others. Of several it is one that is held: two relays may each
// have begun a run of one mailing.
func (s *sender) find(m *Message, open func(*run) bool) *run {
	for _, held := range []bool{true, false} {
		for i, r := range slices.Backward(s.runs) {
			if r.held == held && open(r) && r.print.agrees(m) {
				s.runs = append(slices.Delete(s.runs, i, i+1), r)
				return r
			}
		}
	}
	return nil
}

// reach notes whom a message of a run goes to.
func (s *sender) reach(r *run, recipients []string) {
	for _, address := range recipients {
		if k := rules.AddressKey(address); s.note(r, k) {
			r.told.reader(k)
		}
	}
	s.unburden(r)
}

// note takes a recipient of a run, and returns whether it is new.
func (s *sender) note(r *run, k rules.Key) bool {
	if _, known := r.inRun[k]; known || len(r.recipients) >= maxRecipients {
		return false
	}
	r.inRun[k] = struct{}{}
	r.recipients = append(r.recipients, k)
	s.noted++
	switch {
	case len(r.recipients) == manyReaders:
		s.addBulk(r.recipients)
	case len(r.recipients) > manyReaders:
		s.addBulk(r.recipients[len(r.recipients)-1:])
	}
	return true
}

// unburden drops the recipients of the oldest runs beyond maxNoted.
func (s *sender) unburden(but *run) {
	for _, old := range s.runs {
		if s.noted <= maxNoted {
			return
		}
		if old != but && len(old.recipients) > 0 {
			s.noted -= len(old.recipients)
			old.recipients, old.inRun = nil, map[rules.Key]struct{}{}
		}
	}
}

func (s *sender) addBulk(keys []rules.Key) {
	for _, k := range keys {
		if _, known := s.inBulk[k]; !known && len(s.bulk) < maxBulk {
			s.inBulk[k] = struct{}{}
			s.bulk = append(s.bulk, k)
		}
	}
}

// readers returns the recipients of a run and of the sender's runs to many.
func (s *sender) readers(r *run) []rules.Key {
	all := s.bulk[:len(s.bulk):len(s.bulk)]
	if len(r.recipients) >= manyReaders {
		return all
	}
	for _, k := range r.recipients {
		if _, known := s.inBulk[k]; !known {
			all = append(all, k) // into a copy: there is no room
		}
	}
	return all
}

// forget drops the runs for which keep says no, and of the others those beyond
// maxRuns, with gone for each. A run that is held goes last: without it nothing
// is left to brake its copies.
func (s *sender) forget(keep func(*run) bool, gone func(*run)) {
	many := false // one that goes was to many
	drop := func(which func(*run) bool) {
		s.runs = slices.DeleteFunc(s.runs, func(r *run) bool {
			if !which(r) {
				return false
			}
			gone(r)
			s.noted -= len(r.recipients)
			many = many || len(r.recipients) >= manyReaders
			return true
		})
	}
	drop(func(r *run) bool { return !keep(r) })
	for _, held := range []bool{false, true} {
		over := len(s.runs) - maxRuns
		drop(func(r *run) bool {
			if over <= 0 || r.held != held {
				return false
			}
			over--
			return true
		})
	}
	if !many {
		return
	}
	s.bulk, s.inBulk = nil, map[rules.Key]struct{}{}
	for _, r := range s.runs {
		if len(r.recipients) >= manyReaders {
			s.addBulk(r.recipients)
		}
	}
}

// news takes what other relays are still to be told of the sender and some of its runs.
// A run that has become part of another is told of together with that one: no batch
// has a share in both, or in neither.
func (s *sender) news(b *Batch, runs []*run) {
	for _, m := range s.moves {
		b.Moves = append(b.Moves, m.Move)
		if to := m.to.end(); !slices.Contains(runs, to) {
			runs = append(runs, to)
		}
	}
	s.moves = nil
	for _, r := range runs {
		if r.into == nil {
			b.Runs = append(b.Runs, r.record(s))
			b.Keys = append(b.Keys, r.news()...)
		}
	}
	b.Senders = append(b.Senders, Usual{Sender: s.name, Relay: s.relay, At: s.own.at, Shape: s.own.text(), Instead: slices.Clone(s.taken)})
	s.taking = len(s.taken)
	b.Keys = append(b.Keys, s.drip.news(Owner{Sender: s.name}, s.own.at)...)
}

// written notes that the ledger has what news took last.
func (s *sender) written() {
	s.kept = true
	s.taken = slices.Delete(s.taken, 0, s.taking)
	s.taking = 0
}
