package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds of notice.
const (
	// Expiring: nobody has decided, and At is when the messages expire.
	Expiring NoticeKind = "expiring"
	// Expiration: nobody has decided in time. The messages are refused, and
	// their content is removed next.
	Expiration NoticeKind = "expired"
)

// Notice is what people should be told of an incident's messages.
type Notice struct {
	Kind     NoticeKind
	Incident string
	At       time.Time // when the first of the messages expires, or did
	// Messages are some or all of the incident's, at most 200 a notice. They
	// are Sealed where the private key is not here.
	Messages []Message
}

// Notifier tells people. An error means that nobody was told: then nothing is
// done either, and it is tried again. A notice may come twice.
type Notifier interface {
	Notify(ctx context.Context, n Notice) error
}

// ExpiryReport is what Expire did, in messages.
type ExpiryReport struct {
	Warned  int // of their expiry
	Expired int // refused, since nobody decided
	Removed int // decided, whose content was kept long enough
}

// expiryBatch bounds the messages of one notice and one transaction.
const expiryBatch = 200

// Expire carries out the retention: it warns of messages that nobody has
// decided, refuses those whose time is over, and removes the content of those
// and of decided ones. Nothing expires without a warning that is at least a
// day old, a message that is being released or under legal hold not at all,
// and nothing is ever sent on for want of a decision.
//
// serve calls it from time to time. Where one incident cannot be dealt with,
// the others still are, and the error tells. A nil Notifier tells nobody.
func (s *Store) Expire(ctx context.Context, to Notifier) (ExpiryReport, error) {
	var report ExpiryReport
	if to == nil {
		to = nobody{}
	}
	if err := s.endLapsed(ctx); err != nil {
		return report, fmt.Errorf("expire: %w", err)
	}
	steps := []struct {
		due  func() (where string, args []any)
		do   func(context.Context, Notifier, []row) error
		done *int
	}{
		{s.unwarned, s.warn, &report.Warned},
		{s.overdue, s.expire, &report.Expired},
		{s.outlived, s.outlive, &report.Removed},
	}
	var errs []error
	for _, step := range steps {
		where, args := step.due()
		failed := map[string]bool{} // incidents; they come first again next time
		for {
			batch, err := s.due(ctx, where, args, failed)
			if err != nil {
				return report, errors.Join(append(errs, fmt.Errorf("expire: %w", err))...)
			}
			if len(batch) == 0 {
				break
			}
			if err := step.do(ctx, to, batch); err != nil {
				failed[batch[0].Incident] = true
				errs = append(errs, fmt.Errorf("expire: incident %s: %w", batch[0].Incident, err))
				continue
			}
			*step.done += len(batch)
		}
	}
	return report, errors.Join(errs...)
}

type nobody struct{}

func (nobody) Notify(context.Context, Notice) error { return nil }

const (
	dueOpen  = "stored = 1 AND kept = 0 AND expires > 0 AND state IN ('held', 'partly_released', 'release_failed') AND expires <= ?"
	dueEnded = "stored = 1 AND kept = 0 AND expires > 0 AND state IN ('released', 'refused') AND expires <= ?"
)

func (s *Store) unwarned() (string, []any) {
	// The nearest warning is enough where several are due at once.
	where, args := "", []any{}
	for i, before := range warnBefore {
		if i > 0 {
			where += " OR "
		}
		where += "(" + dueOpen + " AND warned <= ?)"
		args = append(args, micros(s.now().Add(before)), i)
	}
	return "(" + where + ")", args
}

func (s *Store) overdue() (string, []any) {
	return dueOpen + " AND warned = ?", []any{micros(s.now()), len(warnBefore)}
}

func (s *Store) outlived() (string, []any) { return dueEnded, []any{micros(s.now())} }

