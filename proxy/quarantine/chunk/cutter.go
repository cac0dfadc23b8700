package chunk

import (
	"errors"
	"fmt"
	"io"

	chunkers "github.com/PlakarKorp/go-cdc-chunkers"
	"github.com/PlakarKorp/go-cdc-chunkers/chunkers/fastcdc"
)

const (
	// Max is the length of the longest chunk.
	Max = 64 << 10

	near    = 4 << 10 // how far from a border chunks are small
	ahead   = 1 << 10 // what it takes to know a border
	window  = Max + near + ahead
	buffer  = 4 * window
	keySize = 32
)

// KeySize is the length of a cutter's key in bytes.
const KeySize = keySize

// Cutter cuts content into chunks. Its methods may be called at once.
type Cutter struct{ usual, small rule }

// rule is FastCDC with its bounds.
type rule struct {
	cdc    *fastcdc.FastCDC
	bounds *chunkers.ChunkerOpts
}

// NewCutter makes a cutter. With the same key it cuts the same.
func NewCutter(key []byte) (*Cutter, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("the key of a cutter has %d bytes, want %d", len(key), keySize)
	}
	usual, err := newRule(2<<10, 8<<10, Max, key)
	if err != nil {
		return nil, err
	}
	small, err := newRule(1<<10, 2<<10, 8<<10, key)
	return &Cutter{usual, small}, err
}

func newRule(least, normal, most int, key []byte) (rule, error) {
	r := rule{&fastcdc.FastCDC{}, &chunkers.ChunkerOpts{MinSize: least, NormalSize: normal, MaxSize: most, Key: key}}
	if err := r.cdc.Setup(r.bounds); err != nil {
		return rule{}, fmt.Errorf("content-defined chunking: %w", err)
	}
	return r, nil
}

// cut gives the length of the first chunk of data, which is not empty.
func (r rule) cut(data []byte) int { return r.cdc.Algorithm(r.bounds, data, len(data)) }

// Mail cuts a message (RFC 5322), at its borders too, and calls each for every
// chunk in order. A chunk is valid until each returns; its error ends the
// cutting and is returned, as is that of r.
func (c *Cutter) Mail(r io.Reader, each func([]byte) error) error {
	return c.cutAll(r, &borders{inHead: true, left: maxBorders}, each)
}

// Bytes cuts content that is no mail.
func (c *Cutter) Bytes(r io.Reader, each func([]byte) error) error {
	return c.cutAll(r, &borders{}, each)
}

func (c *Cutter) cutAll(r io.Reader, b *borders, each func([]byte) error) error {
	whole := make([]byte, buffer)
	buf := whole[:0] // what is not cut yet
	ended := false
	last := 0 // bytes since the last border
	for {
		if len(buf) < window && !ended {
			kept := copy(whole, buf)
			n, err := io.ReadFull(r, whole[kept:])
			ended = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			if err != nil && !ended {
				return err
			}
			buf = whole[:kept+n]
		}
		for len(buf) >= window || ended && len(buf) > 0 {
			n, border := c.next(buf, b.next(buf, ended), last)
			if err := each(buf[:n]); err != nil {
				return err
			}
			buf = buf[n:]
			b.advance(n)
			if last += n; border {
				last = 0
			}
		}
		if ended && len(buf) == 0 {
			return nil
		}
	}
}

// next gives the length of the next chunk, and whether it ends at a border.
// border is where the next one is in data, last how long ago the last was.
func (c *Cutter) next(data []byte, border, last int) (n int, atBorder bool) {
	end := min(border, len(data))
	switch {
	case last < near || border <= near:
		n = c.small.cut(data[:end])
	case border <= Max+near:
		n = c.usual.cut(data[:min(border-near, len(data))])
	default:
		n = c.usual.cut(data[:min(Max, len(data))])
	}
	return n, n == border
}
