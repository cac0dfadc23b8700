package console

import (
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// heldContent gives random access to the content of a held message, piece by
// piece as it is kept: in clear it is never on a disk, nor all of it in memory.
// Once closed it answers with errors, so that a reading which nobody waits for
// any more comes to its end.
type heldContent struct {
	mu      sync.Mutex
	content *quarantine.Content
	at      int64
	closed  bool
}

// errClosed is why a reading is broken off.
var errClosed = errors.New("closed: nobody waits for it any more")

// content opens the content of a message.
func (c *console) content(r *http.Request, id string) (*heldContent, error) {
	content, err := c.cfg.Store.Content(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return &heldContent{content: content}, nil
}

func (h *heldContent) source() extract.Source {
	return extract.Source{ReaderAt: h, Size: h.content.Size()}
}

// ReadAt implements io.ReaderAt.
func (h *heldContent) ReadAt(p []byte, off int64) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return 0, errClosed
	}
	if off >= h.content.Size() {
		return 0, io.EOF
	}
	if off != h.at {
		at, err := h.content.Seek(off, io.SeekStart)
		if h.at = at; err != nil {
			return 0, err
		}
	}
	want := p[:min(int64(len(p)), h.content.Size()-off)]
	n, err := io.ReadFull(h.content, want)
	h.at += int64(n)
	if err == nil && len(want) < len(p) {
		err = io.EOF
	}
	return n, err
}

// Close implements io.Closer.
func (h *heldContent) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return h.content.Close()
}
