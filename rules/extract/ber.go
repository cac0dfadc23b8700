package extract

import (
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// ber reads the elements of BER (X.690), definite or indefinite, in place.
type ber struct {
	at   io.ReaderAt
	size int64
}

// The tags that are met, with the constructed bit where they have it.
const (
	berOctetString  = 0x04
	berOctetsParted = 0x24
	berOID          = 0x06
	berSequence     = 0x30
	berContext0     = 0xa0
)

// maxBERDepth bounds the nesting of elements of indefinite length.
const maxBERDepth = 32

// berElement is the head of an element.
type berElement struct {
	tag  byte
	body int64 // where its content begins
	size int64 // of its content, -1 for indefinite
}

func (b ber) element(off int64) (berElement, error) {
	var h [11]byte
	n, _ := b.at.ReadAt(h[:min(int64(len(h)), max(b.size-off, 0))], off)
	bad := fmt.Errorf("asn.1 element: %w", document.ErrDamaged)
	if n < 2 || h[0]&0x1f == 0x1f {
		return berElement{}, bad
	}
	e := berElement{tag: h[0], body: off + 2, size: int64(h[1])}
	switch k := int(h[1] & 0x7f); {
	case h[1] == 0x80:
		e.size = -1
	case h[1] > 0x80:
		if k > 8 || n < 2+k {
			return berElement{}, bad
		}
		e.size, e.body = 0, off+2+int64(k)
		for _, c := range h[2 : 2+k] {
			e.size = e.size<<8 | int64(c)
		}
		if e.size < 0 {
			return berElement{}, bad
		}
	}
	return e, nil
}

// after returns where the element at off ends.
func (b ber) after(off int64, depth int) (int64, error) {
	e, err := b.element(off)
	if err != nil {
		return 0, err
	}
	if e.size >= 0 {
		return e.body + e.size, nil
	}
	if depth > maxBERDepth {
		return 0, fmt.Errorf("asn.1 element: %w", document.ErrTooDeep)
	}
	for off = e.body; ; {
		in, err := b.element(off)
		if err != nil {
			return 0, err
		}
		if in.tag == 0 && in.size == 0 {
			return in.body, nil
		}
		if off, err = b.after(off, depth+1); err != nil {
			return 0, err
		}
	}
}

// berOctets gives the content of an octet string that may be made of others.
type berOctets struct {
	b      ber
	at     int64
	left   int64   // of the primitive string that is read
	ends   []int64 // of the open strings, -1 for indefinite
	single bool    // nothing was read yet
	done   bool
}

func (o *berOctets) Read(p []byte) (int, error) {
	for o.left == 0 {
		if o.done {
			return 0, io.EOF
		}
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	if o.at >= o.b.size {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := o.b.at.ReadAt(p[:min(int64(len(p)), o.left, o.b.size-o.at)], o.at)
	o.at += int64(n)
	o.left -= int64(n)
	if n > 0 || err == nil {
		return n, nil
	}
	return 0, io.ErrUnexpectedEOF
}

// next moves to the next primitive string.
func (o *berOctets) next() error {
	for len(o.ends) > 1 && o.ends[len(o.ends)-1] >= 0 && o.at >= o.ends[len(o.ends)-1] {
		o.ends = o.ends[:len(o.ends)-1]
	}
	if !o.single && len(o.ends) == 1 {
		o.done = true
		return nil
	}
	e, err := o.b.element(o.at)
	if err != nil {
		return err
	}
	o.single = false
	switch {
	case e.tag == 0 && e.size == 0:
		o.at, o.ends = e.body, o.ends[:len(o.ends)-1]
		o.done = len(o.ends) <= 1
	case e.tag == berOctetsParted && len(o.ends) <= maxBERDepth:
		end := int64(-1)
		if e.size >= 0 {
			end = e.body + e.size
		}
		o.at, o.ends = e.body, append(o.ends, end)
	case e.tag&0x20 == 0 && e.size >= 0: // an octet string, or what stands for one
		o.at, o.left = e.body, e.size
	default:
		return fmt.Errorf("octet string: %w", document.ErrDamaged)
	}
	return nil
}
