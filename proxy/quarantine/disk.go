package quarantine

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// disk is the file layer under the content, so that tests can fail or kill it
// at every step.
type disk interface {
	// Mkdir makes one folder with mode 0700; that it exists is no error.
	Mkdir(path string) error
	// Create makes a file with mode 0600 that did not exist.
	Create(path string) (file, error)
	Open(path string) (file, error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the entries of a folder last.
	SyncDir(path string) error
	Lstat(path string) (fs.FileInfo, error)
	ReadDir(path string) ([]fs.DirEntry, error)
	// Free tells how many bytes an unprivileged writer may still use.
	Free(path string) (uint64, error)
}

type file interface {
	io.ReadWriteSeeker
	io.ReaderAt
	io.Closer
	Sync() error
	Stat() (fs.FileInfo, error)
}

// osDisk is the disk of the machine.
type osDisk struct{}

var _ disk = osDisk{}

func (osDisk) Mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func (osDisk) Create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osDisk) Open(path string) (file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osDisk) Rename(from, to string) error               { return os.Rename(from, to) }
func (osDisk) Remove(path string) error                   { return os.Remove(path) }
func (osDisk) Lstat(path string) (fs.FileInfo, error)     { return os.Lstat(path) }
func (osDisk) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

func (osDisk) SyncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // NTFS journals its folders, and refuses to flush them
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
