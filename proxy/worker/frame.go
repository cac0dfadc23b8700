package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// kind is what a frame means. Each side waits for the other's answer after
// every frame that has one, so at most one frame is under way.
type kind byte

const (
	// From the worker.
	hello kind = 'H' // ready: a protection; no answer
	want  kind = 'R' // offset and length of content: block
	file  kind = 'F' // a file begins, its name: next or skip
	data  kind = 'D' // bytes of that file: next or skip
	end   kind = 'E' // its end, a code: next
	done  kind = 'X' // the job's end, a code and whether to retire; no answer

	// From the pool.
	begin kind = 'J' // a job as JSON; also where next or skip is due: a nested one
	block kind = 'B' // the content wanted, shorter at its end
	next  kind = 'N' // go on
	skip  kind = 'S' // leave the rest of this file
)

const (
	frameHead = 5         // a kind and a length, big-endian
	maxFrame  = 256 << 10 // bytes after the head
	maxName   = 4 << 10   // bytes of a file's name
	chunkSize = 64 << 10  // bytes of a file in one frame
	blockSize = 128 << 10 // bytes of content in one frame
)

// errFrame: the other side breaks the protocol.
var errFrame = errors.New("breaks the protocol")

// link carries frames over a pair of streams. It is used by one goroutine.
type link struct {
	r   io.Reader
	w   io.Writer
	in  []byte
	out []byte
}

// send writes one frame of the parts given.
func (l *link) send(k kind, parts ...[]byte) error {
	l.out = append(l.out[:0], byte(k), 0, 0, 0, 0)
	for _, p := range parts {
		l.out = append(l.out, p...)
	}
	size := len(l.out) - frameHead
	if size > maxFrame {
		return fmt.Errorf("send %d bytes: %w", size, errFrame)
	}
	binary.BigEndian.PutUint32(l.out[1:], uint32(size))
	_, err := l.w.Write(l.out)
	return err
}

// receive reads one frame. Its payload is valid until the next call.
func (l *link) receive() (kind, []byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(l.r, head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > maxFrame {
		return 0, nil, fmt.Errorf("frame of %d bytes: %w", size, errFrame)
	}
	if cap(l.in) < int(size) {
		l.in = make([]byte, size)
	}
	l.in = l.in[:size]
	if _, err := io.ReadFull(l.r, l.in); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return kind(head[0]), l.in, nil
}

// span is what a want asks for.
type span struct {
	off int64
	n   int
}

func (s span) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.off))
	return binary.BigEndian.AppendUint32(b, uint32(s.n))
}

// parseSpan reads a want on content of the size given. What lies outside is
// an error.
func parseSpan(b []byte, size int64) (span, error) {
	if len(b) != 12 {
		return span{}, fmt.Errorf("want of %d bytes: %w", len(b), errFrame)
	}
	off, n := binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])
	if off >= uint64(max(size, 0)) || n == 0 || n > blockSize {
		return span{}, fmt.Errorf("want outside the content: %w", errFrame)
	}
	return span{int64(off), int(n)}, nil
}
