package extract

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// The attributes of TNEF that hold content ([MS-OXTNEF] section 2.1.3).
const (
	tnefBody        = 0x0002800c
	tnefProperties  = 0x00069003
	tnefRendering   = 0x00069002
	tnefTitle       = 0x00018010
	tnefData        = 0x0006800f
	tnefAttachProps = 0x00069005
	tnefCodepage    = 0x00069007
)

// tnef reads a winmail.dat: the text of a message of Outlook and its attachments.
func (w *walk) tnef(n node, c content) error {
	at, size, free, cut := w.random(c)
	defer free()
	if w.fatal != nil {
		return w.fatal
	}
	t := &tnefReader{w: w, n: n, at: at, charset: "windows-1252"}
	for off := int64(6); off+9 <= size; {
		var h [9]byte
		if _, err := at.ReadAt(h[:], off); err != nil {
			return fmt.Errorf("tnef attribute: %w", document.ErrDamaged)
		}
		id, length := binary.LittleEndian.Uint32(h[1:]), int64(binary.LittleEndian.Uint32(h[5:]))
		if h[0] != 1 && h[0] != 2 || off+9+length > size {
			return firstError(t.flush(), fmt.Errorf("tnef attribute: %w", document.ErrDamaged))
		}
		if err := t.attribute(id, off+9, length); err != nil {
			return err
		}
		off += 9 + length + 2
	}
	return firstError(t.flush(), cut)
}

// tnefReader is the state of one file.
type tnefReader struct {
	w       *walk
	n       node
	at      io.ReaderAt
	charset string
	name    string // of the open attachment
	off     int64  // of its data
	size    int64
	parts   int
}

func (t *tnefReader) attribute(id uint32, off, size int64) error {
	switch id {
	case tnefRendering: // begins an attachment
		return t.flush()
	case tnefCodepage:
		if b := t.bytes(off, min(size, 4)); len(b) == 4 {
			t.charset = fmt.Sprintf("windows-%d", binary.LittleEndian.Uint32(b))
		}
	case tnefTitle:
		t.name = decodeBytes(t.charset, bytes.TrimRight(t.bytes(off, min(size, 512)), "\x00"))
	case tnefData:
		t.off, t.size = off, size
	case tnefBody:
		return t.open("", t.charset, "text/plain", io.NewSectionReader(t.at, off, size))
	case tnefProperties, tnefAttachProps:
		if size > t.w.lim.PartBytes/8 {
			return document.ErrTooBig
		}
		return t.properties(t.bytes(off, size))
	}
	return nil
}

func (t *tnefReader) bytes(off, size int64) []byte {
	b := make([]byte, size)
	k, _ := t.at.ReadAt(b, off)
	return b[:k]
}

// flush opens the attachment that was read.
func (t *tnefReader) flush() error {
	size := t.size
	t.size = 0
	if size == 0 {
		t.name = ""
		return nil
	}
	t.parts++
	name := t.name
	if name == "" {
		name = fmt.Sprintf("attachment %d", t.parts)
	}
	t.name = ""
	return t.open(name, "", "", io.NewSectionReader(t.at, t.off, size))
}

func (t *tnefReader) open(name, charset, media string, s *io.SectionReader) error {
	c := t.n.child(name)
	c.charset, c.media = charset, media
	if c.place = t.n.place; name != "" {
		c.place = Attachment
	}
	return t.w.open(c, content{t.w.metered(c, s), s, s.Size()})
}

// properties reads a list of MAPI properties: bodies, and the names and
// objects of attachments.
func (t *tnefReader) properties(b []byte) error {
	m := &mapiProps{b: b}
	for count := m.uint32(); count > 0 && !m.bad; count-- {
		kind, id, values := m.property()
		for _, v := range values {
			var err error
			switch {
			case id == 0x3707 || id == 0x3704 && t.name == "":
				t.name = mapiText(kind, v, t.charset)
			case id == 0x1000:
				err = t.open("", "utf-8", "text/plain", sectionOf([]byte(mapiText(kind, v, t.charset))))
			case id == 0x1013:
				err = t.open("", t.charset, "text/html", sectionOf(v))
			case id == 0x1009:
				if text := inflateRTF(v); text != nil {
					err = t.open("", "", "", sectionOf(text))
				}
			case id == 0x3701 && len(v) > 16:
				t.parts++
				name := t.name
				if name == "" {
					name = fmt.Sprintf("object %d", t.parts)
				}
				if kind == 0x000d { // an object has its interface before it
					v = v[16:]
				}
				err = t.open(name, "", "", sectionOf(v))
			}
			if err != nil {
				return err
			}
		}
	}
	if m.bad {
		return fmt.Errorf("tnef properties: %w", document.ErrDamaged)
	}
	return nil
}

func sectionOf(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func mapiText(kind uint16, v []byte, charset string) string {
	if kind&0xfff == 0x1f {
		u := make([]uint16, 0, len(v)/2)
		for ; len(v) >= 2; v = v[2:] {
			u = append(u, binary.LittleEndian.Uint16(v))
		}
		return strings.TrimRight(string(utf16.Decode(u)), "\x00")
	}
	return decodeBytes(charset, bytes.TrimRight(v, "\x00"))
}

// mapiProps reads the encoding of [MS-OXTNEF] section 2.1.3.4.
type mapiProps struct {
	b   []byte
	bad bool
}

func (m *mapiProps) take(n int) []byte {
	if n < 0 || n > len(m.b) {
		m.bad, m.b = true, nil
		return nil
	}
	v := m.b[:n]
	m.b = m.b[n:]
	return v
}

func (m *mapiProps) uint32() uint32 {
	if v := m.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// property reads one property with its values.
func (m *mapiProps) property() (kind, id uint16, values [][]byte) {
	tag := m.uint32()
	kind, id = uint16(tag), uint16(tag>>16)
	if id >= 0x8000 { // named
		m.take(16)
		if m.uint32() == 0 {
			m.uint32()
		} else {
			m.padded(int(m.uint32()))
		}
		id = 0
	}
	size := map[uint16]int{0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0a: 4, 0x0b: 4, 0x14: 8, 0x40: 8, 0x48: 16}[kind&0xfff]
	count := uint32(1)
	if size == 0 || kind&0x1000 != 0 {
		count = m.uint32()
	}
	for ; count > 0 && !m.bad; count-- {
		if size > 0 {
			m.take(size)
			continue
		}
		values = append(values, m.padded(int(m.uint32())))
	}
	return kind, id, values
}

func (m *mapiProps) padded(n int) []byte {
	v := m.take(n)
	if n > 0 {
		m.take(min((4-n%4)%4, len(m.b)))
	}
	return v
}
