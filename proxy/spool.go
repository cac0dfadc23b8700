package proxy

import (
	"fmt"
	"io"
	"os"

	"github.com/bulkhead-dlp/bulkhead/proxy/tempfile"
)

// spool keeps one message as it was received: in memory up to a bound, then in
// a file that is removed from its folder as soon as it is open, so that a
// crash leaves nothing behind. It is written once, by ReadFrom, then read at
// will, and freed by the session that made it.
type spool struct {
	dir    string
	memory int
	head   []byte // all of it, or what the file does not have yet
	file   *os.File
	size   int64
}

// newSpool makes an empty spool that keeps a message of up to memory bytes in
// memory and a larger one in a file in dir.
func newSpool(dir string, memory int) *spool {
	return &spool{dir: dir, memory: memory}
}

// firstRoom is the memory that a message begins with: most fit into it.
const firstRoom = 8 << 10

// ReadFrom implements io.ReaderFrom: it takes the whole message, and reads it
// to where it stays, without a buffer between.
func (s *spool) ReadFrom(r io.Reader) (int64, error) {
	for {
		if len(s.head) == cap(s.head) {
			if err := s.makeRoom(); err != nil {
				return s.size, err
			}
		}
		n, err := r.Read(s.head[len(s.head):cap(s.head)])
		s.head = s.head[:len(s.head)+n]
		s.size += int64(n)
		if err == io.EOF && s.file == nil {
			return s.size, nil
		}
		if err == io.EOF {
			err = s.flush()
			s.head = nil
			return s.size, err
		}
		if err != nil {
			return s.size, err
		}
	}
}

// makeRoom makes room in memory: more of it, or the same once more when the
// bound is reached.
func (s *spool) makeRoom() error {
	if room := min(max(2*cap(s.head), firstRoom), s.memory); s.file == nil && room > cap(s.head) {
		s.head = append(make([]byte, 0, room), s.head...)
		return nil
	}
	if s.file == nil {
		file, err := tempfile.Unnamed(s.dir)
		if err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		s.file = file
	}
	return s.flush()
}

// flush writes to the file what it does not have yet.
func (s *spool) flush() error {
	if _, err := s.file.Write(s.head); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	s.head = s.head[:0]
	return nil
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
