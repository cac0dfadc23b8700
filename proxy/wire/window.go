package wire

import (
	"bufio"
	"io"
)

const (
	// lineWindow is the buffer of a connection that waits for commands: some
	// of them sent together fit, and a longer line gets a buffer of its own.
	lineWindow = 1 << 10
	// bodyWindow is the buffer while a message is read.
	bodyWindow = 64 << 10
)

// window is a read buffer whose unread part is always one slice, so that a
// line can be looked at in place. Slices of it are valid until the next fill.
type window struct {
	buf  []byte
	r, w int
}

func (b *window) unread() []byte { return b.buf[b.r:b.w] }

func (b *window) drop(n int) { b.r += n }

// fill reads once from r, behind what is unread. It returns
// bufio.ErrBufferFull when there is no room.
func (b *window) fill(r io.Reader) (int, error) {
	if b.r == b.w {
		b.r, b.w = 0, 0
	}
	if b.w == len(b.buf) {
		if b.r == 0 {
			return 0, bufio.ErrBufferFull
		}
		b.w = copy(b.buf, b.buf[b.r:b.w])
		b.r = 0
	}
	n, err := r.Read(b.buf[b.w:])
	b.w += n
	return n, err
}

// move puts what is unread into another buffer, which must have room for it.
func (b *window) move(buf []byte) {
	b.w = copy(buf, b.unread())
	b.r = 0
	b.buf = buf
}
