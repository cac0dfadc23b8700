package proxy

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// spool keeps one message as it was received: in memory up to a bound, then in
// a file that is removed from its folder as soon as it is open, so that a
// crash leaves nothing behind. It is written once, then read at will, and
// freed by the session that made it.
type spool struct {
	dir    string
	memory int
	head   []byte
	file   *os.File
	size   int64
}

// newSpool makes an empty spool that keeps up to memory bytes in memory and
// the rest in a file in dir.
func newSpool(dir string, memory int) *spool {
	return &spool{dir: dir, memory: memory}
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && len(s.head)+len(p) <= s.memory {
		s.head = append(s.head, p...)
		s.size += int64(len(p))
		return len(p), nil
	}
	if s.file == nil {
		file, err := openUnlinked(s.dir)
		if err != nil {
			return 0, fmt.Errorf("spool: %w", err)
		}
		s.file = file
		if _, err := s.file.Write(s.head); err != nil {
			return 0, fmt.Errorf("spool: %w", err)
		}
		s.head = nil
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	if err != nil {
		return n, fmt.Errorf("spool: %w", err)
	}
	return n, nil
}

// ReadAt implements io.ReaderAt.
func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	if off >= int64(len(s.head)) {
		return 0, io.EOF
	}
	n := copy(p, s.head[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close frees the spool. An inspection that was left behind at its deadline may
// still read what is in memory.
func (s *spool) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// openUnlinked opens a new file without a name: mode 0600, removed from the
// folder at once.
func openUnlinked(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "spool-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
