package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

const (
	packPrefix = "PK"
	packSuffix = ".pack"
	mailSuffix = ".eml" // content of stores before version 2
)

// pack is a file of sealed chunks, one behind the other, written once: the new
// chunks of one message. Which bytes are whose, only the database knows.
type pack struct {
	name  string
	file  file // while it is written
	final bool // it is in its place
	size  int64
}

func (s *Store) incomingPath(name string) string {
	return filepath.Join(s.incomingDir(), name+packSuffix)
}

func (s *Store) packPath(name string) string {
	return filepath.Join(s.contentDir(), shard(name), name+packSuffix)
}

func (s *Store) mailPath(id string) string {
	return filepath.Join(s.contentDir(), shard(id), id+mailSuffix)
}

// newPack finds a name that is not in use and creates its file. The file is
// made before the two looks, and only one process can make it, so two never
// share a name, and no pack is ever renamed over another.
func (s *Store) newPack(ctx context.Context) (pack, error) {
	const tries = 10 // a collision at a million packs is one in a million
	for range tries {
		name, err := newID(s.opts.Random, packPrefix)
		if err != nil {
			return pack{}, err
		}
		f, err := s.opts.disk.Create(s.incomingPath(name))
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return pack{}, err
		}
		used, err := s.packUsed(ctx, name)
		if err == nil && !used {
			return pack{name: name, file: f}, nil
		}
		err = errors.Join(err, f.Close(), s.opts.disk.Remove(s.incomingPath(name)))
		if err != nil {
			return pack{}, fmt.Errorf("reserve a pack: %w", err)
		}
	}
	return pack{}, fmt.Errorf("no unused name of a pack in %d tries", tries)
}

func (s *Store) packUsed(ctx context.Context, name string) (bool, error) {
	if _, err := s.opts.disk.Lstat(s.packPath(name)); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	var n int
	err := s.reader.QueryRowContext(ctx, "SELECT count(*) FROM packs WHERE name = ?", name).Scan(&n)
	return n > 0, err
}

// finish brings a pack to stable storage: its bytes, then its name.
func (s *Store) finish(p *pack) error {
	f := p.file
	p.file = nil
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = s.checkSpace()
	}
	if err != nil {
		return err
	}
	return s.place(p)
}

// place moves a pack from incoming to its folder, and makes that last.
func (s *Store) place(p *pack) error {
	d := s.opts.disk
	final := s.packPath(p.name)
	folder := filepath.Dir(final)
	if _, err := d.Lstat(folder); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := d.Mkdir(folder); err != nil {
			return err
		}
	}
	if err := d.Rename(s.incomingPath(p.name), final); err != nil {
		return err
	}
	p.final = true
	// The parent too, always: another process may have made the folder a
	// moment ago and not have synced it yet.
	return errors.Join(d.SyncDir(folder), d.SyncDir(s.contentDir()))
}

// dropPack removes a pack that is not needed, wherever it is.
func (s *Store) dropPack(p *pack) error {
	if p.name == "" {
		return nil
	}
	var err error
	if p.file != nil {
		err = p.file.Close()
		p.file = nil
	}
	path := s.incomingPath(p.name)
	if p.final {
		path = s.packPath(p.name)
	}
	return errors.Join(err, ignoreMissing(s.opts.disk.Remove(path)))
}

// checkPack makes sure, under the write lock, that a pack is there: Sweep
// removes files under the same lock, and a relay that slept longer than the
// grace time must not acknowledge what is gone.
func (s *Store) checkPack(p pack) error {
	if info, err := s.opts.disk.Lstat(s.packPath(p.name)); err != nil || info.Size() != p.size {
		return fmt.Errorf("pack %s went away: %w", p.name, errors.Join(ErrDamaged, err))
	}
	return nil
}

func insertPack(ctx context.Context, tx *sql.Tx, p pack) (int64, error) {
	var seq int64
	if err := tx.QueryRowContext(ctx, "INSERT INTO packs (name, bytes) VALUES (?, ?) RETURNING seq", p.name, p.size).Scan(&seq); err != nil {
		return 0, fmt.Errorf("insert pack: %w", err)
	}
	return seq, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
