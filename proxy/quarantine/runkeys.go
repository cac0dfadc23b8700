package quarantine

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// Keys are people and recipients by their hashes, as one entry of a run's or of a
// sender's window's.
type Keys struct {
	Run, Sender string // whose they are: one of them is ""
	Number      int64  // one after the other for each of them; given when it is written
	At          time.Time
	Piece       int64 // of the sender's window
	People      []uint64
	Readers     []uint64 // recipients of the run
}

func (k *Keys) owner() string {
	if k.Run != "" {
		return "run " + k.Run
	}
	return "sender " + k.Sender
}

// putKeys writes entries. Who counts them keeps all others from their owner until
// the transaction ends, so whoever sees a number sees all before it.
func (s *Store) putKeys(ctx context.Context, tx *sql.Tx, all []Keys) error {
	var rows []any
	for _, k := range slices.SortedFunc(slices.Values(all), func(a, b Keys) int { return strings.Compare(a.owner(), b.owner()) }) {
		number, err := countKeys(ctx, tx, &k, 1)
		var before int64
		if err == nil && number == 1 {
			// An owner may have gone, and come again before its entries were removed.
			err = tx.QueryRowContext(ctx, "SELECT coalesce(max(number), 0) FROM run_keys WHERE owner = ?", k.owner()).Scan(&before)
		}
		if err == nil && before > 0 {
			number, err = countKeys(ctx, tx, &k, before)
		}
		switch {
		case errors.Is(err, sql.ErrNoRows): // a run that has become part of another, which has them too
			continue
		case err != nil:
			return fmt.Errorf("count keys: %w", err)
		}
		sealed, err := s.sealKeys(&k)
		if err != nil {
			return err
		}
		rows = append(rows, k.owner(), number, micros(k.At), sealed)
	}
	if err := insertRows(ctx, tx, "run_keys (owner, number, at, sealed)", 4, rows); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	return nil
}

// countKeys counts so many entries of an owner more, and returns how many it has.
func countKeys(ctx context.Context, tx *sql.Tx, k *Keys, more int64) (number int64, err error) {
	if k.Run != "" {
		err = tx.QueryRowContext(ctx, "UPDATE runs SET keys = keys + ? WHERE key = ? RETURNING keys", more, k.Run).Scan(&number)
		return number, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO sender_runs (sender, held, keys, last) VALUES (?, 0, ?, ?)
		ON CONFLICT (sender) DO UPDATE SET keys = sender_runs.keys + excluded.keys, last = excluded.last RETURNING keys`, k.Sender, more, micros(k.At)).Scan(&number)
	return number, err
}

// Keys gives the entries of a run or of a sender's window, as k names it, that were
// written after k's number and at its time or later.
func (s *Store) Keys(ctx context.Context, of Keys) ([]Keys, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT number, at, sealed FROM run_keys WHERE owner = ? AND number > ? AND at >= ? ORDER BY number",
		of.owner(), of.Number, micros(of.At))
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []Keys
	for rows.Next() {
		k := Keys{Run: of.Run, Sender: of.Sender}
		var at int64
		var sealed []byte
		if err := rows.Scan(&k.Number, &at, &sealed); err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		k.At = fromMicros(at)
		if err := s.openKeysOf(&k, sealed); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return all, nil
}

// keysKey is the key that an owner's entries are sealed with. It follows from the
// store's secret, which each relay has: they are to be read where they are held.
func (s *Store) keysKey(k *Keys) (seal.Key, error) {
	sum := s.keys.runs.Sum([]byte(k.owner()))
	key, err := seal.KeyOf(sum[:])
	if err != nil {
		return seal.Key{}, fmt.Errorf("keys: %w", err)
	}
	return key, nil
}

func (s *Store) sealKeys(k *Keys) ([]byte, error) {
	key, err := s.keysKey(k)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 2*8+8*(len(k.People)+len(k.Readers)))
	b = binary.BigEndian.AppendUint64(b, uint64(k.Piece))
	b = binary.BigEndian.AppendUint64(b, uint64(len(k.People)))
	for _, one := range k.People {
		b = binary.BigEndian.AppendUint64(b, one)
	}
	for _, one := range k.Readers {
		b = binary.BigEndian.AppendUint64(b, one)
	}
	return key.Seal(nil, b, k.owner()), nil
}

func (s *Store) openKeysOf(k *Keys, sealed []byte) error {
	key, err := s.keysKey(k)
	if err != nil {
		return err
	}
	b, err := key.Open(sealed, k.owner())
	if err != nil {
		return fmt.Errorf("keys: %w: %w", ErrDamaged, err)
	}
	if len(b) < 2*8 || len(b)%8 != 0 || binary.BigEndian.Uint64(b[8:]) > uint64(len(b)/8-2) {
		return fmt.Errorf("keys: %w: %d bytes are none", ErrDamaged, len(b))
	}
	k.Piece = int64(binary.BigEndian.Uint64(b))
	people := int(binary.BigEndian.Uint64(b[8:]))
	all := make([]uint64, 0, len(b)/8-2)
	for b = b[2*8:]; len(b) > 0; b = b[8:] {
		all = append(all, binary.BigEndian.Uint64(b))
	}
	k.People, k.Readers = all[:people:people], all[people:]
	return nil
}
