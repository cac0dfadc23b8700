package bucket

import (
	"io"
	"os"

	"github.com/bulkhead-dlp/bulkhead/proxy/tempfile"
)

// spoolMemory is how much of a pack is kept in memory; a longer one goes to an
// unnamed file. It is sealed already.
const spoolMemory = 256 << 10

// spool keeps what was written, to be read as often as it takes.
type spool struct {
	dir    string
	memory []byte
	file   *os.File
	size   int64
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) > spoolMemory {
		file, err := tempfile.Unnamed(s.dir)
		if err != nil {
			return 0, err
		}
		s.file = file
		if _, err := file.Write(s.memory); err != nil {
			return 0, err
		}
		s.memory = nil
	}
	if s.file == nil {
		s.memory = append(s.memory, p...)
		s.size += int64(len(p))
		return len(p), nil
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	return n, err
}

// ReadAt implements io.ReaderAt.
func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	if off >= int64(len(s.memory)) {
		return 0, io.EOF
	}
	n := copy(p, s.memory[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close gives up what was written.
func (s *spool) Close() error {
	s.memory = nil
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}
