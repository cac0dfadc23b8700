package foreign

import (
	"context"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/ulikunitz/xz"
)

// readXZ reads a stream, or several in a row, as one file without a name.
func readXZ(ctx context.Context, job Job, out Output) error {
	r, err := xz.NewReader(io.NewSectionReader(job.Content, 0, job.Size))
	if err != nil {
		return xzError(err)
	}
	return out.File(ctx, "", explained{r, xzError})
}

// xzError drops the library's sentence, since its errors have no kinds.
func xzError(error) error { return fmt.Errorf("xz: %w", document.ErrDamaged) }
