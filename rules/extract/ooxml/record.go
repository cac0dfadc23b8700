package ooxml

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

var le = binary.LittleEndian

// maxRecord bounds one record of a binary part. A string of Excel's longest
// takes 64 KiB.
const maxRecord = 4 << 20

// recordHead decodes the number and length of a record of BIFF12 ([MS-XLSB]
// 2.1.4) at the start of b. n is its own length, 0 if b is too short.
func recordHead(b []byte) (id, size, n int) {
	if len(b) < 2 {
		return 0, 0, 0
	}
	id, n = int(b[0]), 1
	if b[0]&0x80 != 0 {
		id = int(b[0]&0x7F) | int(b[1]&0x7F)<<7
		n = 2
	}
	for shift := 0; shift < 28 && n < len(b); shift += 7 {
		size |= int(b[n]&0x7F) << shift
		n++
		if b[n-1]&0x80 == 0 || shift == 21 {
			return id, size, n
		}
	}
	return 0, 0, 0
}

// records reads a binary part record by record.
type records struct {
	r        io.Reader
	buf      []byte
	pos, end int
	err      error
}

func newRecords(r io.Reader) *records { return &records{r: r, buf: make([]byte, 64<<10)} }

// next returns the next record; its data is valid until the next call. The
// error is io.EOF after the last one, document.ErrDamaged (wrapped) if the part
// ends within a record, or the reader's.
func (r *records) next() (id int, data []byte, err error) {
	for {
		id, size, n := recordHead(r.buf[r.pos:r.end])
		if n > 0 && size > maxRecord {
			return 0, nil, fmt.Errorf("record of more than %d bytes: %w", maxRecord, document.ErrDamaged)
		}
		if n > 0 && r.end-r.pos >= n+size {
			data = r.buf[r.pos+n : r.pos+n+size]
			r.pos += n + size
			return id, data, nil
		}
		if r.err != nil {
			if r.err == io.EOF && r.pos < r.end {
				r.pos = r.end
				return 0, nil, fmt.Errorf("part ends within a record: %w", document.ErrDamaged)
			}
			return 0, nil, r.err
		}
		r.fill(n + size)
	}
}

// fill reads more, with room for a record of so many bytes.
func (r *records) fill(need int) {
	r.end = copy(r.buf, r.buf[r.pos:r.end])
	r.pos = 0
	if need > len(r.buf) {
		r.buf = append(r.buf, make([]byte, need-len(r.buf))...)
	}
	n, err := io.ReadAtLeast(r.r, r.buf[r.end:], max(need-r.end, 1))
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	r.end += n
	r.err = err
}

// wideString takes a string of UTF-16 with its length before it, and what follows.
func wideString(b []byte) (text, rest []byte) {
	if len(b) < 4 {
		return nil, nil
	}
	n := int64(le.Uint32(b)) * 2
	if n == 2*(1<<32-1) { // the null string
		return nil, b[4:]
	}
	n = min(n, int64(len(b)-4))
	return b[4 : 4+n], b[4+n:]
}

// each calls visit for all records of a binary part.
func (rd *reader) each(p io.Reader, visit func(id int, data []byte) bool) {
	recs := newRecords(p)
	for {
		id, data, err := recs.next()
		if err != nil {
			rd.note(err)
			return
		}
		if !visit(id, data) {
			return
		}
	}
}
