// Package foreign reads the archives and data files whose parsers are not ours:
// 7z, rar, xz, lzma, lzip and Parquet. Their code was not written against hostile input, so a caller that can
// should run Read in a process of its own; proxy/worker does.
//
// What is always true: Read is pure, holds no state between calls and keeps
// the bounds of its Job; an archive's files come in their order, each as a
// stream; what could not be read is an error, of the archive or of the file
// whose stream it ends, never silence. What the libraries do inside (memory,
// loops, panics) is not bounded here.
package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Kind is a format that Read knows.
type Kind uint8

// The formats that Read knows. The numbers travel between processes of one
// binary only.
const (
	SevenZip Kind = iota + 1
	RAR
	XZ
	LZMA // the format before xz, of a file name's ending .lzma
	Parquet
	LZip
)

// Job is one archive to be read.
type Job struct {
	Kind    Kind
	Content io.ReaderAt
	Size    int64 // bytes of Content
	// Passwords are tried in order where the archive wants one.
	Passwords []string
	Limits    Limits
}

// Limits bounds a Job. Every value must be positive.
type Limits struct {
	Entries int   // files of the archive
	Window  int64 // bytes of history that a decompressor may keep, where its library can be told
}

// Output takes the files of an archive in their order.
type Output interface {
	// File takes one file, or the rows of a table where the kind is Tabular. The
	// name is as the archive has it, "" where it has none, as for xz. r is valid until File returns, need not be read to its
	// end, and its error says why the rest of the file cannot be read. An error
	// of File ends the reading and comes back from it unchanged. What File does
	// within ctx belongs to this archive: a job begun there is nested in it.
	File(ctx context.Context, name string, r io.Reader) error
}

// ErrFailed says that the parser broke down. What came before stays good.
var ErrFailed = errors.New("the parser failed")

// Read reads an archive. Its error is the output's, the context's, or wraps
// one of document's errors with a sentence that holds no value from the
// archive.
func Read(ctx context.Context, job Job, out Output) error {
	switch job.Kind {
	case SevenZip:
		return readSevenZip(ctx, job, out)
	case RAR:
		return readRAR(ctx, job, out)
	case XZ:
		return readXZ(ctx, job, out)
	case LZMA:
		return readLZMA(ctx, job, out)
	case LZip:
		return readLZip(ctx, job, out)
	case Parquet:
		return readParquet(ctx, job, out)
	}
	return fmt.Errorf("kind of archive: %w", document.ErrUnsupported)
}

// failing is a file that cannot be opened at all.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// explained turns the errors of a library into ours on the way out.
type explained struct {
	r       io.Reader
	explain func(error) error
}

func (e explained) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && err != io.EOF {
		err = e.explain(err)
	}
	return n, err
}

// whileAlive ends a stream with its context.
type whileAlive struct {
	ctx context.Context
	r   io.Reader
}

func (w whileAlive) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}
