package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// Release is one attempt to send a held message on. It holds the message's
// lease: nobody else can release it, refuse it or delete it until Settle is
// called or the lease ends.
type Release struct {
	store   *Store
	seq     int64 // of the attempt
	row     row   // its recipients are those to send to
	places  []int // of these, in the envelope
	by      string
	settled bool
}

// BeginRelease takes the lease of a message in order to send it to some of
// its recipients: those in to, or, when to is nil, all that do not have it
// and whose outcome is known. by and reason go to the audit trail; by must not
// be empty.
//
// It returns [ErrBusy] while another release is under way and [ErrDecided]
// when the message or a named recipient was decided before, both naming who;
// [ErrUncertain] when a named recipient, or every recipient left, may have the
// message already; [ErrNotRecipient] when a name is not in the envelope;
// [ErrSealed] where the private key is not.
func (s *Store) BeginRelease(ctx context.Context, id string, to []string, by, reason string) (*Release, error) {
	return s.beginRelease(ctx, releaseRequest{id: id, to: to, by: by, reason: reason})
}

// ForceRelease is BeginRelease for a person who knows that the outcome of an
// earlier release is unknown, and that recipients may get the message twice.
func (s *Store) ForceRelease(ctx context.Context, id string, to []string, by, reason string) (*Release, error) {
	return s.beginRelease(ctx, releaseRequest{id: id, to: to, by: by, reason: reason, force: true})
}

type releaseRequest struct {
	id         string
	to         []string
	by, reason string
	force      bool
}

func (s *Store) beginRelease(ctx context.Context, q releaseRequest) (*Release, error) {
	if q.by == "" {
		return nil, fmt.Errorf("release: %w: nobody is named", ErrInvalid)
	}
	rel := &Release{store: s, by: q.by}
	err := s.write(ctx, func(tx *sql.Tx) error {
		// In the same transaction as what follows, so that a lease ends
		// before the next begins.
		if err := s.endLapsedIn(ctx, tx); err != nil {
			return err
		}
		r, err := s.find(ctx, tx, q.id)
		if err != nil {
			return err
		}
		if err := undecided(ctx, tx, r); err != nil {
			return err
		}
		if r.Sealed {
			return r.closed // to whom, nobody here can say
		}
		places, err := pick(r.Message, q)
		if err != nil {
			return fmt.Errorf("message %s: %w", r.ID, err)
		}
		rel.row = r
		return s.take(ctx, tx, rel, places, q)
	})
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	return rel, nil
}

// undecided tells who has the message, or had it last.
func undecided(ctx context.Context, tx *sql.Tx, r row) error {
	if !r.State.Open() {
		return decidedError(r)
	}
	if r.State != Releasing {
		return nil
	}
	var by string
	var begun int64
	err := tx.QueryRowContext(ctx, "SELECT by, begun FROM releases WHERE message = ? AND ended = 0", r.seq).Scan(&by, &begun)
	if err != nil {
		return fmt.Errorf("message %s: read its release: %w", r.ID, err)
	}
	return fmt.Errorf("message %s is being released by %q since %s: %w", r.ID, by, fromMicros(begun).Format(time.RFC3339), ErrBusy)
}

// pick gives the places, from 1, of the recipients to send to.
func pick(m Message, q releaseRequest) ([]int, error) {
	if q.to == nil {
		return pickAll(m, q.force)
	}
	if len(q.to) == 0 {
		return nil, fmt.Errorf("%w: no recipient is named", ErrInvalid)
	}
	var places []int
	for i, address := range q.to {
		at := slices.IndexFunc(m.Recipients, func(r Recipient) bool { return r.Address == address })
		if at < 0 {
			return nil, fmt.Errorf("name %d of %d: %w", i+1, len(q.to), ErrNotRecipient)
		}
		switch state := m.Recipients[at].State; {
		case state == RecipientReleased:
			return nil, fmt.Errorf("recipient %d has it already, released by %q: %w", at+1, m.DecidedBy, ErrDecided)
		case state == RecipientUnknown && !q.force:
			return nil, fmt.Errorf("recipient %d may have it already, sent by %q: %w", at+1, m.DecidedBy, ErrUncertain)
		}
		places = append(places, at+1)
	}
	slices.Sort(places)
	return slices.Compact(places), nil
}

func pickAll(m Message, force bool) ([]int, error) {
	var places []int
	for i, r := range m.Recipients {
		if r.State == RecipientReleased || r.State == RecipientUnknown && !force {
			continue
		}
		places = append(places, i+1)
	}
	if len(places) == 0 {
		return nil, fmt.Errorf("every recipient left may have it already, sent by %q: %w", m.DecidedBy, ErrUncertain)
	}
	return places, nil
}

// take writes the lease.
func (s *Store) take(ctx context.Context, tx *sql.Tx, rel *Release, places []int, q releaseRequest) error {
	now := s.now()
	err := tx.QueryRowContext(ctx, "INSERT INTO releases (message, by, reason, begun, lease) VALUES (?, ?, ?, ?, ?) RETURNING seq",
		rel.row.seq, q.by, q.reason, micros(now), micros(now.Add(s.opts.Lease))).Scan(&rel.seq)
	if err != nil {
		return fmt.Errorf("insert release: %w", err)
	}
	sending := make([]Recipient, 0, len(places))
	for _, place := range places {
		_, err := tx.ExecContext(ctx, "UPDATE recipients SET state = 'sending', release = ? WHERE message = ? AND place = ?",
			rel.seq, rel.row.seq, place)
		if err != nil {
			return fmt.Errorf("take recipient %d: %w", place, err)
		}
		r := rel.row.Recipients[place-1]
		r.State = RecipientSending
		sending = append(sending, r)
	}
	if err := s.decide(ctx, tx, rel.row, Releasing, q.by); err != nil {
		return err
	}
	rel.row.Recipients, rel.places = sending, places
	rel.row.State, rel.row.DecidedBy, rel.row.Decided = Releasing, q.by, fromMicros(micros(now))
	return s.append(ctx, tx, Entry{
		Message: rel.row.ID, Act: ActReleaseBegun, By: q.by, Reason: q.reason,
		Detail: Detail{SHA256: rel.row.SHA256, Places: places, Forced: q.force},
	})
}

// Message gives the message with those recipients only that it is to be sent
// to.
func (r *Release) Message() Message { return r.row.Message }

// Content opens what is to be sent. See [Content] for what its errors mean.
func (r *Release) Content() (*Content, error) {
	return r.store.openContent(context.Background(), r.row)
}
