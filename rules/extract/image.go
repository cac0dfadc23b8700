package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"
)

// media takes a picture, sound, video or font: it has no text of its own, but
// things are put into its comments, behind its end, or into a zip that ends
// with it.
func (w *walk) media(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	var head [8]byte
	_, _ = at.ReadAt(head[:], 0)
	end := size
	var err error
	switch {
	case string(head[:4]) == "\x89PNG":
		end, err = w.png(n, at, size)
	case head[0] == 0xff && head[1] == 0xd8:
		end, err = w.jpeg(n, at, size)
	case string(head[:3]) == "GIF":
		end = gifEnd(at, size)
	}
	if err != nil {
		return err
	}
	if err := w.recognised(n, at, size); err != nil {
		return err
	}
	if err := w.zipTail(n, at, size); err != nil {
		return err
	}
	if size-end >= minTrailer {
		if err := w.aside(n, "trailer", section(at, end, size-end)); err != nil {
			return err
		}
	}
	if cut != nil && w.lim.Scratch == nil && size >= w.lim.Memory {
		return nil // too big to look behind its end: no loss in a picture
	}
	return cut
}

// minPicture is the size in bytes below which a picture can show no table that
// anybody could read.
const minPicture = 1 << 10

// recognised gives the text that a picture shows, where that is to be read.
func (w *walk) recognised(n node, at io.ReaderAt, size int64) error {
	if n.format != FormatImage || w.lim.Recognise == nil || size < minPicture {
		return nil
	}
	text, err := w.lim.Recognise(w.ctx, at, size)
	if err != nil {
		reason := Failed
		if errors.Is(err, context.DeadlineExceeded) {
			reason = Timeout
		}
		w.unread(n, reason, "the text in the picture could not be recognised", false)
		return w.ctx.Err()
	}
	return w.give(n, newFolded(bytes.NewReader(text)))
}

// minTrailer is how many bytes behind the end of a file are looked into.
const minTrailer = 32

// aside opens content that stands beside a format's own.
func (w *walk) aside(n node, name string, c content) error {
	child := n.child(name)
	child.place, child.hunch = Attachment, true
	return w.open(child, c)
}

// zipTail opens an archive that something else was put before.
func (w *walk) zipTail(n node, at io.ReaderAt, size int64) error {
	entries, _, damaged := zipDirectory(at, size, 1)
	if len(entries) == 0 || damaged {
		return nil
	}
	child := n.child("zip")
	child.place, child.format = Attachment, FormatZip
	if !w.enter(&child) {
		return nil
	}
	return w.guard(child, func() error { return w.fault(child, w.zip(child, section(at, 0, size))) })
}

// png reads the text chunks of a PNG file and returns where it ends.
func (w *walk) png(n node, at io.ReaderAt, size int64) (int64, error) {
	for off := int64(8); off+12 <= size; {
		var h [8]byte
		if _, err := at.ReadAt(h[:], off); err != nil {
			return size, nil
		}
		length := int64(binary.BigEndian.Uint32(h[:4]))
		if off+12+length > size {
			return size, nil
		}
		body := io.NewSectionReader(at, off+8, length)
		switch string(h[4:]) {
		case "IEND":
			return off + 12 + length, nil
		case "tEXt", "iTXt", "zTXt":
			if err := w.pngText(n, string(h[4:]), body); err != nil {
				return size, err
			}
		}
		off += 12 + length
	}
	return size, nil
}

// pngText reads a text chunk (PNG 11.3.3), inflated where it is compressed.
func (w *walk) pngText(n node, kind string, body *io.SectionReader) error {
	head := make([]byte, min(body.Size(), 512))
	k, _ := body.ReadAt(head, 0)
	head = head[:k]
	from := bytes.IndexByte(head, 0) + 1 // behind the keyword
	switch {
	case from == 0 || kind == "tEXt", kind == "iTXt" && (from+2 > k || head[from] != 1):
		return w.comment(n, body)
	case kind == "zTXt":
		from++ // the method
	default: // the flag, the method, and two strings
		from += 2
		for range 2 {
			from += max(bytes.IndexByte(head[min(from, k):], 0), 0) + 1
		}
	}
	r, err := w.expanding(n, io.NewSectionReader(body, int64(from), body.Size()-int64(from)), func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) })
	if err != nil {
		return nil // no text after all
	}
	return w.comment(n, r)
}

// jpeg reads the comments of a JPEG file and returns where it ends.
func (w *walk) jpeg(n node, at io.ReaderAt, size int64) (int64, error) {
	for off := int64(2); off+4 <= size; {
		var h [4]byte
		if _, err := at.ReadAt(h[:], off); err != nil || h[0] != 0xff {
			return size, nil
		}
		length := int64(binary.BigEndian.Uint16(h[2:]))
		switch h[1] {
		case 0xff:
			off++
			continue
		case 0xfe:
			if err := w.comment(n, io.NewSectionReader(at, off+4, max(length-2, 0))); err != nil {
				return size, err
			}
		case 0xda: // scan data: its end mark cannot occur inside it
			return jpegEnd(at, off+2+length, size), nil
		}
		off += 2 + length
	}
	return size, nil
}

func jpegEnd(at io.ReaderAt, from, size int64) int64 {
	buf := make([]byte, 64<<10)
	for from < size {
		k, err := at.ReadAt(buf[:min(int64(len(buf)), size-from)], from)
		if i := bytes.Index(buf[:k], []byte{0xff, 0xd9}); i >= 0 {
			return from + int64(i) + 2
		}
		if err != nil || k < 2 {
			return size
		}
		from += int64(k) - 1
	}
	return size
}

// gifEnd walks the blocks of a GIF file (GIF89a, appendix A).
func gifEnd(at io.ReaderAt, size int64) int64 {
	var b [13]byte
	if _, err := at.ReadAt(b[:], 0); err != nil {
		return size
	}
	off := int64(13)
	if b[10]&0x80 != 0 {
		off += 3 << (b[10]&7 + 1)
	}
	for {
		var h [10]byte
		if k, _ := at.ReadAt(h[:], off); k < 1 {
			return size
		}
		switch h[0] {
		case 0x3b:
			return off + 1
		case 0x21:
			off += 2
		case 0x2c:
			off += 11
			if h[9]&0x80 != 0 {
				off += 3 << (h[9]&7 + 1)
			}
		default:
			return size
		}
		for { // sub-blocks
			var n [1]byte
			if k, _ := at.ReadAt(n[:], off); k < 1 {
				return size
			}
			off += int64(n[0]) + 1
			if n[0] == 0 {
				break
			}
		}
	}
}

// comment opens text that stands in a picture's metadata, if it is more than
// a remark.
func (w *walk) comment(n node, r io.Reader) error {
	br := w.buffer(r)
	defer w.release(br)
	head, _ := br.Peek(sniffSize)
	if len(head) < minComment {
		return nil
	}
	if i := bytes.LastIndexByte(head[:min(len(head), 100)], 0); i >= 0 { // the keyword before it
		_, _ = br.Discard(i + 1)
	}
	return w.aside(n, "comment", stream(br))
}

// minComment is how long a comment must be to be opened, in bytes.
const minComment = 64
