package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Sender is who sent something that was held, by the reverse path.
type Sender struct {
	// Address is "" for the null reverse path, and where the private key is not
	// here; Sealed is then true.
	Address   string
	Sealed    bool
	Messages  int64     // held, ever
	Open      int64     // of them, those that are undecided
	Incidents int64     // that they began
	People    int64     // exposed, summed over incidents
	Last      time.Time // when the last of them came

	key     []byte // keyed hash of the address
	message int64  // row of the last
}

// SenderSort is the order of a list of senders.
type SenderSort string

// The orders.
const (
	SendersByMessages SenderSort = ""       // the most held messages first
	SendersByPeople   SenderSort = "people" // the most people first
	SendersByLast     SenderSort = "last"   // the last to send first
)

// column gives what an order is by.
func (s SenderSort) column() (string, error) {
	switch s {
	case SendersByMessages:
		return "messages", nil
	case SendersByPeople:
		return "people", nil
	case SendersByLast:
		return "last", nil
	}
	return "", fmt.Errorf("%w order %.40q; there are people and last", ErrInvalid, s)
}

// SenderQuery picks senders. Its zero value picks all.
type SenderQuery struct {
	Sort  SenderSort
	After Cursor // where the page before ended; "": the first page
	Limit int    // at most so many; 0 is 100, never more than 1000
}

// Senders gives a page of those of whom something was held, and the cursor of
// the next page, "" after the last one. It sorts all senders: 1 ms for 1,000.
func (s *Store) Senders(ctx context.Context, q SenderQuery) (page []Sender, next Cursor, err error) {
	limit := pageSize(q.Limit)
	query, args, err := senderSQL(q, limit)
	if err == nil {
		err = s.readPage(ctx, func(tx *sql.Tx) error {
			page, err = s.readSenders(ctx, tx, query, args...)
			return err
		})
	}
	if err != nil {
		return nil, "", fmt.Errorf("senders: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].cursor(q.Sort)
	}
	return page, next, nil
}

func (x *Sender) cursor(by SenderSort) Cursor {
	value := x.Messages
	switch by {
	case SendersByPeople:
		value = x.People
	case SendersByLast:
		value = micros(x.Last)
	}
	return Cursor(strconv.FormatInt(value, 36) + fmt.Sprintf(".%x", x.key))
}

const senderColumns = "sender, messages, open, incidents, people, message, last"

func senderSQL(q SenderQuery, limit int) (string, []any, error) {
	column, err := q.Sort.column()
	if err != nil {
		return "", nil, err
	}
	value, key := int64(math.MaxInt64), []byte{0xff}
	if q.After != "" {
		a, b, _ := strings.Cut(string(q.After), ".")
		v, errA := strconv.ParseUint(a, 36, 63)
		n, errB := fmt.Sscanf(b, "%x", &key)
		if errA != nil || errB != nil || n != 1 {
			return "", nil, fmt.Errorf("%w cursor %.40q", ErrInvalid, q.After)
		}
		value = int64(v)
	}
	return "SELECT " + senderColumns + " FROM senders WHERE " + column + " <= ? AND (" + column + ", sender) < (?, ?) ORDER BY " +
		column + " DESC, sender DESC LIMIT ?", []any{value, value, key, limit + 1}, nil
}

// readSenders reads rows of senders, and opens their names.
func (s *Store) readSenders(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []Sender, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var x Sender
		var last int64
		if err := rows.Scan(&x.key, &x.Messages, &x.Open, &x.Incidents, &x.People, &x.message, &last); err != nil {
			return nil, err
		}
		x.Last = fromMicros(last)
		all = append(all, x)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range all {
		x := &all[i]
		x.Address, err = s.senderOf(ctx, tx, x.message)
		if x.Sealed = errors.Is(err, ErrSealed); err != nil && !x.Sealed {
			return nil, err
		}
	}
	return all, nil
}

// senderOf opens who sent a message, which is given by its row.
func (s *Store) senderOf(ctx context.Context, tx *sql.Tx, seq int64) (string, error) {
	var id string
	var sealed []byte
	if err := tx.QueryRowContext(ctx, "SELECT id, sealed FROM messages WHERE seq = ?", seq).Scan(&id, &sealed); err != nil {
		return "", fmt.Errorf("read message %d: %w", seq, err)
	}
	rec, err := s.unsealRecord(ctx, tx, id, sealed)
	return string(rec.From), err
}

// countSender counts a message, which is in its incident already, for who sent it.
func countSender(ctx context.Context, tx *sql.Tx, seq int64, key []byte, m *Message) error {
	open, at := 0, micros(m.Received)
	if m.State.Open() {
		open = 1
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO senders (sender, messages, open, incidents, people, message, last)
		SELECT ?, 1, ?, CASE WHEN copies = 1 THEN 1 ELSE 0 END, CASE WHEN copies = 1 THEN subjects ELSE 0 END, ?, ? FROM incidents WHERE id = ?
		ON CONFLICT (sender) DO UPDATE SET messages = senders.messages + 1, open = senders.open + excluded.open,
			incidents = senders.incidents + excluded.incidents, people = senders.people + excluded.people, message = excluded.message,
			last = CASE WHEN excluded.last > senders.last THEN excluded.last ELSE senders.last END`,
		key, open, seq, at, m.Incident)
	if err != nil {
		return fmt.Errorf("count the sender: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO sender_days (day, sender, messages, people) VALUES (?, ?, 1, ?)
		ON CONFLICT (day, sender) DO UPDATE SET messages = sender_days.messages + 1,
			people = CASE WHEN excluded.people > sender_days.people THEN excluded.people ELSE sender_days.people END`, at/dayMicros, key, m.Subjects)
	if err != nil {
		return fmt.Errorf("count the sender: %w", err)
	}
	return nil
}
