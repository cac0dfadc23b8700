package run

import (
	"container/list"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Config is what a Tracker is made of.
type Config struct {
	// Quiet is how long after its last copy a run closes.
	Quiet time.Duration
	// Window is over what time the people of a sender are counted and its runs
	// are recent; and how long a held run brakes after its last copy.
	Window time.Duration
	Canary Canary
	// Name makes the name of a sender from who it is: always the same for the
	// same, another for another, and such that it tells nothing of whom it names.
	// nil is for a tracker without a ledger, which keeps no names.
	Name func(who string) string
	// Ledger keeps runs over a restart; nil for none.
	Ledger Ledger
	// Anyway has copies go on while the ledger cannot be read: see Copy.Unknown.
	Anyway bool
	// Shared reports whether another process may use the ledger now of which
	// Tracker.Heard does not tell, as while the program is replaced or while
	// notices cannot be heard: then the ledger is asked again for each message.
	// nil: none does.
	Shared  func() bool
	Metrics *metrics.Metrics
	Log     *slog.Logger
	// Now is the clock.
	Now func() time.Time
}

// Canary makes the first copies of a run wait until its shape is known.
type Canary struct {
	Copies int           // that wait for each other; 0 for none
	Wait   time.Duration // at most so long
	Bulk   int           // messages of late that make a sender one of many
}

// maxSenders is how many senders are known at a time.
const maxSenders = 10_000

// sweepEvery is how often runs are looked at that may have closed.
const sweepEvery = time.Minute

// Tracker knows the runs. It is safe for concurrent use.
type Tracker struct {
	cfg   Config
	relay string // names this one, and no other process ever
	// Both are nil without a ledger.
	writer   *writer
	follower *follower

	mu      sync.Mutex
	senders map[string]*list.Element // of *sender
	order   *list.List               // the last used in front
	swept   time.Time
}

// New makes a tracker. Close must be called when it is not needed any more.
func New(cfg Config) *Tracker {
	if cfg.Name == nil && cfg.Ledger == nil {
		cfg.Name = func(who string) string { return who }
	}
	if cfg.Anyway && cfg.Ledger != nil {
		cfg.Ledger = &watched{Ledger: cfg.Ledger, log: cfg.Log, now: cfg.Now}
	}
	t := &Tracker{cfg: cfg, relay: newName(), senders: map[string]*list.Element{}, order: list.New()}
	if cfg.Ledger != nil {
		t.writer = newWriter(t.relay, cfg.Ledger, cfg.Log, cfg.Metrics.LedgerDropped)
		go t.writer.run()
		t.follower = newFollower(t)
	}
	return t
}

// Close writes to the ledger what it does not have yet.
func (t *Tracker) Close() {
	if t.writer == nil {
		return
	}
	t.follower.close()
	t.lastLook()
	t.writer.close()
}

// Message is what a tracker needs to know of a message.
type Message struct {
	Envelope rules.Envelope
	Client   netip.Addr
	Evidence *rules.Evidence
	Subjects rules.Subjects
}

// Join finds the run that a message belongs to, or begins one. An error means
// that it is not known whether the run is held: the message must not pass. With
// Config.Anyway what the ledger does not tell is no error.
func (t *Tracker) Join(ctx context.Context, m Message) (c *Copy, err error) {
	now := t.cfg.Now()
	t.sweep(now)
	s := t.sender(t.cfg.Name(whoSends(m.Envelope, m.Client)))
	defer func() {
		if c == nil {
			t.leave(s)
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drip.turn(now, t.cfg.Window)
	joining := &Copy{tracker: t, sender: s, message: m}
	if err := t.load(ctx, s, now); err != nil && !t.goOn(joining, err) {
		return nil, err
	}
	t.tidy(s, now)
	r := s.find(&m, func(r *run) bool { return t.open(r, now) })
	if r == nil {
		r = newRun(printOf(&m), now)
		s.runs = append(s.runs, r)
		t.cfg.Metrics.RunsActive.Inc()
	}
	r.own.Copies++
	r.last = now
	r.addPeople(&m.Subjects)
	s.reach(r, m.Envelope.Recipients)
	people := m.Subjects.Count()
	c = joining
	c.run, c.learnt, c.unusual = r, s.learnt, s.shape.unusual(people, m.Evidence)
	c.canary = t.cfg.Canary.Copies > 1 && r.copies() <= int64(t.cfg.Canary.Copies) && s.shape.messages >= float64(t.cfg.Canary.Bulk)
	t.judgeShape(r)
	s.shape.learn(now, people, m.Evidence)
	if t.writer != nil {
		s.own.learn(now, people, m.Evidence)
	}
	t.touch(s, r)
	return c, nil
}

// sender returns what is known of a sender, who is not forgotten until leave is
// called: else the copies that come meanwhile would not see what becomes of this
// one.
func (t *Tracker) sender(name string) *sender {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, known := t.senders[name]; known {
		t.order.MoveToFront(at)
		s := at.Value.(*sender)
		s.underWay++
		return s
	}
	s := &sender{name: name, relay: t.relay, inBulk: map[rules.Key]struct{}{}, underWay: 1}
	s.drip.tells = t.writer != nil
	t.senders[name] = t.order.PushFront(s)
	for at := t.order.Back(); at != nil && len(t.senders) > maxSenders; {
		last, before := at.Value.(*sender), at.Prev()
		if last.underWay == 0 {
			t.order.Remove(at)
			delete(t.senders, last.name)
			go t.retire(last) // its lock may be held by a look at the runs
		}
		at = before
	}
	return s
}

// leave says that a message of a sender has ended.
func (t *Tracker) leave(s *sender) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.underWay--
}

func (t *Tracker) retire(s *sender) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(func(*run) bool { return false }, t.closed)
}

// open reports whether a run takes further copies.
func (t *Tracker) open(r *run, now time.Time) bool {
	quiet := now.Sub(r.last)
	return quiet < t.cfg.Quiet || r.held && quiet < t.cfg.Window
}

// tidy closes the sender's runs that are quiet, and forgets old ones.
func (t *Tracker) tidy(s *sender, now time.Time) {
	for _, r := range s.runs {
		if !t.open(r, now) {
			t.closed(r)
		}
	}
	s.forget(func(r *run) bool { return t.open(r, now) || now.Sub(r.last) < t.cfg.Window }, t.closed)
}

// closed counts a run that takes no further copies.
func (t *Tracker) closed(r *run) {
	if r.closed {
		return
	}
	r.closed = true
	r.shapeKnown()
	r.people.settle()
	t.cfg.Metrics.RunsActive.Dec()
	if !r.held && r.own.Copies > 0 && r.copies() > 1 {
		t.cfg.Metrics.Runs.WithLabelValues("passed").Inc()
	}
}

// sweep tidies every sender from time to time.
func (t *Tracker) sweep(now time.Time) {
	t.mu.Lock()
	if now.Sub(t.swept) < sweepEvery {
		t.mu.Unlock()
		return
	}
	t.swept = now
	t.mu.Unlock()
	for _, s := range t.known() {
		if s.mu.TryLock() { // one in use tidies itself
			t.tidy(s, now)
			s.mu.Unlock()
		}
	}
}

// known gives all senders, the last used first.
func (t *Tracker) known() []*sender {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]*sender, 0, len(t.senders))
	for at := t.order.Front(); at != nil; at = at.Next() {
		all = append(all, at.Value.(*sender))
	}
	return all
}

func (t *Tracker) touch(s *sender, r *run) {
	if t.writer != nil {
		t.writer.touch(r, s)
	}
}

// newName makes a name that no other process makes.
func newName() string {
	var b [10]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// newKey makes the name of a run that begins: the time in milliseconds and what no
// other has, as a UUID of version 7 has them (RFC 9562 section 5.7). A ledger has
// its runs in the order of their names: so those of one batch stand together, at the
// end, and are few pages to write, where names without order are one page each.
func newKey(now time.Time) string {
	var b [8 + 8]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<16) // six bytes, until the year 10889
	rand.Read(b[6:14])                                            // never fails since Go 1.24
	return hex.EncodeToString(b[:14])
}
