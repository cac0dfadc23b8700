package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// chunkID is the keyed hash of a chunk's plain bytes.
type chunkID [seal.SumSize]byte

// sealedAs names a chunk's key.
func (id chunkID) sealedAs() string { return "chunk " + string(id[:]) }

// knownMost bounds the remembered chunks: some 5 MB, and half a gigabyte of
// content.
const knownMost = 1 << 16

// known remembers which chunks the store has, since the copies of a run ask
// for the same hundreds again. Rows are never numbered twice, so what it says
// is right or, where a chunk was deleted, found out by the commit.
type known struct {
	mu      sync.Mutex
	rows    map[chunkID]int64
	removed int64 // chunks that had been deleted when it was right
}

// refresh forgets everything if a chunk was deleted, by whichever process. It
// gives how many have been.
func (k *known) refresh(ctx context.Context, q querier) (removed int64, err error) {
	if err := q.QueryRowContext(ctx, "SELECT removed FROM volume").Scan(&removed); err != nil {
		return 0, fmt.Errorf("read volume: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rows == nil || removed != k.removed {
		k.rows, k.removed = map[chunkID]int64{}, removed
	}
	return removed, nil
}

// find gives a chunk's row, 0 if the store does not have it.
func (k *known) find(ctx context.Context, q querier, id chunkID) (int64, error) {
	k.mu.Lock()
	seq, ok := k.rows[id]
	k.mu.Unlock()
	if ok {
		return seq, nil
	}
	err := q.QueryRowContext(ctx, "SELECT seq FROM chunks WHERE id = ?", id[:]).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for a chunk: %w", err)
	}
	return seq, nil
}

// add remembers chunks that are committed, unless some were deleted since
// refresh gave removed: they may be these.
func (k *known) add(parts []part, removed int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if removed != k.removed {
		return
	}
	for _, p := range parts {
		if len(k.rows) >= knownMost {
			clear(k.rows)
		}
		k.rows[p.id] = p.seq
	}
}
