package foreign

import (
	"bufio"
	"context"
	"encoding/binary"
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

// xzError drops the library's sentence, since its errors have no kinds.
func xzError(error) error { return fmt.Errorf("xz: %w", document.ErrDamaged) }
