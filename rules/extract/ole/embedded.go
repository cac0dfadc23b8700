package ole

import (
	"bytes"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
)

// streamFile gives out a stream that is a file.
func (rd *reader) streamFile(e *entry) error {
	src, size := rd.open(e)
	if size == 0 {
		return nil
	}
	return rd.out.File(e.name, src, size)
}

// nativeFile gives out a file that was put into a document as an icon
// ([MS-OLEDS] 2.3.6): a length, two names, a path and the bytes.
func (rd *reader) nativeFile(e *entry) error {
	src, size := rd.open(e)
	if size < 4 {
		return nil
	}
	head := make([]byte, min(size, 4<<10))
	n, _ := src.ReadAt(head, 0)
	name, offset, length := nativeHead(head[:n])
	if offset == 0 { // not a packaged file: the object's own data
		offset, length = 4, size-4
	}
	length = min(length, size-offset)
	if length <= 0 {
		return nil
	}
	return rd.out.File(name, io.NewSectionReader(src, offset, length), length)
}

// nativeHead finds the name of a packaged file and where its bytes are;
// offset is 0 if the head is not one of a package.
func nativeHead(b []byte) (name string, offset, length int64) {
	if len(b) < 6 || le.Uint16(b[4:]) != 2 {
		return "object", 0, 0
	}
	label, rest, ok1 := bytes.Cut(b[6:], []byte{0})
	_, rest, ok2 := bytes.Cut(rest, []byte{0}) // the path it came from
	if !ok1 || !ok2 || len(rest) < 8 {
		return "object", 0, 0
	}
	rest = rest[4:]
	n := int64(le.Uint32(rest))
	if n < 0 || n+8 > int64(len(rest)) {
		return "object", 0, 0
	}
	rest = rest[4+n:]
	return string(decode(1252).append(nil, label)), int64(len(b) - len(rest) + 4), int64(le.Uint32(rest))
}

// trimNUL decodes UTF-16 up to its end mark.
func trimNUL(b []byte) []byte {
	return bytes.TrimRight(sheet.AppendUTF16(nil, b), "\x00")
}
