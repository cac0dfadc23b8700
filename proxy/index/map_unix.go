//go:build unix

package index

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// mapFile maps a file read-only, and returns what undoes it.
func mapFile(file *os.File, size int64) ([]byte, func([]byte), error) {
	data, err := unix.Mmap(int(file.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	return data, func(data []byte) {
		unix.Munmap(data) //nolint:errcheck // nothing is left to be done
	}, nil
}

// scatter tells the system that look-ups go to places all over the file, so
// that it does not read ahead.
func scatter(data []byte) {
	unix.Madvise(data, unix.MADV_RANDOM) //nolint:errcheck // advice only
}

// nodeOf returns the file's inode number.
func nodeOf(info fs.FileInfo) uint64 {
	if s, is := info.Sys().(*syscall.Stat_t); is {
		return s.Ino
	}
	return 0
}
