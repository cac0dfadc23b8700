package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

const (
	packPrefix = "PK"
	packSuffix = ".pack"
	mailSuffix = ".eml" // content of stores before version 2
)

// pack is sealed chunks, one behind the other, written once: the new chunks of
// one message. Which bytes are whose, only the database knows.
type pack struct {
	name string
	w    packs.Writer // nil: it was not written here
	size int64
}

func (s *Store) mailPath(id string) string {
	return filepath.Join(s.contentDir(), packs.Shard(id), id+mailSuffix)
}

// newPack begins a pack under a name that is not in use. The name is reserved
// before the look for its row, so two never share one.
func (s *Store) newPack(ctx context.Context) (pack, error) {
	const tries = 10 // a collision at a million packs is one in a million
	for range tries {
		name, err := newID(s.opts.Random, packPrefix)
		if err != nil {
			return pack{}, err
		}
		w, err := s.packs.Create(ctx, name+packSuffix)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return pack{}, err
		}
		var n int
		err = s.reader.QueryRowContext(ctx, "SELECT count(*) FROM packs WHERE name = ?", name).Scan(&n)
		if err == nil && n == 0 {
			return pack{name: name, w: w}, nil
		}
		if err := errors.Join(err, w.Abort(ctx)); err != nil {
			return pack{}, fmt.Errorf("reserve a pack: %w", err)
		}
	}
	return pack{}, fmt.Errorf("no unused name of a pack in %d tries", tries)
}

// finish brings a pack to stable storage, and keeps the reserve.
func (s *Store) finish(ctx context.Context, p *pack) error {
	if err := p.w.Finish(ctx); err != nil {
		return err
	}
	return s.checkSpace()
}

// dropTime is how long removing what is not needed may take, whatever has become
// of the context of its message.
const dropTime = 10 * time.Second

// dropPack removes a pack that is not needed, wherever it is.
func (s *Store) dropPack(ctx context.Context, p *pack) error {
	if p.w == nil {
		return nil
	}
	w := p.w
	*p = pack{}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), dropTime)
	defer stop()
	return w.Abort(ctx)
}

// Packs and their rows.
//
// A pack is finished before its row is committed, and its row goes before it
// does, so a pack without a row is either about to get one or nobody's. Sweep
// takes it for nobody's once it is older than the grace time. That alone would
// not do: a relay that slept, as a suspended machine does, may still come to
// commit its row. So Sweep first writes a row in its place, with live below 0,
// and removes the pack only once that is committed. Names are unique: of the two
// rows the second is refused. Either Sweep finds the relay's row and lets the
// pack be, or the relay finds Sweep's and does not acknowledge its message. No
// clock decides, and nobody waits for a disk or a network with the write lock.

// insertPack writes the row of a pack, unless Sweep was here before, or others would
// not find it.
func (s *Store) insertPack(ctx context.Context, tx *sql.Tx, p pack) (seq int64, err error) {
	if err := s.notePlace(ctx, tx); err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, "INSERT INTO packs (name, bytes) VALUES (?, ?) ON CONFLICT (name) DO NOTHING RETURNING seq", p.name, p.size).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("pack %s went away: %w", p.name, ErrDamaged)
	}
	if err != nil {
		return 0, fmt.Errorf("insert pack: %w", err)
	}
	return seq, nil
}

// sweepPack writes the row that keeps a pack without one from ever getting it.
// ours tells whether nobody did before, and gone whether the pack may be removed.
func (s *Store) sweepPack(ctx context.Context, tx *sql.Tx, name string) (ours, gone bool, err error) {
	var live int64
	err = tx.QueryRowContext(ctx, "SELECT live FROM packs WHERE name = ?", name).Scan(&live)
	if err == nil {
		return false, live < 0, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return false, false, err
	}
	// The time, for people who look: the row stays for good, since there is no
	// telling how long a relay sleeps. Only what crashes left has one.
	res, err := tx.ExecContext(ctx, "INSERT INTO packs (name, bytes, live) VALUES (?, 0, ?) ON CONFLICT (name) DO NOTHING", name, -s.now().Unix())
	if err != nil {
		return false, false, err
	}
	n, err := res.RowsAffected()
	return n > 0, n > 0, err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
