package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// SweepReport is what Sweep found.
type SweepReport struct {
	Incoming int   // half-written files removed
	Orphans  int   // files that nothing refers to removed
	Packed   int   // packs written anew without what was dead in them
	Sealed   int   // messages of older stores whose content was sealed
	Freed    int64 // bytes of all
	// Missing are the ids of messages whose content is gone from the disk, or
	// has another length: somebody or something took it.
	Missing []string
}

// Sweep removes what crashes left behind, once it is older than the grace
// time, and finds messages without their content. It also writes packs anew
// that are mostly of deleted chunks, and seals content that an older store left
// plain. serve calls it at its start and from time to time; it reads every
// folder of the content, so command lines do not.
//
// It never removes the content of a message, whoever is late: see insertPack. How old
// a file is goes by the machine's clock.
func (s *Store) Sweep(ctx context.Context) (SweepReport, error) {
	var report SweepReport
	if err := s.endLapsed(ctx); err != nil {
		return report, fmt.Errorf("sweep: %w", err)
	}
	if err := s.sweepIncoming(ctx, &report); err != nil {
		return report, fmt.Errorf("sweep: %w", err)
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return report, fmt.Errorf("sweep: %w", err)
	}
	for _, letters := range shards {
		if err := s.sweepShard(ctx, letters, &report); err != nil {
			return report, fmt.Errorf("sweep: %w", err)
		}
	}
	for _, tidy := range []func(context.Context, *SweepReport) error{s.sealPlain, s.repack} {
		if err := tidy(ctx, &report); err != nil {
			return report, fmt.Errorf("sweep: %w", err)
		}
	}
	if err := s.db.forget(ctx, s.writer); err != nil {
		return report, fmt.Errorf("sweep: %w", err)
	}
	return report, nil
}

func (s *Store) sweepIncoming(ctx context.Context, report *SweepReport) error {
	files, err := s.filesIn(s.incomingDir())
	if err != nil {
		return err
	}
	for name, info := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.clock.machine().Sub(info.ModTime()) < s.opts.Grace {
			continue
		}
		err := s.opts.disk.Remove(filepath.Join(s.incomingDir(), name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was finished, or another process sweeps too
		}
		if err != nil {
			return err
		}
		report.Incoming++
		report.Freed += info.Size()
	}
	return nil
}

// shards gives the letters of the shards that there are, or should be.
func (s *Store) shards(ctx context.Context) ([]string, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT DISTINCT substr(name, 4, 2) FROM packs
		UNION SELECT DISTINCT substr(id, 4, 2) FROM messages WHERE plain = 1 AND stored = 1`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var all []string
	for rows.Next() {
		var letters string
		if err := rows.Scan(&letters); err != nil {
			return nil, err
		}
		all = append(all, letters)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	shards, err := s.packs.Shards(ctx)
	for _, shard := range shards {
		if letters := strings.ToUpper(shard); len(letters) == 2 && strings.Trim(letters, crockford) == "" {
			all = append(all, letters)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), err
}

// sweepShard compares the packs of a shard and what should be there.
func (s *Store) sweepShard(ctx context.Context, letters string, report *SweepReport) error {
	// Rows first: what is held meanwhile has a file and no row here, and is
	// looked at again; the other way round it would seem to lack its file.
	stored, err := s.storedIn(ctx, s.reader, letters)
	if err != nil {
		return err
	}
	files, err := s.packs.List(ctx, strings.ToLower(letters))
	if err != nil {
		return err
	}
	suspects := map[string]int64{}
	for name, info := range files {
		if _, ok := stored[name]; !ok && (s.clock.machine().Sub(info.Modified) >= s.opts.Grace || s.deletedMail(ctx, name)) {
			suspects[name] = info.Size
		}
	}
	var missing []string
	for name, size := range stored {
		if info, ok := files[name]; !ok || info.Size != size {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		if err := s.reportMissing(ctx, letters, missing, report); err != nil {
			return err
		}
	}
	if len(suspects) > 0 {
		return s.removeOrphans(ctx, suspects, report)
	}
	return nil
}

// deletedMail reports whether a file is that of a message whose content was
// deleted, so that its age does not matter: nobody will come to write its row.
func (s *Store) deletedMail(ctx context.Context, name string) bool {
	id, ok := strings.CutSuffix(name, mailSuffix)
	var n int
	err := s.reader.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE id = ? AND stored = 0", id).Scan(&n)
	return ok && err == nil && n > 0
}

// reportMissing asks again, since what was deleted between the two looks is
// rightly gone.
func (s *Store) reportMissing(ctx context.Context, letters string, names []string, report *SweepReport) error {
	stored, err := s.storedIn(ctx, s.reader, letters)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := stored[name]; !ok {
			continue
		}
		ids := []string{strings.TrimSuffix(name, mailSuffix)}
		if pack, ok := strings.CutSuffix(name, packSuffix); ok {
			if ids, err = s.messagesIn(ctx, pack); err != nil {
				return err
			}
		}
		report.Missing = append(report.Missing, ids...)
	}
	slices.Sort(report.Missing)
	report.Missing = slices.Compact(report.Missing)
	return nil
}

// messagesIn gives the messages that have content in a pack.
func (s *Store) messagesIn(ctx context.Context, pack string) ([]string, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT DISTINCT m.id FROM packs k JOIN chunks c ON c.pack = k.seq
		JOIN pieces p ON p.first BETWEEN c.seq - ? AND c.seq AND p.last >= c.seq
		JOIN messages m ON m.seq = p.message WHERE k.name = ?`, maxRange-1, pack)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// removeOrphans removes what nobody needs, once it is certain that nobody will.
