package upstream

import (
	"errors"
	"fmt"
	"io"
)

const (
	blockSize = 64 << 10
	// frameRoom is for what a framing adds at the ends of a block.
	frameRoom = 64
)

// blocks are the two buffers of an upload: content as read, and as framed.
// Every dot of "\r\n." doubled makes three octets four.
type blocks struct {
	in, out []byte
	probe   [1]byte
}

func newBlocks() *blocks {
	return &blocks{
		in:  make([]byte, blockSize, blockSize+frameRoom),
		out: make([]byte, 0, blockSize/3*4+frameRoom),
	}
}

// body reads content block by block into its wire form.
type body struct {
	content io.Reader
	left    int64 // octets still to be read
	framing framing
	done    bool // the last block has been given
}

// next gives the next block as it goes on the wire; it is valid until the
// next call. The one with the end of the content is given only after the
// reader has ended exactly where it should.
func (b *body) next(buffers *blocks) ([]byte, error) {
	block := buffers.in[:min(b.left, blockSize)]
	if _, err := io.ReadFull(b.content, block); err != nil {
		return nil, shortRead(err)
	}
	b.left -= int64(len(block))
	wire, err := block, error(nil)
	if len(block) > 0 {
		wire, err = b.framing.next(buffers.out[:0], block)
	}
	if err != nil || b.left > 0 {
		return wire, err
	}
	switch _, err := io.ReadFull(b.content, buffers.probe[:]); {
	case err == nil:
		return nil, fmt.Errorf("%w: it is longer than announced", ErrContent)
	case !errors.Is(err, io.EOF):
		return nil, shortRead(err)
	}
	b.done = true
	return b.framing.end(wire)
}

func shortRead(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is shorter than announced", ErrContent)
	}
	return fmt.Errorf("%w: %w", ErrContent, err)
}
