package proxy

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/proxy/tempfile"
)

const (
	// spoolBlock is the unit of the memory that messages are kept in.
	spoolBlock = 16 << 10
	// spoolStride is how much is written to a file at a time.
	spoolStride = 64 << 10
)

// spoolMemory is what messages before have left, for those to come.
type spoolMemory struct{ blocks, strides sync.Pool }

func (m *spoolMemory) block() *[spoolBlock]byte {
	if b, left := m.blocks.Get().(*[spoolBlock]byte); left {
		return b
	}
	return new([spoolBlock]byte)
}

func (m *spoolMemory) stride() *[spoolStride]byte {
	if b, left := m.strides.Get().(*[spoolStride]byte); left {
		return b
	}
	return new([spoolStride]byte)
}

// spool keeps one message as it was received: in memory up to a bound, then in
// a file that is removed from its folder as soon as it is open, so that a
// crash leaves nothing behind. It is written once, by ReadFrom, then read at
// will, and freed by the session that made it.
type spool struct {
	dir    string
	bound  int64
	memory *spoolMemory
	size   int64
	blocks []*[spoolBlock]byte // all of it, while there is no file
	file   *os.File
	stride *[spoolStride]byte // while it is written to the file
	staged int                // octets of stride that the file does not have yet
	lent   bool
}

// newSpool makes an empty spool that keeps a message of up to bound bytes in
// memory and a larger one in a file in dir.
func newSpool(dir string, bound int, memory *spoolMemory) *spool {
	return &spool{dir: dir, bound: int64(bound), memory: memory}
}

// ReadFrom implements io.ReaderFrom: it takes the whole message, and reads it
// to where it stays, without a buffer between.
func (s *spool) ReadFrom(r io.Reader) (int64, error) {
	for {
		room, err := s.room()
		if err != nil {
			return s.size, err
		}
		n, err := r.Read(room)
		s.size += int64(n)
		if s.file != nil {
			s.staged += n
		}
		if err == io.EOF {
			return s.size, s.end()
		}
		if err != nil {
			return s.size, err
		}
	}
}

// room returns where the next octets of the message go.
func (s *spool) room() ([]byte, error) {
	if s.file == nil && s.size < s.bound {
		used := s.size % spoolBlock
		if s.size == int64(len(s.blocks))*spoolBlock {
			if len(s.blocks) == 1 { // it is no small one
				s.blocks = slices.Grow(s.blocks, int(s.bound/spoolBlock))
			}
			s.blocks = append(s.blocks, s.memory.block())
		}
		return s.blocks[len(s.blocks)-1][used:min(spoolBlock, used+s.bound-s.size)], nil
	}
	if s.file == nil {
		if err := s.moveToFile(); err != nil {
			return nil, err
		}
	}
	if s.staged == spoolStride {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	return s.stride[s.staged:], nil
}

// moveToFile writes to a new file what is in memory, and frees that.
func (s *spool) moveToFile() error {
	file, err := tempfile.Unnamed(s.dir)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	s.file, s.stride = file, s.memory.stride()
	for left, i := s.size, 0; left > 0; i++ {
		n := min(left, spoolBlock)
		if _, err := file.Write(s.blocks[i][:n]); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		left -= n
	}
	s.free()
	return nil
}

// flush writes to the file what it does not have yet.
func (s *spool) flush() error {
	if _, err := s.file.Write(s.stride[:s.staged]); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	s.staged = 0
	return nil
}

// end writes the last of the message, and leaves the stride to others.
func (s *spool) end() error {
	if s.stride == nil {
		return nil
	}
	err := s.flush()
	s.memory.strides.Put(s.stride)
	s.stride = nil
	return err
}

// ReadAt implements io.ReaderAt.
func (s *spool) ReadAt(p []byte, off int64) (n int, err error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	for n < len(p) {
		if off >= s.size {
			return n, io.EOF
		}
		block, at := s.blocks[off/spoolBlock], off%spoolBlock
		k := copy(p[n:], block[at:min(spoolBlock, at+s.size-off)])
		n, off = n+k, off+int64(k)
	}
	return n, nil
}

// lend says that somebody may read on after Close, as an inspection does that
// was left behind at its deadline. The memory is not used again then.
func (s *spool) lend() { s.lent = true }

// Close frees the spool.
func (s *spool) Close() error {
	if !s.lent {
		s.free()
	}
	if s.file == nil {
		return nil
	}
	if s.stride != nil { // it was not received to its end
		s.memory.strides.Put(s.stride)
		s.stride = nil
	}
	return s.file.Close()
}

// free leaves the memory to other messages.
func (s *spool) free() {
	for _, b := range s.blocks {
		s.memory.blocks.Put(b)
	}
	s.blocks = nil
}
