package foreign

import (
	"bufio"

	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// readXZ reads a stream, or several in a row, as one file without a name.
func readXZ(ctx context.Context, job Job, out Output) error {
	r, err := xz.NewReader(bufio.NewReader(io.NewSectionReader(job.Content, 0, job.Size)))
	if err != nil {
		return xzError(err)
	}
	return out.File(ctx, "", explained{r, xzError})
}

// readLZMA reads a stream with the header of LZMA alone: properties, window,
// size.
func readLZMA(ctx context.Context, job Job, out Output) error {
	var h [5]byte
	if _, err := job.Content.ReadAt(h[:], 0); err != nil {
		return xzError(err)
	}
	if int64(binary.LittleEndian.Uint32(h[1:])) > job.Limits.Window {
		return fmt.Errorf("lzma window: %w", document.ErrTooBig)
	}
	r, err := lzma.NewReader(bufio.NewReader(io.NewSectionReader(job.Content, 0, job.Size)))
	if err != nil {
		return xzError(err)
	}
	return out.File(ctx, "", explained{r, xzError})
}

// readLZip reads the members of an lzip file (its manual,
// "File format"), each of which is LZMA with a header of its own.
func readLZip(ctx context.Context, job Job, out Output) error {
	return out.File(ctx, "", explained{&lzipReader{br: bufio.NewReader(io.NewSectionReader(job.Content, 0, job.Size)), most: job.Limits.Window}, lzipError})
}

// lzipReader gives the content of one member after another.
type lzipReader struct {
	br   *bufio.Reader
	most int64 // bytes of history
	r    io.Reader
}

// lzipTrailer is what stands behind a member: a checksum and two sizes.
const lzipTrailer = 20

func (l *lzipReader) Read(p []byte) (int, error) {
	for {
		if l.r == nil {
			if err := l.member(); err != nil {
				return 0, err
			}
		}
		n, err := l.r.Read(p)
		if err != io.EOF {
			return n, err
		}
		l.r = nil
		if _, err := l.br.Discard(lzipTrailer); err != nil {
			return n, errLZip
		}
		if n > 0 {
			return n, nil
		}
	}
}

// member reads the header of the next member: its window is coded as a power
// of two less some sixteenths.
func (l *lzipReader) member() error {
	var h [6]byte
	if _, err := io.ReadFull(l.br, h[:]); err != nil || string(h[:5]) != "LZIP\x01" {
		if err == io.EOF {
			return io.EOF
		}
		return errLZip
	}
	bits := h[5] & 0x1f
	if bits < 12 || bits > 29 {
		return errLZip
	}
	window := int64(1)<<bits - int64(1)<<bits/16*int64(h[5]>>5)
	if window > l.most {
		return fmt.Errorf("lzip window: %w", document.ErrTooBig)
	}
	header := binary.LittleEndian.AppendUint32([]byte{0x5d}, uint32(window))
	header = append(header, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // the stream marks its end
	r, err := lzma.NewReader(&headed{header, l.br})
	if err != nil {
		return err // there is no reader then
	}
	l.r = r
	return nil
}

// headed is a header and the stream behind it. Being an io.ByteReader it is
// not read further than needed.
type headed struct {
	header []byte
	br     *bufio.Reader
}

func (h *headed) Read(p []byte) (int, error) {
	if len(h.header) == 0 {
		return h.br.Read(p)
	}
	n := copy(p, h.header)
	h.header = h.header[n:]
	return n, nil
}

func (h *headed) ReadByte() (byte, error) {
	if len(h.header) == 0 {
		return h.br.ReadByte()
	}
	b := h.header[0]
	h.header = h.header[1:]
	return b, nil
}

var errLZip = fmt.Errorf("lzip: %w", document.ErrDamaged)

func lzipError(err error) error {
	if errors.Is(err, document.ErrTooBig) {
		return err
	}
	return errLZip
}

// xzError drops the library's sentence, since its errors have no kinds.
func xzError(error) error { return fmt.Errorf("xz: %w", document.ErrDamaged) }
