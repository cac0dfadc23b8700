package extract

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// cpioEntry is the header of one file in a cpio archive (cpio(5)), in
// whichever of its forms.
type cpioEntry struct {
	mode     uint64
	nameSize int64
	size     int64
	align    int64 // of the name with its header, and of the content
	header   int64
}

var errCpio = fmt.Errorf("cpio: %w", document.ErrDamaged)

// cpio opens the files of a cpio archive, such as the payload of an RPM
// package.
func (w *walk) cpio(n node, c content) error {
	for i := 0; ; i++ {
		e, err := readCpioEntry(c.Reader)
		if err != nil {
			return err
		}
		if i >= w.lim.Entries {
			return document.ErrTooMany
		}
		name := make([]byte, e.nameSize)
		if _, err := io.ReadFull(c.Reader, name); err != nil {
			return shortIsDamage(err)
		}
		if err := skip(c.Reader, filling(e.header+e.nameSize, e.align)); err != nil {
			return err
		}
		text := cString(name)
		if text == "TRAILER!!!" {
			return w.aside(n, "trailer", stream(w.metered(n, &unpadded{r: c.Reader})))
		}
		if e.mode&0o170000 != 0o040000 || e.size > 0 { // no folder, or none that anybody makes
			child := n.child(text)
			child.place = Attachment
			body := &io.LimitedReader{R: &whole{c.Reader}, N: e.size}
			if err := w.open(child, stream(w.metered(child, body))); err != nil {
				return err
			}
			rest(body)
			if body.N > 0 {
				return io.ErrUnexpectedEOF
			}
		}
		if err := skip(c.Reader, filling(e.size, e.align)); err != nil {
			return err
		}
	}
}

func filling(size, align int64) int64 { return (align - size%align) % align }

func skip(r io.Reader, n int64) error {
	_, err := io.CopyN(io.Discard, r, n)
	return shortIsDamage(err)
}

func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			b = b[:i]
			break
		}
	}
	return decodeBytes("", b)
}

// readCpioEntry reads a header of the new form with or without a checksum, the
// portable one of octal digits, or the binary one of either order.
func readCpioEntry(r io.Reader) (cpioEntry, error) {
	var h [110]byte
	if _, err := io.ReadFull(r, h[:26]); err != nil {
		return cpioEntry{}, shortIsDamage(err)
	}
	if order := cpioOrder(h[:]); order != nil {
		long := func(at int) int64 { return int64(order.Uint16(h[at:]))<<16 | int64(order.Uint16(h[at+2:])) }
		return cpioEntry{uint64(order.Uint16(h[6:])), int64(order.Uint16(h[20:])), long(22), 2, 26}, nil
	}
	size, base, width := 110, 16, 8
	fields := [3]int{14, 94, 54} // mode, size of the name, size of the content
	e := cpioEntry{align: 4, header: 110}
	switch string(h[:6]) {
	case "070701", "070702":
	case "070707":
		size, base, width = 76, 8, 6
		fields = [3]int{18, 59, 65}
		e = cpioEntry{align: 1, header: 76}
	default:
		return e, errCpio
	}
	if _, err := io.ReadFull(r, h[26:size]); err != nil {
		return e, shortIsDamage(err)
	}
	var v [3]uint64
	for i, at := range fields {
		to := at + width
		if base == 8 && i == 2 {
			to = at + 11
		}
		var err error
		if v[i], err = strconv.ParseUint(string(h[at:to]), base, 40); err != nil {
			return e, errCpio
		}
	}
	if e.mode, e.nameSize, e.size = v[0], int64(v[1]), int64(v[2]); e.nameSize > 4096 {
		return e, errCpio
	}
	return e, nil
}

// cpioOrder returns the order of bytes of a binary header, nil if it is none.
func cpioOrder(h []byte) binary.ByteOrder {
	switch string(h[:2]) {
	case "\xc7\x71":
		return binary.LittleEndian
	case "\x71\xc7":
		return binary.BigEndian
	}
	return nil
}

// isCpio tells the binary form, whose magic is short, by the rest of its header.
func isCpio(h []byte) bool {
	order := cpioOrder(h)
	if order == nil || len(h) < 28 {
		return false
	}
	kind, size := order.Uint16(h[6:])>>12, order.Uint16(h[20:])
	return (kind == 4 || kind == 8 || kind == 10) && size > 1 && size < 1024 && (len(h) < 26+int(size) || h[25+size] == 0)
}

// unpadded leaves out the zeros that fill up the last block of an archive.
type unpadded struct {
	r    io.Reader
	past bool
}

func (u *unpadded) Read(p []byte) (int, error) {
	for {
		n, err := u.r.Read(p)
		if u.past {
			return n, err
		}
		for i, c := range p[:n] {
			if c != 0 {
				u.past = true
				return copy(p, p[i:n]), err
			}
		}
		if err != nil {
			return 0, err
		}
	}
}
