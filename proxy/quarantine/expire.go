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
	// Now is the look at the clock by which they are due.
	Now time.Time
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
	if err := errors.Join(s.setClock(ctx), s.endLapsed(ctx)); err != nil {
		return report, fmt.Errorf("expire: %w", err)
	}
	// One look at the clock for all: where it is set back meanwhile, what was
	// due stays so until it is done.
	e := expiry{s: s, to: to, now: s.now()}
	steps := []struct {
		due  condition
		do   func(context.Context, condition, []row) error
		done *int
	}{
		{unwarned(e.now), e.warn, &report.Warned},
		{overdue(e.now), e.expire, &report.Expired},
		{outlived(e.now), e.outlive, &report.Removed},
	}
	var errs []error
	for _, step := range steps {
		failed := map[string]bool{} // incidents; they come first again next time
		for {
			batch, err := s.due(ctx, step.due, failed)
			if err != nil {
				return report, errors.Join(append(errs, fmt.Errorf("expire: %w", err))...)
			}
			if len(batch) == 0 {
				break
			}
			if err := step.do(ctx, step.due, batch); err != nil {
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

// condition is what messages must fulfil for something to be done about them,
// as SQL.
type condition struct {
	where string
	args  []any
}

func unwarned(now time.Time) (due condition) {
	// The nearest warning is enough where several are due at once.
	for i, before := range warnBefore {
		if i > 0 {
			due.where += " OR "
		}
		due.where += "(" + dueOpen + " AND warned <= ?)"
		due.args = append(due.args, micros(now.Add(before)), i)
	}
	due.where = "(" + due.where + ")"
	return due
}

func overdue(now time.Time) condition {
	return condition{dueOpen + " AND warned = ?", []any{micros(now), len(warnBefore)}}
}

func outlived(now time.Time) condition { return condition{dueEnded, []any{micros(now)}} }

// and narrows a condition.
func (c condition) and(where string, args ...any) condition {
	return condition{c.where + " AND " + where, append(c.args[:len(c.args):len(c.args)], args...)}
}

// due gives messages of one incident that something is to be done about.
func (s *Store) due(ctx context.Context, due condition, without map[string]bool) (batch []row, err error) {
	err = s.read(ctx, func(tx *sql.Tx) error {
		incident, err := dueIncident(ctx, tx, due, without)
		if err != nil || incident == "" {
			return err
		}
		due := due.and("incident = ? ORDER BY expires LIMIT ?", incident, expiryBatch)
		rows, err := tx.QueryContext(ctx, "SELECT "+messageColumns+" FROM messages WHERE "+due.where, due.args...)
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

func dueIncident(ctx context.Context, tx *sql.Tx, due condition, without map[string]bool) (string, error) {
	rows, err := tx.QueryContext(ctx, "SELECT DISTINCT incident FROM messages WHERE "+due.where, due.args...)
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

func (e expiry) notice(kind NoticeKind, batch []row) Notice {
	n := Notice{Kind: kind, Incident: batch[0].Incident, At: batch[0].Expires, Now: e.now}
	for _, r := range batch {
		n.Messages = append(n.Messages, r.Message)
	}
	return n
}

// expiry is one call of Expire.
type expiry struct {
	s   *Store
	to  Notifier
	now time.Time
}

// warn tells of messages that expire soon. Those of which this is the last
// warning have a day from now, however late it comes.
func (e expiry) warn(ctx context.Context, due condition, batch []row) error {
	least := e.now.Add(warnBefore[len(warnBefore)-1])
	for i, r := range batch {
		if r.Expires.Before(least) {
			batch[i].Expires = fromMicros(micros(least))
		}
	}
	if err := e.to.Notify(ctx, e.notice(Expiring, batch)); err != nil {
		return err
	}
	return e.s.write(ctx, func(tx *sql.Tx) error {
		told := 0
		for _, r := range batch {
			if still, err := stillDue(ctx, tx, due, r); err != nil {
				return err
			} else if !still {
				continue
			}
			warned := 0
			for _, before := range warnBefore {
				if !r.Expires.After(e.now.Add(before)) {
					warned++
				}
			}
			_, err := tx.ExecContext(ctx, "UPDATE messages SET warned = ?, expires = ? WHERE seq = ?", warned, micros(r.Expires), r.seq)
			if err != nil {
				return fmt.Errorf("note the warning of %s: %w", r.ID, err)
			}
			told++
		}
		if told == 0 { // another machine was quicker
			return nil
		}
		return e.s.append(ctx, tx, Entry{Act: ActExpiring, By: bySystem, Detail: Detail{
			Incident: batch[0].Incident, Messages: told, Until: batch[0].Expires.Format(time.RFC3339)}})
	})
}

// expire refuses messages that nobody decided, and removes their content.
func (e expiry) expire(ctx context.Context, due condition, batch []row) error {
	if err := e.to.Notify(ctx, e.notice(Expiration, batch)); err != nil {
		return err
	}
	return e.s.removeDue(ctx, due, batch, func(tx *sql.Tx, r row) error {
		if err := e.s.decide(ctx, tx, r, Expired, bySystem); err != nil {
			return err
		}
		return e.s.append(ctx, tx, Entry{Message: r.ID, Act: ActExpired, By: bySystem,
			Reason: "nobody decided in time", Detail: Detail{SHA256: r.SHA256}})
	})
}

// outlive removes content of messages that were decided long ago.
func (e expiry) outlive(ctx context.Context, due condition, batch []row) error {
	return e.s.removeDue(ctx, due, batch, func(tx *sql.Tx, r row) error {
		return e.s.append(ctx, tx, Entry{Message: r.ID, Act: ActRemoved, By: bySystem,
			Reason: "kept long enough since it was decided", Detail: Detail{SHA256: r.SHA256}})
	})
}

// removeDue removes the content of messages that are still as they were found.
func (s *Store) removeDue(ctx context.Context, due condition, batch []row, note func(*sql.Tx, row) error) error {
	var gone removal
	err := s.write(ctx, func(tx *sql.Tx) error {
		for _, r := range batch {
			if still, err := stillDue(ctx, tx, due, r); err != nil {
				return err
			} else if !still {
				continue
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

// stillDue tells whether a message is as it was found, under the write lock:
// while people were told, somebody may have decided, put it under legal hold, or
// sealed its content.
func stillDue(ctx context.Context, tx *sql.Tx, due condition, r row) (still bool, err error) {
	due = due.and("seq = ? AND state = ? AND plain = ?", r.seq, string(r.State), r.plain)
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM messages WHERE "+due.where+")", due.args...).Scan(&still); err != nil {
		return false, fmt.Errorf("message %s: %w", r.ID, err)
	}
	return still, nil
}
