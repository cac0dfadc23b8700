package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
)

// Tidying that writes: packs without their dead chunks, and content that
// older stores left plain.

const (
	// repackLeast keeps small packs from being written again for little.
	repackLeast = 64 << 10
	// repackMost bounds the packs of one Sweep.
	repackMost = 100
)

// repack writes packs anew of which less than half is alive. It needs no key:
// the chunks stay sealed as they are.
func (s *Store) repack(ctx context.Context, report *SweepReport) error {
	seq := int64(0)
	for range repackMost {
		var old pack
		err := s.reader.QueryRowContext(ctx, "SELECT seq, name, bytes FROM packs WHERE bytes > ? AND live * 2 < bytes AND seq > ? ORDER BY seq LIMIT 1",
			repackLeast, seq).Scan(&seq, &old.name, &old.size)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for packs: %w", err)
		}
		freed, err := s.repackOne(ctx, seq, old)
		if errors.Is(err, ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
			continue // the report has it as missing
		}
		if err != nil {
			return fmt.Errorf("write pack %s anew: %w", old.name, err)
		}
		report.Packed++
		report.Freed += freed
	}
	return nil
}

// moved is a chunk's place in a new pack.
type moved struct{ seq, place int64 }

func (s *Store) repackOne(ctx context.Context, seq int64, old pack) (freed int64, err error) {
	parts, err := s.partsIn(ctx, seq)
	if err != nil {
		return 0, err
	}
	now, err := s.newPack(ctx)
	if err != nil {
		return 0, err
	}
	moves, err := s.copyChunks(ctx, parts, &now)
	if err == nil {
		err = s.finish(ctx, &now)
	}
	if err != nil {
		return 0, errors.Join(err, s.dropPack(ctx, &now))
	}
	var gone removal
	err = s.write(ctx, func(tx *sql.Tx) error {
		next, err := s.insertPack(ctx, tx, now)
		if err != nil {
			return err
		}
		for _, m := range moves {
			// One that was deleted meanwhile is not moved.
			_, err := tx.ExecContext(ctx, "UPDATE chunks SET pack = ?, place = ? WHERE seq = ? AND pack = ?", next, m.place, m.seq, seq)
			if err != nil {
				return err
			}
		}
		return s.removePacks(ctx, tx, &gone)
	})
	if err != nil {
		return 0, err // the commit may have been made: Sweep will tell
	}
	return old.size - now.size, s.removeFiles(ctx, gone)
}

func (s *Store) partsIn(ctx context.Context, pack int64) (all []storedPart, err error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT "+partColumns+" WHERE c.pack = ? ORDER BY c.place", pack)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		p, err := scanPart(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// copyChunks copies chunks as they are stored.
func (s *Store) copyChunks(ctx context.Context, parts []storedPart, to *pack) (moves []moved, err error) {
	r := s.newChunkReader(ctx, nil)
	for i := range parts {
		b, err := r.bytesOf(&parts[i])
		if err == nil {
			_, err = to.w.Write(b)
		}
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		moves = append(moves, moved{parts[i].seq, to.size})
		to.size += int64(len(b))
	}
	return moves, r.Close()
}

// sealPlain cuts and seals content that was held before version 2.
func (s *Store) sealPlain(ctx context.Context, report *SweepReport) error {
	for after := int64(0); ; {
		r, err := scanMessage(s.reader.QueryRowContext(ctx, "SELECT "+messageColumns+` FROM messages
			WHERE plain = 1 AND stored = 1 AND seq > ? ORDER BY seq LIMIT 1`, after).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for plain content: %w", err)
		}
		after = r.seq
		err = s.sealOne(ctx, r)
		if errors.Is(err, ErrDamaged) {
			continue // the report has it as missing
		}
		if err != nil {
			return fmt.Errorf("seal %s: %w", r.ID, err)
		}
		report.Sealed++
	}
}

func (s *Store) sealOne(ctx context.Context, r row) error {
	content, err := s.openContent(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // it was only read
	in, err := s.begin(ctx)
	if err != nil {
		return err
	}
	m := Message{}
	if err := in.receive(ctx, &m, content); err != nil {
		return errors.Join(err, in.drop(ctx))
	}
	used := false
	err = s.write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE messages SET plain = 0 WHERE seq = ? AND plain = 1 AND stored = 1", r.seq)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // somebody deleted it meanwhile
		}
		used, err = in.commit(ctx, tx, r.seq)
		return err
	})
	if err != nil {
		return err // the commit may have been made: Sweep will tell
	}
	if !used {
		err = in.drop(ctx)
	}
	return errors.Join(err, s.removeFiles(ctx, removal{[]string{r.ID + mailSuffix}}))
}
