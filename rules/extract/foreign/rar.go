package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/nwaples/rardecode/v2"
)

// readRAR reads a RAR archive, up to the first file that wants a password
// without one, from there with the first password that opens it. A password is
// tried on the archive from its start.
func readRAR(ctx context.Context, job Job, out Output) error {
	a := &rarArchive{job: job, out: out}
	if !rarSealed(job.Content) {
		if err := a.files(ctx, "", true); !errors.Is(err, errLocked) {
			return err
		}
	}
	for _, password := range job.Passwords {
		if err := a.try(ctx, password); err != nil {
			continue
		}
		return a.files(ctx, password, false)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	locked := fmt.Errorf("rar: %w", document.ErrEncrypted)
	if err := a.files(ctx, "", false); err != nil && a.given > 0 {
		return errors.Join(locked, err)
	}
	return locked
}

// rarArchive is the reading of one archive, in several passes.
type rarArchive struct {
	job   Job
	out   Output
	given int // files that the output has had
}

func (a *rarArchive) open(password string) (*rardecode.Reader, error) {
	opts := []rardecode.Option{rardecode.MaxDictionarySize(a.job.Limits.Window)}
	if password != "" {
		opts = append(opts, rardecode.Password(password))
	}
	return rardecode.NewReader(io.NewSectionReader(a.job.Content, 0, a.job.Size), opts...)
}

// try decrypts the first encrypted file to its end: RAR 4 keeps no check value
// for the password, so only the file's checksum tells.
func (a *rarArchive) try(ctx context.Context, password string) error {
	r, err := a.open(password)
	if err != nil {
		return err
	}
	for range a.job.Limits.Entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := r.Next()
		if err != nil {
			return err
		}
		if h.IsDir || !h.Encrypted {
			continue
		}
		_, err = io.Copy(io.Discard, whileAlive{ctx, r})
		return err
	}
	return rardecode.ErrBadPassword
}

// files gives the files that were not given yet, in order. Without a password
// it leaves encrypted ones out, or stops at the first.
func (a *rarArchive) files(ctx context.Context, password string, stop bool) error {
	r, err := a.open(password)
	if err != nil {
		return rarError(err)
	}
	for i := 0; ; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return rarError(err)
		}
		if i >= a.job.Limits.Entries {
			return fmt.Errorf("rar: %w", document.ErrTooMany)
		}
		if h.Encrypted && password == "" {
			if stop {
				return errLocked
			}
			continue
		}
		if i < a.given || h.IsDir {
			continue
		}
		a.given = i + 1
		if err := a.out.File(ctx, h.Name, explained{r, rarError}); err != nil {
			return err
		}
	}
}

// errLocked: a password is needed from here on. With the archive's own headers
// it comes from rarError.
var errLocked = errors.New("locked")

// rarSealed tells an archive whose headers are encrypted: in RAR 5 its first
// header is of type 4, in RAR 4 the main header has a flag.
func rarSealed(at io.ReaderAt) bool {
	var b [16]byte
	_, _ = at.ReadAt(b[:], 0) // a short archive leaves zeros, which seal nothing
	if string(b[:8]) == "Rar!\x1a\x07\x01\x00" {
		return b[12] < 0x80 && b[13] == 4 // after a checksum and a size of one byte
	}
	return b[9] == 0x73 && b[10]&0x80 != 0
}

func rarError(err error) error {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted), errors.Is(err, rardecode.ErrArchivedFileEncrypted),
		errors.Is(err, rardecode.ErrBadPassword):
		return fmt.Errorf("rar: %w: %w", errLocked, document.ErrEncrypted)
	case errors.Is(err, rardecode.ErrDictionaryTooLarge):
		return fmt.Errorf("rar window: %w", document.ErrTooBig)
	case errors.Is(err, rardecode.ErrMultiVolume), errors.Is(err, rardecode.ErrUnknownVersion),
		errors.Is(err, rardecode.ErrUnknownDecoder), errors.Is(err, rardecode.ErrUnsupportedDecoder):
		return fmt.Errorf("rar variant: %w", document.ErrUnsupported)
	}
	return fmt.Errorf("rar: %w", document.ErrDamaged)
}
