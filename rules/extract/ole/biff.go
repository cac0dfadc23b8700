package ole

import (
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Numbers of records of BIFF ([MS-XLS] 2.3, and for versions before 8 the
// OpenOffice.org documentation of the file format). Where versions have
// numbers of their own for the same, the upper byte differs.
const (
	recFormula   = 0x06
	recEOF       = 0x0A
	recHeader    = 0x14
	recFooter    = 0x15
	recNote      = 0x1C
	recDateMode  = 0x22
	recFilePass  = 0x2F
	recContinue  = 0x3C
	recCodePage  = 0x42
	recBoundSht  = 0x85
	recMulRK     = 0xBD
	recRString   = 0xD6
	recXF        = 0xE0
	recSST       = 0xFC
	recLabelSST  = 0xFD
	recTXO       = 0x1B6
	recHLink     = 0x1B8
	recBlank     = 0x201
	recNumber    = 0x203
	recLabel     = 0x204
	recBoolErr   = 0x205
	recString    = 0x207
	recRK        = 0x27E
	recFormat    = 0x41E
	recNumber2   = 0x03
	recInteger2  = 0x02
	recLabel2    = 0x04
	recBoolErr2  = 0x05
	recString2   = 0x07
	recFormat2   = 0x1E
	recRK2       = 0x7E
	recFormula3  = 0x206
	recFormula4  = 0x406
	recXF3       = 0x243
	recXF4       = 0x443
	recPivotText = 0xCD
)

// record is one record of BIFF; its data is valid until the next one is read.
type record struct {
	id   int
	data []byte
}

// biff reads records one after the other.
type biff struct {
	r    io.ReaderAt
	size int64
	pos  int64 // of the next record
	buf  []byte
	base int64 // of buf in the stream
	// cipher deciphers the data of records, nil for a workbook without a password.
	cipher *cipher
	plain  []byte
}

func newBIFF(r io.ReaderAt, size int64) *biff { return &biff{r: r, size: size} }

// peek returns the number of the next record, -1 at the end.
func (b *biff) peek() int {
	h := b.window(4)
	if len(h) < 4 {
		return -1
	}
	return int(le.Uint16(h))
}

// next reads a record. The error is io.EOF after the last, document.ErrDamaged
// (wrapped) if the stream ends within one.
func (b *biff) next() (record, error) {
	h := b.window(4)
	if len(h) < 4 {
		return record{}, io.EOF
	}
	id, n := int(le.Uint16(h)), int(le.Uint16(h[2:]))
	data := b.window(4 + n)
	if len(data) < 4+n {
		b.pos = b.size
		return record{}, fmt.Errorf("workbook ends within a record: %w", document.ErrDamaged)
	}
	at := b.pos + 4
	b.pos += int64(4 + n)
	data = data[4 : 4+n]
	if b.cipher != nil {
		b.plain = b.cipher.decipher(b.plain[:0], id, data, at)
		data = b.plain
	}
	return record{id, data}, nil
}

// window returns the next n bytes, fewer at the end of the stream.
func (b *biff) window(n int) []byte {
	if off := b.pos - b.base; off >= 0 && off+int64(n) <= int64(len(b.buf)) {
		return b.buf[off : off+int64(n)]
	}
	if cap(b.buf) == 0 {
		b.buf = make([]byte, 0, min(b.size, 128<<10))
	}
	want := min(int64(cap(b.buf)), b.size-b.pos)
	if want < int64(n) {
		want = min(int64(n), b.size-b.pos)
	}
	if want <= 0 {
		return nil
	}
	if int64(cap(b.buf)) < want {
		b.buf = make([]byte, want)
	}
	got, _ := b.r.ReadAt(b.buf[:want], b.pos)
	b.buf, b.base = b.buf[:got], b.pos
	return b.buf[:min(n, got)]
}
