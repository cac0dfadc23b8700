// Package packs owns where the packs of a quarantine lie: files of sealed
// chunks, written once, read in pieces and removed whole. [Folder] keeps them
// on this machine's disk; package bucket keeps them in an S3-compatible store.
//
// What every [Store] promises:
//
//   - A pack that Finish has said yes to survives a power cut of whatever keeps
//     it. Before that nobody but its writer can see any of it.
//   - A pack is never written over: who comes second with a name gets
//     [fs.ErrExist].
//   - Removing is for good, and removing what is not there is no error.
//   - What is read may have been changed by whoever can write there: readers
//     check it by its seal.
//
// A store knows nothing of messages. Which pack is needed, and which bytes of it
// are whose, only the database says.
package packs

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// Store keeps packs. Its methods may be called at once, and by several
// processes. Errors say where, and what can be done, and never hold a secret.
type Store interface {
	// Where tells the place from others, for people and for good: see [Folder.Where].
	Where() string
	// Create begins a pack. A name that is in use is fs.ErrExist, here or from
	// Finish.
	Create(ctx context.Context, name string) (Writer, error)
	// Open opens a pack for reading. One that is not there is fs.ErrNotExist,
	// here or from the first read.
	Open(ctx context.Context, name string) (Reader, error)
	// Remove removes a pack.
	Remove(ctx context.Context, name string) error
	// Shards gives the shards that there are packs in, and perhaps others.
	Shards(ctx context.Context) ([]string, error)
	// List gives the packs of a shard, by their names.
	List(ctx context.Context, shard string) (map[string]Info, error)
}

// ErrFull says that there is no room for a pack.
var ErrFull = errors.New("no room left")

// Writer writes one pack. It is ended by Finish or Abort.
type Writer interface {
	io.Writer
	// ReaderAt reads what was written, before Finish only.
	io.ReaderAt
	// Finish returns once the pack is there to last.
	Finish(ctx context.Context) error
	// Abort removes what was written, finished or not.
	Abort(ctx context.Context) error
}

// Reader reads one pack.
type Reader interface {
	// ReadAt fills p from an offset. Where the pack ends before, the error is
	// io.EOF or io.ErrUnexpectedEOF.
	ReadAt(ctx context.Context, p []byte, off int64) (int, error)
	io.Closer
}

// Info is what is known of a pack without reading it.
type Info struct {
	Size     int64     // bytes
	Modified time.Time // by the clock of what keeps it
}

// Shard names the one in 1024 that a pack belongs to: the first two random
// letters of its name, in lower case.
func Shard(name string) string { return strings.ToLower(name[3:5]) }

// Belongs reports whether a name is that of a pack of a shard.
func Belongs(name, shard string) bool { return len(name) > 5 && Shard(name) == shard }