// due gives messages of one incident that something is to be done about.
func (s *Store) due(ctx context.Context, where string, args []any, without map[string]bool) (batch []row, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		incident, err := s.dueIncident(ctx, tx, where, args, without)
		if err != nil || incident == "" {
			return err
		}
		rows, err := tx.QueryContext(ctx, "SELECT "+messageColumns+" FROM messages WHERE "+where+
			" AND incident = ? ORDER BY expires LIMIT ?", append(args[:len(args):len(args)], incident, expiryBatch)...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			r, err := scanMessage(rows.Scan)
			if err != nil {
				return err
			}
			batch = append(batch, r)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for i := range batch {
			if err := s.complete(ctx, tx, &batch[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return batch, err
}

func (s *Store) dueIncident(ctx context.Context, tx *sql.Tx, where string, args []any, without map[string]bool) (string, error) {
	rows, err := tx.QueryContext(ctx, "SELECT DISTINCT incident FROM messages WHERE "+where, args...)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var incident string
		if err := rows.Scan(&incident); err != nil {
			return "", err
		}
		if !without[incident] {
			return incident, nil
		}
	}
	return "", rows.Err()
}

func notice(kind NoticeKind, batch []row) Notice {
	n := Notice{Kind: kind, Incident: batch[0].Incident, At: batch[0].Expires}
	for _, r := range batch {
		n.Messages = append(n.Messages, r.Message)
	}
	return n
}

// warn tells of messages that expire soon. What should have gone already, but
// nobody was warned of it, gets another day.
func (s *Store) warn(ctx context.Context, to Notifier, batch []row) error {
	now := s.now()
	last := warnBefore[len(warnBefore)-1]
	for i, r := range batch {
		if r.Expires.Before(now) {
			batch[i].Expires = fromMicros(micros(now.Add(last)))
		}
	}
	if err := to.Notify(ctx, notice(Expiring, batch)); err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, r := range batch {
			warned := 0
			for _, before := range warnBefore {
				if !r.Expires.After(now.Add(before)) {
					warned++
				}
			}
			_, err := tx.ExecContext(ctx, "UPDATE messages SET warned = ?, expires = ? WHERE seq = ? AND stored = 1",
				warned, micros(r.Expires), r.seq)
			if err != nil {
				return fmt.Errorf("note the warning of %s: %w", r.ID, err)
			}
		}
		return s.append(ctx, tx, Entry{Act: ActExpiring, By: bySystem, Detail: Detail{
			Incident: batch[0].Incident, Messages: len(batch), Until: batch[0].Expires.Format(time.RFC3339)}})
	})
}

// expire refuses messages that nobody decided, and removes their content.
func (s *Store) expire(ctx context.Context, to Notifier, batch []row) error {
	if err := to.Notify(ctx, notice(Expiration, batch)); err != nil {
		return err
	}
	return s.removeDue(ctx, batch, func(tx *sql.Tx, r row) error {
		if err := s.decide(ctx, tx, r, Expired, bySystem); err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Message: r.ID, Act: ActExpired, By: bySystem,
			Reason: "nobody decided in time", Detail: Detail{SHA256: r.SHA256}})
	})
}

// outlive removes content of messages that were decided long ago.
func (s *Store) outlive(ctx context.Context, _ Notifier, batch []row) error {
	return s.removeDue(ctx, batch, func(tx *sql.Tx, r row) error {
		return s.append(ctx, tx, Entry{Message: r.ID, Act: ActRemoved, By: bySystem,
			Reason: "kept long enough since it was decided", Detail: Detail{SHA256: r.SHA256}})
	})
}

// removeDue removes the content of messages that are still as they were found.
func (s *Store) removeDue(ctx context.Context, batch []row, note func(*sql.Tx, row) error) error {
	var gone removal
	err := s.write(ctx, func(tx *sql.Tx) error {
		for _, r := range batch {
			var same bool
			err := tx.QueryRowContext(ctx, "SELECT state = ? AND stored = 1 AND kept = 0 AND expires <= ? FROM messages WHERE seq = ?",
				string(r.State), micros(s.now()), r.seq).Scan(&same)
			if err != nil {
				return fmt.Errorf("message %s: %w", r.ID, err)
			}
			if !same {
				continue // somebody decided meanwhile
			}
			if err := note(tx, r); err != nil {
				return err
			}
			if err := s.removeContent(ctx, tx, r, &gone); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.removeFiles(ctx, gone)
}
