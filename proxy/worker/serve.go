package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

// Reader reads one archive; foreign.Read outside of tests.
type Reader func(context.Context, foreign.Job, foreign.Output) error

// header is a job as it travels: without its content.
type header struct {
	Kind      foreign.Kind
	Size      int64
	Passwords []string
	Limits    foreign.Limits
}

// Serve is the life of a worker: it gives up its rights, then reads what the
// pool sends until in ends, which is no error. It limits the whole process
// for good, so it is called by a program that does nothing else.
func Serve(in io.Reader, out io.Writer, read Reader) error {
	held, err := confine()
	if err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	s := &server{link: link{r: in, w: out}, read: read}
	if err := s.send(hello, []byte{byte(held)}); err != nil {
		return err
	}
	for {
		k, p, err := s.receive()
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if k != begin {
			return fmt.Errorf("job: %w", errFrame)
		}
		if err := s.job(p); err != nil {
			return err
		}
	}
}

// server is a worker's side of the link.
type server struct {
	link
	read Reader
	lost error // of the link: nothing can be said any more
}

// job reads one archive and says how it ended. Its error is the link's.
func (s *server) job(p []byte) error {
	var h header
	if err := json.Unmarshal(p, &h); err != nil {
		return fmt.Errorf("job: %w", errFrame)
	}
	err, spoilt := s.guarded(foreign.Job{
		Kind: h.Kind, Content: &content{s: s, size: h.Size}, Size: h.Size,
		Passwords: h.Passwords, Limits: h.Limits,
	})
	if s.lost != nil {
		return s.lost
	}
	retire := byte(0)
	if spoilt || worn() {
		retire = 1
	}
	return s.send(done, []byte{codeOf(err), retire})
}

// guarded reads under recover. After a panic the process is spoilt: the
// parser's own state may be anything.
func (s *server) guarded(job foreign.Job) (err error, spoilt bool) {
	defer func() {
		if recover() != nil {
			err, spoilt = foreign.ErrFailed, true
		}
	}()
	return s.read(context.Background(), job, output{s}), false
}

// wornHeap is the memory taken from the system after which a worker is
// replaced, in bytes: so that one big archive does not weigh for ever.
const wornHeap = 192 << 20

// worn tells that the worker has used up what it should for one life.
func worn() bool {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys > wornHeap || cpuUsed() > maxCPU/2
}

// answer waits for what the pool makes of the last frame, doing nested jobs
// meanwhile, and tells whether to go on with the file.
func (s *server) answer() (bool, error) {
	for {
		k, p, err := s.receive()
		switch {
		case err != nil:
		case k == next:
			return true, nil
		case k == skip:
			return false, nil
		case k == begin:
			if err = s.job(p); err == nil {
				continue
			}
		default:
			err = errFrame
		}
		s.lost = err
		return false, err
	}
}

// output is where a parser's files go.
type output struct{ s *server }

// File implements foreign.Output.
func (o output) File(_ context.Context, name string, r io.Reader) error {
	s := o.s
	if err := s.tell(file, []byte(name[:min(len(name), maxName)])); err != nil {
		return err
	}
	buf := make([]byte, chunkSize)
	var failed error // what ended the file, once known
	for {
		if on, err := s.answer(); err != nil || !on {
			return err
		}
		n, err := 0, failed
		if err == nil {
			n, err = readChunk(r, buf)
		}
		if n > 0 {
			if err := s.tell(data, buf[:n]); err != nil {
				return err
			}
		}
		if s.lost != nil {
			return s.lost
		}
		if n > 0 {
			failed = err // told after the pool has taken the bytes
			continue
		}
		if err == io.EOF {
			err = nil
		}
		if err := s.tell(end, []byte{codeOf(err)}); err != nil {
			return err
		}
		_, err = s.answer()
		return err
	}
}

func (s *server) tell(k kind, p []byte) error {
	if err := s.send(k, p); err != nil {
		s.lost = err
	}
	return s.lost
}

// readChunk fills buf, or as much of it as comes before an error.
func readChunk(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var k int
		k, err = r.Read(buf[n:])
		n += k
	}
	return n, err
}

// content is an archive's bytes, asked for block by block.
type content struct {
	s    *server
	size int64
	off  int64 // of the block kept
	kept []byte
}

// ReadAt implements io.ReaderAt.
func (c *content) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, document.ErrDamaged
	}
	for n < len(p) {
		at := off + int64(n)
		if at >= c.size {
			return n, io.EOF
		}
		if at < c.off || at >= c.off+int64(len(c.kept)) {
			if err := c.fetch(at - at%blockSize); err != nil {
				return n, err
			}
			if at >= c.off+int64(len(c.kept)) {
				return n, io.ErrUnexpectedEOF // the source broke off
			}
		}
		n += copy(p[n:], c.kept[at-c.off:])
	}
	return n, nil
}

func (c *content) fetch(off int64) error {
	if c.s.lost != nil {
		return c.s.lost
	}
	size := int(min(blockSize, c.size-off))
	if err := c.s.tell(want, span{off, size}.append(nil)); err != nil {
		return err
	}
	k, p, err := c.s.receive()
	if err == nil && (k != block || len(p) > size) {
		err = errFrame
	}
	if err != nil {
		c.s.lost = err
		return err
	}
	c.off, c.kept = off, append(c.kept[:0], p...)
	return nil
}
