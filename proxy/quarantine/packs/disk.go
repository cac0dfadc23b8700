package packs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// Disk is the file layer under a store's folder, so that tests can fail or kill
// it at every step.
type Disk interface {
	// Mkdir makes one folder with mode 0700; that it exists is no error.
	Mkdir(path string) error
	// Create makes a file with mode 0600 that did not exist.
	Create(path string) (File, error)
	Open(path string) (File, error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the entries of a folder last.
	SyncDir(path string) error
	Lstat(path string) (fs.FileInfo, error)
	ReadDir(path string) ([]fs.DirEntry, error)
	// Free tells how many bytes an unprivileged writer may still use.
	Free(path string) (uint64, error)
}

// File is an open file of a [Disk].
type File interface {
	io.ReadWriteSeeker
	io.ReaderAt
	io.Closer
	Sync() error
	Stat() (fs.FileInfo, error)
}

// Machine is the disk of this machine.
type Machine struct{}

var _ Disk = Machine{}

// Mkdir implements [Disk].
func (Machine) Mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Create implements [Disk].
func (Machine) Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Open implements [Disk].
func (Machine) Open(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Rename implements [Disk].
func (Machine) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements [Disk].
func (Machine) Remove(path string) error { return os.Remove(path) }

// Lstat implements [Disk].
func (Machine) Lstat(path string) (fs.FileInfo, error) { return os.Lstat(path) }

// ReadDir implements [Disk].
func (Machine) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

// SyncDir implements [Disk].
func (Machine) SyncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // NTFS journals its folders, and refuses to flush them
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
