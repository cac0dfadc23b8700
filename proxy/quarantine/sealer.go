package quarantine

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// How the store seals what names people. Whoever adds a table with an address,
// a subject line or a user's name in it does as Hold does:
//
//	k, err := s.writeKey(ctx)                         // before the transaction
//	err = s.write(ctx, func(tx *sql.Tx) error {
//		sealed := k.seal(plain, "delivery 17")    // one record for all that names people
//		… INSERT … VALUES (…, sealed, s.hashAddress(address)) …
//	})
//
//	plain, err := s.unseal(ctx, tx, sealed, "delivery 17") // ErrSealed without the private key
//
// The last argument names the row, so that a record that is put in another's
// place does not open. Sealing costs microseconds and 45 bytes; unsealing the
// same, and 0.2 ms for each key that was not met before. What must be found
// without the private key gets a column with hashAddress or hashDomain beside
// it: equality is all that they give away.

const (
	// keyAge and keySeals bound what one key seals. Until then the relay
	// could read again what it has just written; afterwards nobody can but
	// who has the private key.
	keyAge   = 15 * time.Minute
	keySeals = 100_000

	// openedKeys bounds how many unwrapped keys are remembered.
	openedKeys = 1000

	sealedVersion = 1
)

// writeKey is a key to seal with, and its row in keys.
type writeKey struct {
	key   seal.Key
	seq   int64
	codec codec
}

// sealer keeps the keys in use. Its zero value is ready.
type sealer struct {
	mu     sync.Mutex
	now    writeKey
	born   time.Time
	left   int // seals
	opened map[int64]seal.Key
}

// writeKey gives the key in use, or makes one, with a transaction of its own.
// It must not be called within another, which would wait for itself.
func (s *Store) writeKey(ctx context.Context) (writeKey, error) {
	if k, ok := s.sealer.current(s.now()); ok {
		return k, nil
	}
	var k writeKey
	err := s.writeRows(ctx, func(tx *sql.Tx) (err error) {
		k, err = s.newKeyIn(ctx, tx)
		return err
	})
	if err != nil {
		return writeKey{}, fmt.Errorf("make a key: %w", err)
	}
	s.sealer.use(k, s.now())
	return k, nil
}

func (s *Store) newKeyIn(ctx context.Context, tx *sql.Tx) (writeKey, error) {
	key, wrapped, err := seal.NewKey(s.keys.recipient)
	if err != nil {
		return writeKey{}, err
	}
	var seq int64
	err = tx.QueryRowContext(ctx, "INSERT INTO keys (wrapped, made) VALUES (?, ?) RETURNING seq", wrapped, micros(s.now())).Scan(&seq)
	return writeKey{key, seq, s.codec}, err
}

func (s *sealer) current(now time.Time) (writeKey, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := now.Sub(s.born)
	if s.left == 0 || age < 0 || age >= keyAge {
		return writeKey{}, false
	}
	s.left--
	return s.now, true
}

func (s *sealer) use(k writeKey, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.born, s.left = k, now, keySeals
}

// seal gives the sealed form of plain, which it compresses first.
func (k writeKey) seal(plain []byte, what string) []byte {
	const small = 1 << 10 // as nearly all are: room for them is made once
	packed := k.codec.compress(make([]byte, 0, min(len(plain), small)+codecRoom), plain)
	sealed := make([]byte, 0, 1+binary.MaxVarintLen64+len(packed)+seal.Overhead)
	sealed = binary.AppendUvarint(append(sealed, sealedVersion), uint64(k.seq))
	return k.key.Seal(sealed, packed, what)
}

// unseal opens what seal sealed, or gives ErrSealed without the private key.
func (s *Store) unseal(ctx context.Context, q querier, sealed []byte, what string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealedVersion {
		return nil, fmt.Errorf("%s: %w: unknown form of a sealed record", what, ErrDamaged)
	}
	seq, n := binary.Uvarint(sealed[1:])
	if n <= 0 {
		return nil, fmt.Errorf("%s: %w: unknown form of a sealed record", what, ErrDamaged)
	}
	key, err := s.unwrap(ctx, q, int64(seq))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	packed, err := key.Open(sealed[1+n:], what)
	if err != nil {
		return nil, errors.Join(ErrDamaged, err)
	}
	plain, err := s.codec.decompress(nil, packed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", what, ErrDamaged, err)
	}
	return plain, nil
}

// unwrap gives the key of a row of keys.
func (s *Store) unwrap(ctx context.Context, q querier, seq int64) (seal.Key, error) {
	if s.keys.identity.None() {
		return seal.Key{}, fmt.Errorf("%w: %s is not there; name the private key's file as quarantine.identity or with --identity", ErrSealed, s.keys.path)
	}
	s.sealer.mu.Lock()
	key, ok := s.sealer.opened[seq]
	s.sealer.mu.Unlock()
	if ok {
		return key, nil
	}
	var wrapped []byte
	if err := q.QueryRowContext(ctx, "SELECT wrapped FROM keys WHERE seq = ?", seq).Scan(&wrapped); err != nil {
		return seal.Key{}, fmt.Errorf("read key %d: %w", seq, err)
	}
	key, err := s.keys.identity.Unwrap(wrapped)
	if errors.Is(err, seal.ErrWrongIdentity) {
		return seal.Key{}, fmt.Errorf("%w: %s: %w; add the one that was in use then to the file", ErrSealed, s.keys.path, err)
	}
	if err != nil {
		return seal.Key{}, fmt.Errorf("key %d: %w", seq, errors.Join(ErrDamaged, err))
	}
	s.sealer.mu.Lock()
	defer s.sealer.mu.Unlock()
	if s.sealer.opened == nil || len(s.sealer.opened) >= openedKeys {
		s.sealer.opened = map[int64]seal.Key{}
	}
	s.sealer.opened[seq] = key
	return key, nil
}
