package quarantine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The folders of a store.

func (s *Store) databasePath() string { return filepath.Join(s.dir, databaseName) }

func (s *Store) incomingDir() string { return filepath.Join(s.dir, "incoming") }

func (s *Store) contentDir() string { return filepath.Join(s.dir, "content") }

// makeFolders makes what is missing and proves that files can be written.
func (s *Store) makeFolders() error {
	d := s.opts.disk
	switch info, err := d.Lstat(s.dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := s.makeFolder(s.dir); err != nil {
			return err
		}
	case err != nil:
		return err
	case !info.IsDir() && info.Mode()&fs.ModeSymlink == 0:
		return errNotFolder
	}
	for _, path := range []string{s.incomingDir(), s.contentDir()} {
		if err := d.Mkdir(path); err != nil {
			return err
		}
	}
	if !s.shared() {
		if err := s.makeDatabaseFile(); err != nil {
			return err
		}
	}
	if err := d.SyncDir(s.dir); err != nil {
		return err
	}
	return s.probe()
}

// makeDatabaseFile makes SQLite's file, if there is none. SQLite gives its log the
// mode of the database, so the mode is set here, before anything is in it.
func (s *Store) makeDatabaseFile() error {
	f, err := s.opts.disk.Create(s.databasePath())
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// makeFolder makes a folder and those above it, each to last.
func (s *Store) makeFolder(path string) error {
	d := s.opts.disk
	parent := filepath.Dir(path)
	if _, err := d.Lstat(parent); errors.Is(err, fs.ErrNotExist) {
		if err := s.makeFolder(parent); err != nil {
			return err
		}
	}
	if err := d.Mkdir(path); err != nil {
		return err
	}
	return d.SyncDir(parent)
}

// probe writes one file, since a folder can be made long before the disk is
// remounted read-only or given to another user.
func (s *Store) probe() error {
	id, err := newID(s.opts.Random, "probe")
	if err != nil {
		return err
	}
	path := filepath.Join(s.incomingDir(), id)
	f, err := s.opts.disk.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), s.opts.disk.Remove(path))
}

var errNotFolder = errors.New("it is not a folder")

// explain adds what an operator can do.
func explain(dir string, err error) error {
	advice := "choose another data folder"
	switch {
	case errors.Is(err, fs.ErrPermission):
		advice = fmt.Sprintf("make it writable for user id %d, or choose another data folder", os.Getuid())
	case errors.Is(full(err), ErrFull):
		advice = "free some space, or choose another data folder"
	}
	return fmt.Errorf("quarantine: folder %s cannot be used: %w; %s", dir, err, advice)
}
