package xmlzip

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// ratioFrom is the number of bytes from which Limits.Ratio counts.
const ratioFrom = 1 << 20

// MaxFile is the number of bytes that a compressed part may have to be handed
// out with random access, which takes it into memory.
const MaxFile = 64 << 20

type inflater interface {
	io.ReadCloser
	flate.Resetter
}

// Open returns the part's content. Errors while reading are those of package
// document, wrapped, or the context's. The reader must be closed.
func (a *Archive) Open(p *Part) (io.ReadCloser, error) {
	section, err := a.section(p)
	if err != nil {
		return nil, err
	}
	r := &partReader{a: a, p: p, src: section}
	switch p.method {
	case 0:
	case 8:
		if n := len(a.free); n > 0 {
			r.inflate, a.free = a.free[n-1], a.free[:n-1]
			if err := r.inflate.Reset(section, nil); err != nil {
				return nil, fmt.Errorf("part: %w", err)
			}
		} else {
			r.inflate = flate.NewReader(section).(inflater)
		}
		r.src = r.inflate
	default:
		return nil, fmt.Errorf("compression method %d: %w", p.method, document.ErrUnsupported)
	}
	return r, nil
}

// section returns the part's bytes as they stand in the archive.
func (a *Archive) section(p *Part) (*io.SectionReader, error) {
	if p.encrypted {
		return nil, fmt.Errorf("part of a zip with a password: %w", document.ErrEncrypted)
	}
	var h [localLen]byte
	if _, err := a.src.ReadAt(h[:], p.header); err != nil || string(h[:4]) != sigLocal {
		return nil, fmt.Errorf("zip entry has no header: %w", document.ErrDamaged)
	}
	start := p.header + localLen + int64(le.Uint16(h[26:])) + int64(le.Uint16(h[28:]))
	if start > a.size {
		return nil, fmt.Errorf("zip entry is cut off: %w", document.ErrDamaged)
	}
	return io.NewSectionReader(a.src, start, min(p.compressed, a.size-start)), nil
}

// File returns the part with random access, and its size.
func (a *Archive) File(p *Part) (io.ReaderAt, int64, error) {
	if p.method == 0 {
		section, err := a.section(p)
		if err != nil {
			return nil, 0, err
		}
		return section, section.Size(), nil
	}
	data, err := a.Bytes(p, MaxFile)
	return bytes.NewReader(data), int64(len(data)), err
}

// Bytes returns the part's content. With an error it returns what could be
// read of it; more than max bytes are document.ErrTooBig.
func (a *Archive) Bytes(p *Part, maxBytes int64) ([]byte, error) {
	r, err := a.Open(p)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if int64(len(data)) > maxBytes {
		return data[:maxBytes], fmt.Errorf("part to be held in memory: %w", document.ErrTooBig)
	}
	return data, err
}

// Spend counts bytes against the bounds over all parts: those that come out of
// parts, and those that a caller makes of them by repeating what they hold.
func (a *Archive) Spend(n int) error {
	a.spent += int64(n)
	switch {
	case a.spent > a.lim.Bytes:
		return fmt.Errorf("parts of a zip: %w", document.ErrTooBig)
	case a.spent > ratioFrom && a.spent/a.lim.Ratio > a.size:
		return fmt.Errorf("parts of a zip: %w", document.ErrRatio)
	}
	return nil
}

// partReader counts what comes out of a part against the archive's bounds.
type partReader struct {
	a       *Archive
	p       *Part
	src     io.Reader
	inflate inflater
	out     int64
}

func (r *partReader) Read(b []byte) (int, error) {
	if err := r.a.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.src.Read(b)
	r.out += int64(n)
	if err := r.a.Spend(n); err != nil {
		return 0, err
	}
	switch {
	case r.out > ratioFrom && r.out/r.a.lim.Ratio > r.p.compressed:
		return 0, fmt.Errorf("part of a zip: %w", document.ErrRatio)
	case err == nil || err == io.EOF:
		return n, err
	}
	var corrupt flate.CorruptInputError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt) {
		err = fmt.Errorf("compressed part: %w", document.ErrDamaged)
	}
	return n, err
}

// Close gives the decompressor back for the next part.
func (r *partReader) Close() error {
	if r.inflate == nil {
		return nil
	}
	r.a.free = append(r.a.free, r.inflate)
	r.inflate, r.src = nil, bytes.NewReader(nil)
	return nil
}
