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
	Orphans  int   // content without a message removed
	Freed    int64 // bytes of both
	// Missing are the ids of messages whose content is gone from the disk, or
	// has another length: somebody or something took it.
	Missing []string
}

// Sweep removes what crashes left behind, once it is older than the grace
// time, and finds messages without their content. serve calls it at its start
// and from time to time; it reads every folder of the content, so command
// lines do not.
//
// It never removes the content of a message: it looks again under the write
// lock, which Hold too has when it makes sure that its file is there.
func (s *Store) Sweep(ctx context.Context) (SweepReport, error) {
	var report SweepReport
	if err := s.endLapsed(ctx); err != nil {
		return report, fmt.Errorf("sweep: %w", err)
	}
	if err := s.sweepIncoming(ctx, &report); err != nil {
		return report, fmt.Errorf("sweep: %w", err)
	}
	for _, a := range crockford {
		for _, b := range crockford {
			if err := s.sweepShard(ctx, string(a)+string(b), &report); err != nil {
				return report, fmt.Errorf("sweep: %w", err)
			}
		}
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
		if s.now().Sub(info.ModTime()) < s.opts.Grace {
			continue
		}
		if err := s.opts.disk.Remove(filepath.Join(s.incomingDir(), name)); err != nil {
			return err
		}
		report.Incoming++
		report.Freed += info.Size()
	}
	return nil
}

// sweepShard compares the files and the rows of the ids that begin with two
// given letters.
func (s *Store) sweepShard(ctx context.Context, letters string, report *SweepReport) error {
	folder := filepath.Join(s.contentDir(), strings.ToLower(letters))
	// Rows first: a message held meanwhile has a file and no row here, and is
	// looked at again; the other way round it would seem to lack its file.
	rows, err := s.rowsIn(ctx, s.reader, letters)
	if err != nil {
		return err
	}
	files, err := s.filesIn(folder)
	if err != nil {
		return err
	}
	var suspects []string
	for name, info := range files {
		id := strings.TrimSuffix(name, contentSuffix)
		if row, ok := rows[id]; ok && row.stored {
			continue
		} else if ok || s.now().Sub(info.ModTime()) >= s.opts.Grace {
			suspects = append(suspects, name)
		}
	}
	var missing []string
	for id, row := range rows {
		info, ok := files[id+contentSuffix]
		if row.stored && (!ok || info.Size() != row.size) {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		if err := s.reportMissing(ctx, letters, missing, report); err != nil {
			return err
		}
	}
	if len(suspects) > 0 {
		return s.removeOrphans(ctx, letters, suspects, report)
	}
	return nil
}

// reportMissing asks again, since a message deleted between the two looks
// lacks its file rightly.
func (s *Store) reportMissing(ctx context.Context, letters string, ids []string, report *SweepReport) error {
	rows, err := s.rowsIn(ctx, s.reader, letters)
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for _, id := range ids {
		if rows[id].stored {
			report.Missing = append(report.Missing, id)
		}
	}
	return nil
}

func (s *Store) removeOrphans(ctx context.Context, letters string, suspects []string, report *SweepReport) error {
	folder := filepath.Join(s.contentDir(), strings.ToLower(letters))
	return s.write(ctx, func(tx *sql.Tx) error {
		rows, err := s.rowsIn(ctx, tx, letters)
		if err != nil {
			return err
		}
		for _, name := range suspects {
			if rows[strings.TrimSuffix(name, contentSuffix)].stored {
				continue
			}
			path := filepath.Join(folder, name)
			info, err := s.opts.disk.Lstat(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				err = s.opts.disk.Remove(path)
			}
			if err != nil {
				return err
			}
			report.Orphans++
			report.Freed += info.Size()
		}
		return s.opts.disk.SyncDir(folder)
	})
}

type storedRow struct {
	stored bool
	size   int64
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *Store) rowsIn(ctx context.Context, q querier, letters string) (map[string]storedRow, error) {
	prefix := messagePrefix + "-" + letters
	rows, err := q.QueryContext(ctx, "SELECT id, stored, size FROM messages WHERE id >= ? AND id < ?", prefix, prefix+"~")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	all := map[string]storedRow{}
	for rows.Next() {
		var id string
		var r storedRow
		if err := rows.Scan(&id, &r.stored, &r.size); err != nil {
			return nil, err
		}
		all[id] = r
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
