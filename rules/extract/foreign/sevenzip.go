package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"

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

func openSevenZip(ctx context.Context, job Job) (*sevenzip.Reader, error) {
	sealed := false
	for _, password := range job.passwords() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		z, err := sevenzip.NewReaderWithPassword(job.Content, job.Size, password)
		if err == nil {
			err = trySevenZip(z)
		}
		if err == nil {
			return z, nil
		}
		if sealed = sealed || sevenZipLocked(err); !sealed {
			return nil, sevenZipError(err)
		}
	}
	return nil, fmt.Errorf("7z: %w", document.ErrEncrypted)
}

// trySevenZip decrypts the beginning of the first file that has content. Its
// error is of a wrong password: other damage shows when the file is read.
func trySevenZip(z *sevenzip.Reader) error {
	for _, f := range z.File {
		if f.FileInfo().IsDir() || f.UncompressedSize == 0 {
			continue
		}
		r, err := f.Open()
		if err == nil {
			_, err = io.CopyN(io.Discard, r, probeSize)
			r.Close() //nolint:errcheck // nothing was written; the read's error counts
		}
		if sevenZipLocked(err) {
			return err
		}
		return nil
	}
	return nil
}

func sevenZipFile(ctx context.Context, f *sevenzip.File, out Output) error {
	r, err := f.Open()
	if err != nil {
		return out.File(ctx, f.Name, failing{sevenZipError(err)})
	}
	defer r.Close() //nolint:errcheck // nothing was written
	return out.File(ctx, f.Name, explained{r, sevenZipError})
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
