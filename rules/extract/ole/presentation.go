package ole

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
)

// Numbers of records of a PPT that hold text or files ([MS-PPT] 2.13.24).
const (
	pptTextChars = 0x0FA0
	pptTextBytes = 0x0FA8
	pptString    = 0x0FBA
	pptObject    = 0x1011
	pptContainer = 0x0F // the lower four bits of a record that holds records
	pptLocked    = 0xF3D1C4DF
	maxPPTDepth  = 64
	maxPPTText   = 16 << 20 // bytes of one text
	maxPPTObject = 64 << 20
)

// presentation gives out the texts of a PPT, and the files in it.
func (rd *reader) presentation(s *entry, name string) error {
	if user := rd.bytes(s.find("Current User"), 4<<10); len(user) >= 16 && le.Uint32(user[12:]) == pptLocked {
		rd.note(fmt.Errorf("presentation with a password: %w", document.ErrEncrypted))
		return nil
	}
	e := s.find("PowerPoint Document")
	if e == nil {
		rd.note(fmt.Errorf("presentation before version 97: %w", document.ErrUnsupported))
		return nil
	}
	src, size := rd.open(e)
	p := &slides{rd: rd, src: src, size: size}
	if err := rd.giveLines(name, p.next); err != nil {
		return err
	}
	for _, at := range p.objects {
		if err := rd.object(src, at); err != nil {
			return err
		}
	}
	return nil
}

// slides goes through the records of a PPT, into those that hold others.
type slides struct {
	rd      *reader
	src     io.ReaderAt
	size    int64
	pos     int64
	ends    []int64 // of the records that are open
	resumed bool    // records were found after a stretch that is none
	objects []pptRecord
	head    [8]byte
	buf     []byte
}

// pptRecord is where a record's data is.
type pptRecord struct{ at, size int64 }

// next appends the next text and tells whether there may be more.
func (p *slides) next(dst []byte) ([]byte, bool) {
	for p.pos+8 <= p.size && p.rd.ctx.Err() == nil {
		if _, err := p.src.ReadAt(p.head[:], p.pos); err != nil {
			p.rd.note(fmt.Errorf("presentation: %w", document.ErrDamaged))
			return dst, false
		}
		for len(p.ends) > 0 && p.pos >= p.ends[len(p.ends)-1] {
			p.ends = p.ends[:len(p.ends)-1]
		}
		p.pos += 8
		kind, size := le.Uint16(p.head[2:]), int64(le.Uint32(p.head[4:]))
		at := p.pos
		if len(p.ends) == 0 && (kind == 0 || at+size > p.size) {
			if !p.resume() {
				return dst, false
			}
			continue
		}
		if size = p.fit(size); size < 0 {
			continue
		}
		if p.head[0]&0x0F == pptContainer {
			if len(p.ends) < maxPPTDepth {
				p.ends = append(p.ends, at+size)
				continue
			}
			p.rd.note(fmt.Errorf("containers of a presentation: %w", document.ErrTooDeep))
		}
		p.pos += size
		switch kind {
		case pptTextChars, pptString, pptTextBytes:
			return p.text(dst, kind, at, size), true
		case pptObject:
			if len(p.objects) == maxSheets {
				p.rd.note(fmt.Errorf("files in a presentation: %w", document.ErrTooMany))
				continue
			}
			p.objects = append(p.objects, pptRecord{at, size})
		}
	}
	return dst, false
}

// fit returns the size that a record at hand can have. One that reaches past
// the record it is in shows that this one holds something else: it is left,
// and the size is negative.
func (p *slides) fit(size int64) int64 {
	if n := len(p.ends); n > 0 && p.pos+size > p.ends[n-1] {
		p.pos, p.ends = p.ends[n-1], p.ends[:n-1]
		return -1
	}
	return size
}

// resume goes on at the next record that can stand for itself: between the
// records of one saving and the next there may be anything. It returns false
// if there is none.
func (p *slides) resume() bool {
	const stride = 64 << 10
	buf := make([]byte, stride+8)
	for base := p.pos - 7; base+8 <= p.size && p.rd.ctx.Err() == nil; base += stride {
		n, _ := p.src.ReadAt(buf, base)
		for i := 0; i+8 <= n && i < stride; i++ {
			size := int64(le.Uint32(buf[i+4:]))
			if buf[i] == pptContainer && buf[i+1] == 0 && pptTop[le.Uint16(buf[i+2:])] && base+int64(i)+8+size <= p.size {
				p.pos, p.resumed = base+int64(i), true
				return true
			}
		}
	}
	if !p.resumed {
		p.rd.note(fmt.Errorf("presentation ends within a record: %w", document.ErrDamaged))
	}
	return false
}

// pptTop are the records that can stand for themselves: the document, slides,
// masters, notes and handouts.
var pptTop = map[uint16]bool{1000: true, 1006: true, 1008: true, 1016: true, 4041: true}

// text appends a text with its lines.
func (p *slides) text(dst []byte, kind uint16, at, size int64) []byte {
	if size > maxPPTText {
		p.rd.note(fmt.Errorf("text of a slide: %w", document.ErrTooBig))
		size = maxPPTText
	}
	if int64(cap(p.buf)) < size {
		p.buf = make([]byte, size)
	}
	n, _ := p.src.ReadAt(p.buf[:size], at)
	start := len(dst)
	if kind == pptTextBytes {
		dst = appendChars(dst, 0, p.buf[:n])
	} else {
		dst = sheet.AppendUTF16(dst, p.buf[:n])
	}
	for i := start; i < len(dst); i++ {
		if dst[i] == '\r' || dst[i] == 0x0B {
			dst[i] = '\n'
		}
	}
	return append(dst, '\n')
}

// object gives out a file in a slide; it may be compressed.
func (rd *reader) object(src io.ReaderAt, rec pptRecord) error {
	section := io.NewSectionReader(src, rec.at, rec.size)
	var head [8]byte
	if n, _ := section.ReadAt(head[:], 0); n < 8 {
		return nil
	}
	if string(head[:]) == signature {
		return rd.out.File("object", section, rec.size)
	}
	z, err := zlib.NewReader(io.NewSectionReader(section, 4, rec.size-4))
	if err != nil {
		rd.note(fmt.Errorf("file in a slide: %w", document.ErrDamaged))
		return nil
	}
	data, err := rd.inflate(z, rec.size)
	if int64(len(data)) != int64(le.Uint32(head[:])) { // its size, when whole
		rd.note(err)
	}
	if len(data) == 0 {
		return nil
	}
	return rd.out.File("object", bytes.NewReader(data), int64(len(data)))
}

// inflate reads what comes out of a decompressor, within the bounds.
func (rd *reader) inflate(z io.Reader, packed int64) ([]byte, error) {
	limit := min(int64(maxPPTObject), rd.lim.Bytes-rd.spent)
	if ratio := packed * rd.lim.Ratio; ratio < limit {
		limit = max(ratio, 1<<20)
	}
	data, err := io.ReadAll(io.LimitReader(z, limit))
	rd.spent += int64(len(data))
	switch {
	case int64(len(data)) >= limit:
		return data, fmt.Errorf("compressed file: %w", document.ErrTooBig)
	case err != nil:
		return data, fmt.Errorf("compressed file: %w", document.ErrDamaged)
	}
	return data, nil
}