// Another process that sweeps too may do the same: one of them counts it.
func (s *Store) removeOrphans(ctx context.Context, suspects map[string]int64, report *SweepReport) error {
	var orphans []string
	found := SweepReport{}
	err := s.write(ctx, func(tx *sql.Tx) error {
		for name, size := range suspects {
			ours, gone, err := s.sweepOrphan(ctx, tx, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if gone {
				orphans = append(orphans, name)
			}
			if ours {
				found.Orphans++
				found.Freed += size
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range orphans {
		if err := s.packs.Remove(ctx, name); err != nil {
			return err
		}
	}
	report.Orphans += found.Orphans
	report.Freed += found.Freed
	return nil
}

// sweepOrphan decides on a pack, or a mail of an older store. Of these no new
// ones come, so that a look is enough.
func (s *Store) sweepOrphan(ctx context.Context, tx *sql.Tx, name string) (ours, gone bool, err error) {
	if pack, ok := strings.CutSuffix(name, packSuffix); ok {
		return s.sweepPack(ctx, tx, pack)
	}
	id, _ := strings.CutSuffix(name, mailSuffix)
	var n int
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE id = ? AND stored = 1 AND plain = 1", id).Scan(&n)
	return n == 0, n == 0, err
}

// storedIn gives the names and sizes of the files that should be in the folder
// of two letters.
func (s *Store) storedIn(ctx context.Context, q querier, letters string) (map[string]int64, error) {
	mail, packs := messagePrefix+"-"+letters, packPrefix+"-"+letters
	rows, err := q.QueryContext(ctx, `SELECT id || ?, size FROM messages WHERE id >= ? AND id < ? AND stored = 1 AND plain = 1
		UNION ALL SELECT name || ?, bytes FROM packs WHERE name >= ? AND name < ? AND live >= 0`,
		mailSuffix, mail, mail+"~", packSuffix, packs, packs+"~")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	all := map[string]int64{}
	for rows.Next() {
		var name string
		var size int64
		if err := rows.Scan(&name, &size); err != nil {
			return nil, err
		}
		all[name] = size
	}
	return all, rows.Err()
}

// filesIn gives the plain files of a folder; there may be no such folder.
func (s *Store) filesIn(folder string) (map[string]fs.FileInfo, error) {
	entries, err := s.opts.disk.ReadDir(folder)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	files := make(map[string]fs.FileInfo, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue // it went meanwhile, or it is not ours
		}
		if err != nil {
			return nil, err
		}
		files[e.Name()] = info
	}
	return files, nil
}
