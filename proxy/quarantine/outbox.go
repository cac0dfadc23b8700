package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Outgoing is a notice that is due to be sent.
type Outgoing struct {
	ID      int64
	Key     string
	Channel string
	// Payload is what was posted; nil where the private key is not here.
	Payload  []byte
	Attempts int // before this one
	Posted   time.Time
	// Damaged is true where what was posted cannot be read by anybody.
	Damaged bool
}

// Posting is a notice that is posted together with what it tells of, so that a
// crash loses neither alone. One with a known key is not posted again.
type Posting struct {
	Key, Channel string
	Payload      []byte
}

// sealedPosting is a Posting that is ready to be written.
type sealedPosting struct {
	Posting
	sealed []byte
}

// sealPostings seals notices. It must not be called within a transaction.
func (s *Store) sealPostings(ctx context.Context, all []Posting) ([]sealedPosting, error) {
	if len(all) == 0 {
		return nil, nil
	}
	k, err := s.writeKey(ctx)
	if err != nil {
		return nil, err
	}
	sealed := make([]sealedPosting, len(all))
	for i, p := range all {
		sealed[i] = sealedPosting{p, k.seal(p.Payload, sealedNotice(p.Key))}
	}
	return sealed, nil
}

func (s *Store) insertPostings(ctx context.Context, tx *sql.Tx, all []sealedPosting) error {
	now := micros(s.now())
	for _, p := range all {
		_, err := tx.ExecContext(ctx, `INSERT INTO notices (key, channel, sealed, posted, next) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (key) DO NOTHING`, p.Key, p.Channel, p.sealed, now, now)
		if err != nil {
			return fmt.Errorf("post notice: %w", err)
		}
	}
	return nil
}

const (
	// maxPending bounds the notices that wait to be sent.
	maxPending = 10_000
	// noticeBatch is how many are taken at once.
	noticeBatch = 20
	// noticeMemory is how long a key is remembered after its notice has gone.
	noticeMemory = 400 * 24 * time.Hour
)

// PostNotice keeps a notice until it is sent, unless one with its key was
// posted before, which it then reports. The payload is sealed, as it may name
// people; the key and the channel must not. [ErrFull] is returned when very
// many wait already.
func (s *Store) PostNotice(ctx context.Context, key, channel string, payload []byte) (fresh bool, err error) {
	var known bool
	err = s.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM notices WHERE key = ?)", key).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("post notice: %w", err)
	}
	if known {
		return false, nil // the usual case, without waiting for writers
	}
	k, err := s.writeKey(ctx)
	if err != nil {
		return false, fmt.Errorf("post notice: %w", err)
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		var pending int
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM notices WHERE key = ?),
			(SELECT count(*) FROM notices WHERE ended = 0)`, key).Scan(&known, &pending)
		if err != nil || known {
			return err
		}
		if pending >= maxPending {
			return fmt.Errorf("%d notices wait: %w", pending, ErrFull)
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, "DELETE FROM notices WHERE ended > 0 AND ended < ?", micros(now.Add(-noticeMemory))); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO notices (key, channel, sealed, posted, next) VALUES (?, ?, ?, ?, ?)",
			key, channel, k.seal(payload, sealedNotice(key)), micros(now), micros(now))
		fresh = err == nil
		return err
	})
	if err != nil {
		return false, fmt.Errorf("post notice: %w", err)
	}
	return fresh, nil
}

func sealedNotice(key string) string { return "notice " + key }

// TakeNotices gives some notices that are due, and gives them to nobody else
// until the lease ends. Without the private key it leaves them to who has it,
// but for those that own says yes to.
func (s *Store) TakeNotices(ctx context.Context, lease time.Duration, own func(key string, posted time.Time) bool) ([]Outgoing, error) {
	ids, err := s.dueNotices(ctx, own)
	if err != nil || len(ids) == 0 {
		return nil, err // mostly none, without waiting for writers
	}
	var all []Outgoing
	var sealed [][]byte
	err = s.writeRows(ctx, func(tx *sql.Tx) error {
		all, sealed = nil, nil
		for _, id := range ids {
			var o Outgoing
			var box []byte
			var posted int64
			err := tx.QueryRowContext(ctx, `UPDATE notices SET next = ?, attempts = attempts + 1
				WHERE seq = ? AND ended = 0 AND next <= ? RETURNING seq, key, channel, sealed, attempts - 1, posted`,
				micros(s.now().Add(lease)), id, micros(s.now())).Scan(&o.ID, &o.Key, &o.Channel, &box, &o.Attempts, &posted)
			if errors.Is(err, sql.ErrNoRows) {
				continue // another process was quicker
			}
			if err != nil {
				return err
			}
			o.Posted = fromMicros(posted)
			all, sealed = append(all, o), append(sealed, box)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("take notices: %w", err)
	}
	for i := range all {
		all[i].Payload, err = s.unseal(ctx, s.reader, sealed[i], sealedNotice(all[i].Key))
		all[i].Damaged = errors.Is(err, ErrDamaged)
		if err != nil && !all[i].Damaged && !errors.Is(err, ErrSealed) {
			return nil, fmt.Errorf("take notices: %w", err)
		}
	}
	return all, nil
}

// dueNotices names some notices that are due, the longest due first.
func (s *Store) dueNotices(ctx context.Context, own func(key string, posted time.Time) bool) (ids []int64, err error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT seq, key, posted FROM notices WHERE ended = 0 AND next <= ? ORDER BY next", micros(s.now()))
	if err != nil {
		return nil, fmt.Errorf("take notices: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for len(ids) < noticeBatch && rows.Next() {
		var id, posted int64
		var key string
		if err := rows.Scan(&id, &key, &posted); err != nil {
			return nil, fmt.Errorf("take notices: %w", err)
		}
		if !s.keys.identity.None() || own(key, fromMicros(posted)) {
			ids = append(ids, id)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("take notices: %w", err)
	}
	return ids, nil
}

// DelayNotice says when a notice is due again.
func (s *Store) DelayNotice(ctx context.Context, id int64, at time.Time) error {
	return s.endNotice(ctx, "UPDATE notices SET next = ? WHERE seq = ? AND ended = 0", micros(at), id)
}

// EndNotice says that a notice has gone or never will, in one word. Its content
// is removed, and its key remembered.
func (s *Store) EndNotice(ctx context.Context, id int64, result string) error {
	return s.endNotice(ctx, "UPDATE notices SET ended = ?, result = ?, sealed = ? WHERE seq = ? AND ended = 0", micros(s.now()), result, []byte{}, id)
}

func (s *Store) endNotice(ctx context.Context, query string, args ...any) error {
	err := s.writeRows(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("notice: %w", err)
	}
	return nil
}
