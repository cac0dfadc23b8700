package quarantine

import (
	"context"
	"database/sql"
	"fmt"
)

// Refuse ends a message's review: it will not be released, to nobody who does
// not have it already. Its content is kept until it is deleted, and notices of it
// are posted. Errors are those of [Store.BeginRelease].
func (s *Store) Refuse(ctx context.Context, id, by, reason string, notices ...Posting) error {
	if by == "" {
		return fmt.Errorf("refuse: %w: nobody is named", ErrInvalid)
	}
	postings, err := s.sealPostings(ctx, notices)
	if err != nil {
		return fmt.Errorf("refuse: %w", err)
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if err := s.endLapsedIn(ctx, tx); err != nil {
			return err
		}
		r, err := s.find(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := undecided(ctx, tx, r); err != nil {
			return err
		}
		if err := s.decide(ctx, tx, r, Refused, by); err != nil {
			return err
		}
		if err := s.setExpiry(ctx, tx, r, Refused); err != nil {
			return err
		}
		if err := s.insertPostings(ctx, tx, postings); err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Message: r.ID, Act: ActRefused, By: by, Reason: reason, Detail: Detail{SHA256: r.SHA256}})
	})
	if err != nil {
		return fmt.Errorf("refuse: %w", err)
	}
	return nil
}

// Delete removes the content of a message, decided or not, and the keys
// without which what is left of it anywhere cannot be read. What other messages
// share with it stays for them. What is known of it stays, and so does its
// audit trail. It returns [ErrBusy] while a release is under way, [ErrKept]
// under legal hold, and [ErrDecided] when the content was removed before.
//
// Should a file not go, the message is deleted all the same, the error says
// so, and Sweep will try again.
func (s *Store) Delete(ctx context.Context, id, by, reason string) error {
	if by == "" {
		return fmt.Errorf("delete: %w: nobody is named", ErrInvalid)
	}
	var r row
	var gone removal
	err := s.write(ctx, func(tx *sql.Tx) error {
		err := s.endLapsedIn(ctx, tx)
		if err != nil {
			return err
		}
		if r, err = s.find(ctx, tx, id); err != nil {
			return err
		}
		if !r.stored {
			return decidedError(r)
		}
		if r.State == Releasing {
			return undecided(ctx, tx, r)
		}
		if r.Kept {
			return fmt.Errorf("message %s is %w: end the hold first", r.ID, ErrKept)
		}
		if err := s.decide(ctx, tx, r, Deleted, by); err != nil {
			return err
		}
		if err := s.removeContent(ctx, tx, r, &gone); err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Message: r.ID, Act: ActDeleted, By: by, Reason: reason, Detail: Detail{SHA256: r.SHA256}})
	})
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if err := s.removeFiles(ctx, gone); err != nil {
		return fmt.Errorf("delete: message %s is deleted and its keys are gone, but not every file: %w", r.ID, err)
	}
	return nil
}
