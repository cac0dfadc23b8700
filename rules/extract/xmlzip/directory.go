package xmlzip

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Sizes and signatures of the zip format (APPNOTE.TXT 4.3).
const (
	localLen   = 30
	centralLen = 46
	endLen     = 22

	sigLocal   = "PK\x03\x04"
	sigCentral = "PK\x01\x02"
	sigEnd     = "PK\x05\x06"
	sigLocator = "PK\x06\x07"
	sigEnd64   = "PK\x06\x06"
)

var le = binary.LittleEndian

// readDirectory lists the entries that the central directory names.
func (a *Archive) readDirectory() error {
	at, dirSize, offset, err := a.findEnd()
	if err != nil {
		return err
	}
	// With something before the zip, such as an unpacking program, offsets
	// count from the zip's own start, which the directory's place gives away.
	prefix := at - dirSize - offset
	if prefix < 0 {
		prefix = 0
	}
	dir := io.NewSectionReader(a.src, offset+prefix, dirSize)
	buf := make([]byte, 64<<10)
	pos, end := 0, 0
	more := func(need int) bool {
		if end-pos >= need {
			return true
		}
		end = copy(buf, buf[pos:end])
		pos = 0
		if need > len(buf) {
			buf = append(buf, make([]byte, need)...)
		}
		n, _ := io.ReadAtLeast(dir, buf[end:], need-end)
		end += n
		return end >= need
	}
	for more(centralLen) {
		h := buf[pos : pos+centralLen]
		if string(h[:4]) != sigCentral {
			return fmt.Errorf("zip directory entry: %w", document.ErrDamaged)
		}
		nameLen, extraLen := int(le.Uint16(h[28:])), int(le.Uint16(h[30:]))
		total := centralLen + nameLen + extraLen + int(le.Uint16(h[32:]))
		if !more(total) {
			return fmt.Errorf("zip directory is cut off: %w", document.ErrDamaged)
		}
		h = buf[pos : pos+total]
		p := &Part{
			Name:       string(h[centralLen : centralLen+nameLen]),
			method:     le.Uint16(h[10:]),
			encrypted:  h[8]&1 != 0,
			compressed: int64(le.Uint32(h[20:])),
			header:     int64(le.Uint32(h[42:])),
		}
		p.zip64(h[centralLen+nameLen:centralLen+nameLen+extraLen], le.Uint32(h[24:]) == 1<<32-1)
		p.header += prefix
		if p.header < 0 || p.header+localLen > a.size || p.compressed < 0 {
			return fmt.Errorf("zip entry outside the file: %w", document.ErrDamaged)
		}
		if err := a.add(p); err != nil {
			return err
		}
		pos += total
	}
	return nil
}

// zip64 takes sizes of more than 32 bits from the extra field (APPNOTE 4.5.3).
func (p *Part) zip64(extra []byte, wideSize bool) {
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if n > len(extra)-4 {
			return
		}
		field := extra[4 : 4+n]
		extra = extra[4+n:]
		if id != 1 {
			continue
		}
		take := func(dst *int64, wide bool) {
			if wide && len(field) >= 8 {
				*dst = int64(le.Uint64(field))
				field = field[8:]
			}
		}
		var size int64
		take(&size, wideSize)
		take(&p.compressed, p.compressed == 1<<32-1)
		take(&p.header, p.header == 1<<32-1)
		return
	}
}

// findEnd returns where the directory ends, its size and its stated offset.
func (a *Archive) findEnd() (at, dirSize, offset int64, err error) {
	n := min(a.size, 1<<16+endLen+20)
	tail := make([]byte, n)
	if _, err := a.src.ReadAt(tail, a.size-n); err != nil && err != io.EOF {
		return 0, 0, 0, fmt.Errorf("zip end: %w", err)
	}
	i := bytes.LastIndex(tail, []byte(sigEnd))
	if i < 0 || len(tail)-i < endLen {
		return 0, 0, 0, fmt.Errorf("zip has no directory: %w", document.ErrDamaged)
	}
	at = a.size - n + int64(i)
	dirSize, offset = int64(le.Uint32(tail[i+12:])), int64(le.Uint32(tail[i+16:]))
	if j := i - 20; j >= 0 && string(tail[j:j+4]) == sigLocator {
		var end64 [56]byte
		where := int64(le.Uint64(tail[j+8:]))
		if _, err := a.src.ReadAt(end64[:], where); err == nil && string(end64[:4]) == sigEnd64 {
			at, dirSize, offset = where, int64(le.Uint64(end64[40:])), int64(le.Uint64(end64[48:]))
		}
	}
	if dirSize < 0 || offset < 0 || dirSize > at || offset > at {
		return 0, 0, 0, fmt.Errorf("zip directory outside the file: %w", document.ErrDamaged)
	}
	return at, dirSize, offset, nil
}

// scanLocal lists the entries whose local headers it finds by their signature.
// An entry ends where the next begins: sizes may be absent from the headers,
// and the compressed data itself says where it is complete.
func (a *Archive) scanLocal() error {
	const stride = 256 << 10
	buf := make([]byte, stride+1<<10)
	var last *Part
	for base := int64(0); base < a.size; base += stride {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		n, err := a.src.ReadAt(buf, base)
		if err != nil && err != io.EOF {
			return fmt.Errorf("zip entries: %w", err)
		}
		for i := 0; i < min(n, stride); i++ {
			j := bytes.Index(buf[i:n], []byte("PK"))
			if j < 0 || i+j >= stride {
				break
			}
			i += j
			at := base + int64(i)
			if last != nil && (bytes.HasPrefix(buf[i:n], []byte(sigCentral)) || bytes.HasPrefix(buf[i:n], []byte(sigLocal))) {
				last.compressed = min(last.compressed, at-last.header)
			}
			p := localHeader(buf[i:n], at)
			if p == nil {
				continue
			}
			p.compressed = a.size - at
			if err := a.add(p); err != nil {
				return err
			}
			last = p
		}
	}
	if len(a.Parts) == 0 {
		return fmt.Errorf("not a zip: %w", document.ErrDamaged)
	}
	return nil
}

// localHeader returns the entry whose local header is at the start of b, or
// nil if it is none that could be read.
func localHeader(b []byte, at int64) *Part {
	if len(b) < localLen || string(b[:4]) != sigLocal {
		return nil
	}
	method, nameLen := le.Uint16(b[8:]), int(le.Uint16(b[26:]))
	if method != 0 && method != 8 || nameLen == 0 || nameLen > 1000 || localLen+nameLen > len(b) {
		return nil
	}
	return &Part{Name: string(b[localLen : localLen+nameLen]), method: method, encrypted: b[6]&1 != 0, header: at}
}
