// Package index owns the files of exact-match indexes and of their keys:
// mapping them into memory, writing them, and telling when they have changed.
// What is in them is rules/exact's.
//
// What is always true: an index file is written under another name, brought to
// stable storage and renamed, so that nobody reads half of one; a mapping
// lives as long as the index that uses it; a key file is made with mode 0600.
// A file that somebody cuts off in place while it is mapped makes look-ups
// fail, and does not end the process.
package index

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

// mapping is a file's bytes in memory.
type mapping struct{ data []byte }

// Open maps an index file and checks the whole of it.
func Open(name, path string, secret keyed.Secret) (*exact.Index, error) {
	m, err := open(path)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(m)
	x, err := exact.Open(m.data, exact.Config{Name: name, Secret: secret, Keep: m})
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", path, err)
	}
	scatter(m.data)
	return x, nil
}

// Info returns what an index file says of itself, for those without its key,
// and its size in bytes.
func Info(path string) (exact.Info, int64, error) {
	m, err := open(path)
	if err != nil {
		return exact.Info{}, 0, err
	}
	info, err := exact.ReadInfo(m.data)
	size := int64(len(m.data))
	runtime.KeepAlive(m)
	if err != nil {
		return info, size, fmt.Errorf("index %s: %w", path, err)
	}
	return info, size, nil
}

// open maps a file. The mapping ends when nothing refers to it.
func open(path string) (*mapping, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	defer file.Close() //nolint:errcheck // the mapping stays
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return nil, fmt.Errorf("index %s: %w", path, exact.ErrDamaged)
	}
	data, free, err := mapFile(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("index %s: map into memory: %w", path, err)
	}
	m := &mapping{data}
	runtime.AddCleanup(m, free, data)
	return m, nil
}

// Stamp tells one state of a file from another.
type Stamp struct {
	node    uint64
	size    int64
	changed time.Time
}

// StampOf returns the state of the file at path; the zero value is of one that
// cannot be looked at.
func StampOf(path string) Stamp {
	info, err := os.Stat(path)
	if err != nil {
		return Stamp{}
	}
	return Stamp{nodeOf(info), info.Size(), info.ModTime()}
}

// Write makes the file at path of what fill writes, whole or not at all: under
// another name in the same folder, brought to stable storage, renamed. A file
// that is replaced leaves its mode, a new one has mode 0600.
func Write(path string, fill func(*os.File) error) (err error) {
	mode := fs.FileMode(0o600)
	if old, err := os.Stat(path); err == nil {
		mode = old.Mode().Perm()
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			file.Close()           //nolint:errcheck // given up
			os.Remove(file.Name()) //nolint:errcheck // given up
		}
	}()
	if err = fill(file); err != nil {
		return err
	}
	if err = errors.Join(file.Chmod(mode), file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder brings a folder's names to stable storage.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync the folder: %w", err)
	}
	defer folder.Close() //nolint:errcheck // read only
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("sync the folder %s: %w", path, err)
	}
	return nil
}
