package quarantine

import (
	"context"
	"database/sql"
	"fmt"
)

// RecipientResult is the upstream's last word on one recipient.
type RecipientResult struct {
	Address string
	// State is RecipientReleased (2xx), RecipientRefused (5xx),
	// RecipientDeferred (4xx, or never tried) or RecipientUnknown (the
	// content was sent and no answer came).
	State RecipientState
	// Reply is the upstream's reply. Only its basic and enhanced codes are
	// kept, since its text may name people.
	Reply string
}

// Settle records what became of each recipient, posts notices of it, and gives the
// lease back. A recipient without a result becomes unknown. It is recorded even when ctx is
// done, since the mail has left, and even when the lease has ended, except for
// recipients that a forced release took over since.
func (r *Release) Settle(ctx context.Context, results []RecipientResult, notices ...Posting) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*busyTimeout)
	defer cancel()
	if r.settled {
		return fmt.Errorf("settle %s: release was settled before: %w", r.row.ID, ErrDecided)
	}
	outcome := make(map[string]RecipientResult, len(r.row.Recipients))
	for _, rec := range r.row.Recipients {
		outcome[rec.Address] = RecipientResult{Address: rec.Address, State: RecipientUnknown}
	}
	for i, result := range results {
		if _, ok := outcome[result.Address]; !ok {
			return fmt.Errorf("settle %s: result %d: %w", r.row.ID, i+1, ErrNotRecipient)
		}
		switch result.State {
		case RecipientReleased, RecipientRefused, RecipientDeferred, RecipientUnknown:
		default:
			return fmt.Errorf("settle %s: result %d: %w state %q", r.row.ID, i+1, ErrInvalid, result.State)
		}
		outcome[result.Address] = result
	}
	// The results are written even where the notices cannot be.
	postings, sealErr := r.store.sealPostings(ctx, notices)
	err := r.store.write(ctx, func(tx *sql.Tx) error {
		if err := r.settle(ctx, tx, outcome); err != nil {
			return err
		}
		return r.store.insertPostings(ctx, tx, postings)
	})
	if err != nil {
		return fmt.Errorf("settle %s: %w", r.row.ID, err)
	}
	r.settled = true
	if sealErr != nil {
		return fmt.Errorf("%s is settled, but nobody is told: %w", r.row.ID, sealErr)
	}
	return nil
}

func (r *Release) settle(ctx context.Context, tx *sql.Tx, outcome map[string]RecipientResult) error {
	s := r.store
	detail := Detail{SHA256: r.row.SHA256, Results: map[RecipientState]int{}}
	for i, rec := range r.row.Recipients {
		result := outcome[rec.Address]
		res, err := tx.ExecContext(ctx, `UPDATE recipients SET state = ?, reply = ?
			WHERE message = ? AND place = ? AND release = ?`,
			string(result.State), replyCodes(result.Reply), r.row.seq, r.places[i], r.seq)
		if err != nil {
			return fmt.Errorf("record result %d: %w", i+1, err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("record result %d: %w", i+1, err)
		}
		detail.Results[result.State]++
		if n == 0 {
			detail.Superseded++
		}
	}
	if err := endRelease(ctx, tx, r.seq, "settled", micros(s.now())); err != nil {
		return err
	}
	if err := settleState(ctx, tx, r.row.seq); err != nil {
		return err
	}
	if err := s.setExpiry(ctx, tx, r.row, Released); err != nil {
		return err
	}
	return s.append(ctx, tx, Entry{Message: r.row.ID, Act: ActReleaseSettled, By: r.by, Detail: detail})
}
