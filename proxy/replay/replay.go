// Package replay owns the rehearsal of policies: what they would have made of
// the messages that came, by the numbers that are kept of each.
//
// What is always true:
//
//   - It says what would change, not what was done: a message counts where the
//     policies in force and the new ones judge it differently. What a run, an
//     allow list or a reviewer has made of it is the same for both.
//   - What cannot be told is called so. A condition that turns on what is not
//     kept counts for neither side.
//   - It holds no personal data: a sender is the hash that the ledger has.
//   - It reads; nothing is changed by it.
package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Source is where the numbers come from; a [quarantine.Store] is one.
type Source interface {
	CountExposures(ctx context.Context, since time.Time) (int64, error)
	// Exposures visits the newest first.
	Exposures(ctx context.Context, since time.Time, visit func(quarantine.Exposure) error) error
	Marks(ctx context.Context, since time.Time) (map[string]quarantine.Mark, error)
}

// Config is what is rehearsed.
type Config struct {
	Source Source
	// Now are the policies in force, Next those that may take their place.
	Now, Next *rules.Policies
	Since     time.Time
	// Within is how long messages are looked at, the newest first; 0: until all
	// were.
	Within time.Duration
	// Progress is called from time to time; it may be nil.
	Progress func(done, total int64)
}

// Report is what would change. Its JSON is a contract.
type Report struct {
	Since    time.Time `json:"since"`
	Messages int64     `json:"messages"` // looked at
	// Total is how many there are since then, and Oldest when the oldest came
	// that was looked at.
	Total   int64     `json:"-"`
	Oldest  time.Time `json:"-"`
	Changed int64     `json:"changed"`
	// Unsure is of how many messages it cannot be told whether they change.
	Unsure int64 `json:"undetermined"`
	// Held are the messages that are held or rejected by the policies in force,
	// and by the new ones.
	Held     Pair     `json:"held"`
	Newly    Shift    `json:"held_newly"`   // is held by the new ones only
	NoMore   Shift    `json:"held_no_more"` // is held by those in force only
	Policies []Change `json:"policies"`
	Senders  []Sender `json:"senders"` // with the most changes, at most maxSenders
	// NotKept are the new policies that turn on what is not kept.
	NotKept  []NotKept `json:"cannot_be_replayed"`
	Reviewed Reviewed  `json:"reviewed"`
}

// Pair is a number by the policies in force and by the new ones.
type Pair struct {
	Now  int64 `json:"now"`
	Next int64 `json:"next"`
}

// Change is the messages that go from one verdict to another.
type Change struct {
	From    Verdict `json:"from"`
	To      Verdict `json:"to"`
	Count   int64   `json:"messages"`
	Senders int64   `json:"senders"`
	// Subjects is the most people in one of the messages.
	Subjects int64 `json:"most_subjects"`
}

// Verdict is an action and the policy that it is by.
type Verdict struct {
	Action string `json:"action"`
	Policy string `json:"policy"` // "" for a pass by none
}

// Sender is one sender's changes.
type Sender struct {
	Sender   string `json:"sender"`         // a hash
	Name     string `json:"name,omitempty"` // where the caller knows it
	Held     int64  `json:"held_newly"`
	Passed   int64  `json:"held_no_more"`
	Other    int64  `json:"other"`
	Subjects int64  `json:"most_subjects"`
	// Run is one of the runs with a change.
	Run string `json:"-"`
}

// NotKept is a policy whose condition turns on what is not kept.
type NotKept struct {
	Policy    string   `json:"policy"`
	Variables []string `json:"variables"`
}

// Reviewed sets the new policies against what reviewers decided: who released a
// message found its hold wrong, who refused it found it right, unless a reviewer
// marked the incident as one or the other. In messages of
// the runs that were decided.
type Reviewed struct {
	Right        int64 `json:"right"`         // refused, and held
	WronglyHeld  int64 `json:"wrongly_held"`  // released, and held
	RightlyLet   int64 `json:"rightly_let"`   // released, and no more held
	WronglyLet   int64 `json:"wrongly_let"`   // refused, and no more held
	Undetermined int64 `json:"undetermined"`  // cannot be told
	Now          Pass  `json:"by_those_now"`  // the same by the policies in force
	Mixed        int64 `json:"decided_mixed"` // of runs of which some copies were released and some refused
}

