package bucket

import (
	"errors"
	"io"
	"sync"
)

// body is what one try to put an object sends. A connection may go on reading it
// after its request has ended, as when the store answers before it has all; end
// keeps it from reading what is given up meanwhile.
type body struct {
	mu      sync.Mutex
	content io.ReaderAt
	ended   bool
	at      int64
}

var errEnded = errors.New("the request has ended")

// ReadAt implements io.ReaderAt.
func (b *body) ReadAt(p []byte, off int64) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return 0, errEnded
	}
	return b.content.ReadAt(p, off)
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadAt(p, b.at)
	b.at += int64(n)
	return n, err
}

// Seek implements io.Seeker as far as it is asked for: from the start, or where it
// is.
func (b *body) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		b.at = offset
	}
	return b.at, nil
}

// end waits for a read that is under way.
func (b *body) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}
