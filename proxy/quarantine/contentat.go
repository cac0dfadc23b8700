package quarantine

import (
	"errors"
	"io"
	"sync"
)

// ContentAt gives random access to the content of a held message, piece by
// piece as it is kept: in clear it is never on a disk, nor all of it in memory.
// Once closed it answers with errors, so that a reading which nobody waits for
// any more comes to its end.
type ContentAt struct {
	mu      sync.Mutex
	content *Content
	at      int64
	closed  bool
}

// errClosed is why a reading is broken off.
var errClosed = errors.New("closed: nobody waits for it any more")

// At gives random access to a content, which is closed with it.
func (c *Content) At() *ContentAt { return &ContentAt{content: c} }

// Size is how many bytes it has.
func (h *ContentAt) Size() int64 { return h.content.Size() }

// ReadAt implements io.ReaderAt.
func (h *ContentAt) ReadAt(p []byte, off int64) (int, error) {
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
func (h *ContentAt) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return h.content.Close()
}