// Pass is how the policies in force stand to what reviewers decided.
type Pass struct {
	Right       int64 `json:"right"`
	WronglyHeld int64 `json:"wrongly_held"`
}

// maxSenders bounds the senders of a report.
const maxSenders = 50

// progressEvery is how often progress is told, in messages.
const progressEvery = 10_000

// Run rehearses the new policies.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	total, err := cfg.Source.CountExposures(ctx, cfg.Since)
	if err != nil {
		return nil, err
	}
	marks, err := cfg.Source.Marks(ctx, cfg.Since)
	if err != nil {
		return nil, err
	}
	r := &rehearsal{
		now: newJudge(cfg.Now), next: newJudge(cfg.Next), marks: marks,
		changes: map[[2]Verdict]*change{}, senders: map[string]*Sender{},
		report: &Report{Since: cfg.Since.UTC(), Total: total, Policies: []Change{}, Senders: []Sender{}, NotKept: []NotKept{}},
	}
	began := time.Now()
	err = cfg.Source.Exposures(ctx, cfg.Since, func(e quarantine.Exposure) error {
		if cfg.Within > 0 && r.report.Messages%clockEvery == 0 && time.Since(began) > cfg.Within {
			return errEnough
		}
		if cfg.Progress != nil && r.report.Messages%progressEvery == 0 {
			cfg.Progress(r.report.Messages, total)
		}
		return r.message(&e)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return r.end(cfg.Next), nil
}

// clockEvery is how often the clock is looked at, in messages.
const clockEvery = 256

// errEnough ends a rehearsal that has taken its time.
var errEnough = errors.New("enough")

// rehearsal is one under way.
type rehearsal struct {
	now, next *judge
	marks     map[string]quarantine.Mark
	changes   map[[2]Verdict]*change
	senders   map[string]*Sender
	newly     shift
	noMore    shift
	report    *Report
}

type change struct {
	Change
	senders map[string]bool
}

func (r *rehearsal) message(e *quarantine.Exposure) error {
	r.report.Messages++
	r.report.Oldest = e.At
	numbers := kept{e: e}
	now, err := r.now.judge(&numbers)
	if err != nil {
		return err
	}
	next, err := r.next.judge(&numbers)
	if err != nil {
		return err
	}
	r.reviewed(e.Run, now, next)
	if now.held() {
		r.report.Held.Now++
	}
	if next.held() {
		r.report.Held.Next++
	}
	if len(now.Unsure)+len(next.Unsure) > 0 && !apart(now, next) {
		// The same policies on both sides, and nothing else that differs: then
		// nothing changes, whatever they say.
		if !slices.Equal(now.Unsure, next.Unsure) || now.verdict() != next.verdict() {
			r.report.Unsure++
		}
		return nil
	}
	if now.Action != next.Action || now.held() && now.Policy != next.Policy {
		r.changed(e, now, next)
	}
	return nil
}

// apart reports whether two judgements differ whatever cannot be told of them.
func apart(a, b *judged) bool { return a.Most < b.Action || b.Most < a.Action }

func (r *rehearsal) changed(e *quarantine.Exposure, now, next *judged) {
	r.report.Changed++
	key := [2]Verdict{now.verdict(), next.verdict()}
	c := r.changes[key]
	if c == nil {
		c = &change{Change: Change{From: key[0], To: key[1]}, senders: map[string]bool{}}
		r.changes[key] = c
	}
	c.Count++
	c.senders[e.Sender] = true
	c.Subjects = max(c.Subjects, now.subjects)
	s := r.senders[e.Sender]
	if s == nil {
		s = &Sender{Sender: e.Sender}
		r.senders[e.Sender] = s
	}
	s.Run = e.Run
	s.Subjects = max(s.Subjects, now.subjects)
	switch {
	case next.held() && !now.held():
		s.Held++
		r.newly.add(e, next)
	case now.held() && !next.held():
		s.Passed++
		r.noMore.add(e, now)
	default:
		s.Other++
	}
}

// reviewed sets a message against what reviewers decided on its run.
func (r *rehearsal) reviewed(run string, now, next *judged) {
	m := r.marks[run]
	released, refused := m.Released > 0, m.Refused > 0
	switch m.Said { // in words, which say more than what was decided
	case quarantine.MarkedRight:
		released, refused = false, true
	case quarantine.MarkedWrong:
		released, refused = true, false
	}
	if !released && !refused {
		return
	}
	v := &r.report.Reviewed
	switch {
	case released && refused:
		v.Mixed++
		return
	case next.Most >= rules.Hold && !next.held():
		v.Undetermined++
	case refused && next.held():
		v.Right++
	case refused:
		v.WronglyLet++
	case next.held():
		v.WronglyHeld++
	default:
		v.RightlyLet++
	}
	if now.held() && refused {
		v.Now.Right++
	} else if now.held() {
		v.Now.WronglyHeld++
	}
}

// end puts the report in order.
func (r *rehearsal) end(next *rules.Policies) *Report {
	r.report.Newly, r.report.NoMore = r.newly.end(), r.noMore.end()
	for _, c := range r.changes {
		c.Senders = int64(len(c.senders))
		r.report.Policies = append(r.report.Policies, c.Change)
	}
	slices.SortFunc(r.report.Policies, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.From.compare(b.From), a.To.compare(b.To))
	})
	for _, s := range r.senders {
		r.report.Senders = append(r.report.Senders, *s)
	}
	slices.SortFunc(r.report.Senders, func(a, b Sender) int {
		return cmp.Or(cmp.Compare(b.Held+b.Passed+b.Other, a.Held+a.Passed+a.Other), cmp.Compare(a.Sender, b.Sender))
	})
	r.report.Senders = r.report.Senders[:min(len(r.report.Senders), maxSenders)]
	for _, spec := range next.Specs() {
		if names := next.NotKept(spec.Name); len(names) > 0 {
			r.report.NotKept = append(r.report.NotKept, NotKept{spec.Name, names})
		}
	}
	return r.report
}

