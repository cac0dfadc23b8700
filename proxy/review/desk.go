package review

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// What callers decide by. Each is wrapped with the particulars.
var (
	// ErrStale: copies have arrived since the incident was reviewed.
	ErrStale = errors.New("not what was reviewed")
	// ErrAwaiting: the decision is noted, and a second person has to agree.
	ErrAwaiting = errors.New("a second person has to agree")
	// ErrTwoPeople: a message by itself may not be released, since it takes two
	// people.
	ErrTwoPeople = errors.New("its release takes two people")
	// ErrNothing: no message of the incident is left to decide on.
	ErrNothing = errors.New("nothing is left to decide")
	// ErrStopped: somebody has stopped the decision, or the program goes down.
	ErrStopped = errors.New("stopped")
)

// Sender sends a whole transaction; an [upstream.Server] does.
type Sender interface {
	Send(ctx context.Context, e upstream.Envelope, content io.Reader, size int64) ([]upstream.Result, error)
}

// Config is what a Desk is made of.
type Config struct {
	Store *quarantine.Store
	// Upstream takes what is released; nil where nothing is.
	Upstream Sender
	// TwoPeopleFrom is the number of people exposed from which a release takes
	// two persons; 0: never.
	TwoPeopleFrom int
	// Served reports whether an address has had a copy of a run that passed by
	// its own verdict; nil: nobody has.
	Served func(ctx context.Context, run, address string) (bool, error)
	// Own reports whether an address is a reviewer's own, who may have a test
	// copy; nil: nobody may.
	Own func(by, address string) bool
}

// Desk is where decisions are made.
type Desk struct{ cfg Config }

// New makes a desk.
func New(cfg Config) *Desk { return &Desk{cfg} }

// Sheet is what there is to decide on.
type Sheet struct {
	Incident quarantine.Incident
	// Token names the copies that there are now, and the decision that awaits a
	// second person. A release gives it back.
	Token    string
	States   map[quarantine.State]int // messages
	Outcomes map[quarantine.RecipientState]int
	// TwoPeople is true where a release takes two.
	TwoPeople bool
	// Awaiting is the decision that a second person has to agree to, or that
	// was broken off; nil if there is none.
	Awaiting *quarantine.Decision

	copies     []copyOf
	recipients map[string]bool // addresses in lower case
}

// copyOf is a copy of an incident, as far as decisions need it.
type copyOf struct {
	id    string
	state quarantine.State
}

// Review reads what there is to decide on.
func (d *Desk) Review(ctx context.Context, incident string) (Sheet, error) {
	s := Sheet{States: map[quarantine.State]int{}, Outcomes: map[quarantine.RecipientState]int{}, recipients: map[string]bool{}}
	var err error
	if s.Incident, err = d.cfg.Store.Incident(ctx, incident); err != nil {
		return s, err
	}
	s.TwoPeople = d.cfg.TwoPeopleFrom > 0 && s.Incident.Subjects >= d.cfg.TwoPeopleFrom
	var names []string
	err = d.each(ctx, s.Incident.ID, func(m *quarantine.Message) error {
		s.States[m.State]++
		for _, r := range m.Recipients {
			s.Outcomes[r.State]++
			s.recipients[strings.ToLower(r.Address)] = true
		}
		s.copies = append(s.copies, copyOf{m.ID, m.State})
		names = append(names, m.ID+" "+m.SHA256)
		return nil
	})
	if err != nil {
		return s, err
	}
	open, err := d.cfg.Store.OpenDecision(ctx, s.Incident.ID)
	switch {
	case err == nil:
		s.Awaiting = &open
		names = append(names, fmt.Sprintf("decision %d", open.ID))
	case !errors.Is(err, quarantine.ErrNotFound) && !errors.Is(err, quarantine.ErrSealed):
		return s, err
	}
	s.Token = token(s.Incident.ID, names)
	return s, nil
}

// token names a set of copies, and what is asked for of them. A message's id
// stands for its envelope, which never changes, and its hash for its content; a
// decision's for its plan.
func token(incident string, names []string) string {
	slices.Sort(names)
	sum := sha256.Sum256([]byte(incident + "\n" + strings.Join(names, "\n")))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:10])
}

// each calls do for every message of an incident, the newest first.
func (d *Desk) each(ctx context.Context, incident string, do func(*quarantine.Message) error) error {
	for q := (quarantine.Query{Incident: incident, Limit: 500}); ; {
		page, next, err := d.cfg.Store.List(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			if err := do(&page[i]); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		q.After = next
	}
}

// OneAlone reports ErrTwoPeople where a message may not be released by one
// person by itself.
func (d *Desk) OneAlone(m *quarantine.Message) error {
	if d.cfg.TwoPeopleFrom > 0 && m.Subjects >= d.cfg.TwoPeopleFrom {
		return fmt.Errorf("message %s carries records of %d people: %w: release its incident %s", m.ID, m.Subjects, ErrTwoPeople, m.Incident)
	}
	return nil
}
