package foreign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"

	"github.com/bodgit/sevenzip"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// readSevenZip reads a 7z archive with the first password that opens it.
func readSevenZip(ctx context.Context, job Job, out Output) error {
	z, err := openSevenZip(ctx, job)
	if err != nil {
		return err
	}
	for i, f := range z.File {
		if i >= job.Limits.Entries {
			return fmt.Errorf("7z: %w", document.ErrTooMany)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.FileInfo().IsDir() {
			continue
		}
		if err := sevenZipFile(ctx, f, out); err != nil {
			return err
		}
	}
	return nil
}

// openSevenZip finds the password. 7z keeps no check value for it, and content
// that is stored and not compressed decrypts to noise without an error: only
// the checksum of a file tells.
//
// A file is opened once in one Reader: the second time the library gives the
// wrong bytes of an encrypted one.
func openSevenZip(ctx context.Context, job Job) (*sevenzip.Reader, error) {
	err := checkSevenZip(ctx, job, "", probeSize)
	if err == nil || !sevenZipLocked(err) && !keyedSevenZip(job) {
		return newSevenZip(job, "") // damage shows when the files are read
	}
	for _, password := range job.Passwords {
		if checkSevenZip(ctx, job, password, math.MaxInt64) == nil {
			return newSevenZip(job, password)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("7z: %w", document.ErrEncrypted)
}

func newSevenZip(job Job, password string) (*sevenzip.Reader, error) {
	z, err := sevenzip.NewReaderWithPassword(job.Content, job.Size, password)
	if err != nil {
		return nil, sevenZipError(err)
	}
	return z, nil
}

// errUnsure: the content may be what it should or not.
var errUnsure = errors.New("not checked")

// probeSize is how much is read to learn whether an archive is encrypted at
// all, in bytes.
const probeSize = 1 << 20

// checkSevenZip reads the first file that has content, up to limit, and tells
// whether its checksum is right.
func checkSevenZip(ctx context.Context, job Job, password string, limit int64) error {
	f, r, err := firstSevenZip(job, password)
	if f == nil || err != nil {
		return err
	}
	defer r.Close() // nothing was written
	_, err = io.CopyN(io.Discard, whileAlive{ctx, checked(f, r)}, limit)
	switch {
	case err == io.EOF && f.CRC32 != 0:
		return nil
	case err == nil || err == io.EOF:
		return errUnsure
	}
	return err
}

// keyedSevenZip tells whether the first content depends on the password.
func keyedSevenZip(job Job) bool {
	return !bytes.Equal(beginSevenZip(job, ""), beginSevenZip(job, "another"))
}

// beginSevenZip returns the first bytes of the first file, as far as they can
// be read.
func beginSevenZip(job Job, password string) []byte {
	f, r, err := firstSevenZip(job, password)
	if f == nil || err != nil {
		return nil
	}
	defer r.Close() // nothing was written
	b, _ := io.ReadAll(io.LimitReader(r, 64))
	return b
}

// firstSevenZip opens the first file that has content; nil if there is none.
func firstSevenZip(job Job, password string) (*sevenzip.File, io.ReadCloser, error) {
	z, err := sevenzip.NewReaderWithPassword(job.Content, job.Size, password)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range z.File {
		if !f.FileInfo().IsDir() && f.UncompressedSize > 0 {
			r, err := f.Open()
			return f, r, err
		}
	}
	return nil, nil, nil
}

// checked compares a file with its checksum, which the library does not do.
func checked(f *sevenzip.File, r io.Reader) io.Reader {
	if f.CRC32 == 0 { // none is kept, or it is 0 by chance
		return r
	}
	return &checksum{r: r, sum: crc32.NewIEEE(), want: f.CRC32}
}

type checksum struct {
	r    io.Reader
	sum  hash.Hash32
	want uint32
}

func (c *checksum) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum.Write(p[:n])
	if err == io.EOF && c.sum.Sum32() != c.want {
		err = errChecksum
	}
	return n, err
}

// errChecksum: a file is not what was put in.
var errChecksum = errors.New("checksum does not match")

func sevenZipFile(ctx context.Context, f *sevenzip.File, out Output) error {
	r, err := f.Open()
	if err != nil {
		return out.File(ctx, f.Name, failing{sevenZipError(err)})
	}
	defer r.Close() // nothing was written
	return out.File(ctx, f.Name, explained{checked(f, r), sevenZipError})
}

// sevenZipLocked tells an error behind encryption: without a check value, a
// wrong password looks like damage.
func sevenZipLocked(err error) bool {
	var locked *sevenzip.ReadError
	return errors.As(err, &locked) && locked.Encrypted
}

func sevenZipError(err error) error {
	if sevenZipLocked(err) {
		return fmt.Errorf("7z: %w", document.ErrEncrypted)
	}
	return fmt.Errorf("7z: %w", document.ErrDamaged)
}