func (v Verdict) compare(other Verdict) int {
	return cmp.Or(cmp.Compare(v.Action, other.Action), cmp.Compare(v.Policy, other.Policy))
}

// judged is a judgement, and how many people it is about.
type judged struct {
	rules.Judgement
	subjects int64
	fields   []string
}

func (j *judged) held() bool { return j.Action >= rules.Hold }

func (j *judged) verdict() Verdict { return Verdict{j.Action.String(), j.Policy} }

// judge judges by one set of policies, and remembers: most messages expose
// nothing, and so have the same numbers as others.
type judge struct {
	policies *rules.Policies
	bySize   bool // some condition asks for the size
	memo     map[string]*judged
}

// maxMemo bounds what is remembered.
const maxMemo = 100_000

func newJudge(p *rules.Policies) *judge {
	return &judge{policies: p, bySize: p.Asks("message.bytes"), memo: map[string]*judged{}}
}

// kept are the numbers of one message, which are read once, and only if some
// judge does not remember them.
type kept struct {
	e    *quarantine.Exposure
	read *rules.Judged
}

func (k *kept) numbers() (*rules.Judged, error) {
	if k.read == nil {
		m := &rules.Judged{Bytes: k.e.Bytes}
		if err := json.Unmarshal(k.e.Exposure, &m.Exposure); err != nil {
			return nil, fmt.Errorf("exposure of %s: %w", k.e.At.Format(time.RFC3339), err)
		}
		k.read = m
	}
	return k.read, nil
}

func (j *judge) judge(k *kept) (*judged, error) {
	e, key := k.e, string(k.e.Exposure)
	if j.bySize {
		key = fmt.Sprintf("%d %s", e.Bytes, key)
	}
	if known := j.memo[key]; known != nil {
		return known, nil
	}
	m, err := k.numbers()
	if err != nil {
		return nil, err
	}
	v := &judged{j.policies.Judge(m), m.Exposure.Subjects, m.Exposure.Fields}
	if len(j.memo) >= maxMemo {
		clear(j.memo)
	}
	j.memo[key] = v
	return v, nil
}
