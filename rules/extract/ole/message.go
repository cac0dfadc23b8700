package ole

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/codepage"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// Properties of an Outlook item that are read by name ([MS-OXPROPS]). A
// stream's name ends with the property and its type in hexadecimal.
const (
	propClass       = 0x001A
	propSubject     = 0x0037
	propBody        = 0x1000
	propRTF         = 0x1009
	propHTML        = 0x1013
	propDisplayName = 0x3001
	propAttachData  = 0x3701
	propShortName   = 0x3704
	propLongName    = 0x3707
	propCodePage    = 0x3FFD
	propInternetCP  = 0x3FDE

	streamPrefix = "__substg1.0_"
	attachPrefix = "__attach_version1.0_"
	maxProperty  = 64 << 20
)

// Types of properties ([MS-OXCDATA] 2.11.1).
const (
	typeObject  = 0x000D
	typeString8 = 0x001E
	typeString  = 0x001F
	typeBinary  = 0x0102
)

// message gives out an Outlook item ([MS-OXMSG]): subject, bodies, the fields
// of a contact, and attachments, other items among them.
func (rd *reader) message(s *entry, name string, depth int) error {
	m := &item{rd: rd, s: s, text: decode(1252)}
	m.codePage()
	if err := m.textOf("subject", propSubject); err != nil {
		return err
	}
	if err := m.textOf("body", propBody); err != nil {
		return err
	}
	if err := m.html(); err != nil {
		return err
	}
	if e, typ := m.property(propClass); e == nil || !bytes.HasPrefix(bytes.ToLower(m.value(e, typ)), []byte("ipm.note")) {
		if err := m.fields(name); err != nil {
			return err
		}
	}
	for _, child := range s.children {
		if child.kind != isStorage || !strings.HasPrefix(strings.ToLower(child.name), attachPrefix) {
			continue
		}
		if rd.pages++; rd.pages > rd.lim.Pages {
			rd.note(fmt.Errorf("attachments: %w", document.ErrTooMany))
			return nil
		}
		if err := rd.attachment(child, depth); err != nil || rd.overspent() {
			return err
		}
	}
	return nil
}

// item is an Outlook item, or an attachment of one.
type item struct {
	rd   *reader
	s    *entry
	text *decoder
}

// property returns the stream of a property and its type, nil if there is none.
func (m *item) property(id int) (*entry, int) {
	for _, typ := range []int{typeString, typeString8, typeBinary, typeObject} {
		if e := m.s.find(fmt.Sprintf("%s%04X%04X", streamPrefix, id, typ)); e != nil {
			return e, typ
		}
	}
	return nil, 0
}

// value returns the property as text.
func (m *item) value(e *entry, typ int) []byte {
	b := m.rd.bytes(e, maxProperty)
	if typ == typeString {
		return trimNUL(b)
	}
	return bytes.TrimRight(m.text.append(nil, b), "\x00")
}

// codePage finds what 8-bit text is written in. The fixed properties come in
// entries of 16 bytes, after a header whose length depends on what the item is in.
func (m *item) codePage() {
	e := m.s.find("__properties_version1.0")
	if e == nil || e.kind != isStream {
		return
	}
	b := m.rd.bytes(e, 1<<20)
	for _, header := range []int{32, 24, 8} {
		for i := header; i+16 <= len(b); i += 16 {
			tag := le.Uint32(b[i:])
			if id := tag >> 16; tag&0xFFFF == 3 && (id == propCodePage || id == propInternetCP) {
				if page := int(le.Uint32(b[i+8:])); codepage.Known(page) {
					m.text = decode(page)
				}
			}
		}
	}
}

// textOf gives out a property as text.
func (m *item) textOf(place string, id int) error {
	e, typ := m.property(id)
	if e == nil {
		return nil
	}
	if text := m.value(e, typ); len(bytes.TrimSpace(text)) > 0 {
		return m.rd.out.Text(place, bytes.NewReader(text))
	}
	return nil
}

// html gives out the formatted body: HTML, or RTF where there is no HTML.
func (m *item) html() error {
	if e, typ := m.property(propHTML); e != nil {
		b := m.rd.bytes(e, maxProperty)
		if typ == typeString {
			b = trimNUL(b)
		}
		if len(b) > 0 {
			return m.rd.out.File("body.html", bytes.NewReader(b), int64(len(b)))
		}
	}
	e, _ := m.property(propRTF)
	if e == nil {
		return nil
	}
	packed := m.rd.bytes(e, maxProperty)
	if len(packed) == 0 {
		return nil
	}
	b, err := decompressRTF(packed)
	m.rd.note(err)
	if len(b) == 0 {
		return nil
	}
	return m.rd.out.File("body.rtf", bytes.NewReader(b), int64(len(b)))
}

// fields gives out the other texts of an item that is no message, such as the
// numbers and addresses of a contact, one a line.
func (m *item) fields(name string) error {
	type field struct {
		id, typ int
		e       *entry
	}
	var list []field
	for _, e := range m.s.children {
		hex, ok := strings.CutPrefix(strings.ToLower(e.name), streamPrefix)
		if !ok || len(hex) != 8 || e.kind != isStream {
			continue
		}
		tag, err := strconv.ParseUint(hex, 16, 32)
		id, typ := int(tag>>16), int(tag&0xFFFF)
		contact := id >= 0x3A00 && id < 0x3B00 || id >= 0x8000
		if err == nil && contact && (typ == typeString || typ == typeString8) {
			list = append(list, field{id, typ, e})
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].id < list[j].id })
	return m.rd.giveLines(strings.TrimSpace(name+" fields"), func(dst []byte) ([]byte, bool) {
		if len(list) == 0 {
			return dst, false
		}
		dst = append(append(dst, m.value(list[0].e, list[0].typ)...), '\n')
		list = list[1:]
		return dst, true
	})
}

// attachment gives out a file, or another item that is attached.
func (rd *reader) attachment(s *entry, depth int) error {
	m := &item{rd: rd, s: s, text: decode(1252)}
	name := "attachment"
	for _, id := range []int{propDisplayName, propShortName, propLongName} {
		if e, typ := m.property(id); e != nil {
			if v := m.value(e, typ); len(v) > 0 {
				name = string(v)
			}
		}
	}
	for _, typ := range []int{typeBinary, typeObject} {
		e := s.find(fmt.Sprintf("%s%04X%04X", streamPrefix, propAttachData, typ))
		switch {
		case e == nil:
		case e.kind == isStorage:
			return rd.storage(e, name, depth+1)
		default:
			src, size := rd.open(e)
			if size > 0 {
				return rd.out.File(name, src, size)
			}
		}
	}
	return nil
}

// decompressRTF undoes the compression of a body in RTF ([MS-OXRTFCP]). With
// an error it returns what could be read.
func decompressRTF(b []byte) ([]byte, error) {
	if len(b) < 16 {
		return nil, fmt.Errorf("compressed RTF: %w", document.ErrDamaged)
	}
	size := int64(le.Uint32(b[4:]))
	magic := string(b[8:12])
	b = b[16:]
	if magic == "MELA" {
		return b[:min(size, int64(len(b)))], nil
	}
	if magic != "LZFu" {
		return nil, fmt.Errorf("compressed RTF: %w", document.ErrDamaged)
	}
	const dictionary = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
		"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`
	var window [4096]byte
	w := copy(window[:], dictionary)
	size = min(size, maxProperty)
	out := make([]byte, 0, min(size, int64(len(b))*8))
	put := func(c byte) {
		out = append(out, c)
		window[w] = c
		w = (w + 1) & 4095
	}
	for len(b) > 0 && int64(len(out)) < size {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0; bit++ {
			if flags>>bit&1 == 0 {
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				b = nil
				break
			}
			from, n := int(b[0])<<4|int(b[1])>>4, int(b[1]&15)+2
			b = b[2:]
			if from == w {
				return out, nil
			}
			for i := range n {
				put(window[(from+i)&4095])
			}
		}
	}
	if int64(len(out)) < size {
		return out, fmt.Errorf("compressed RTF ends early: %w", document.ErrDamaged)
	}
	return out, nil
}
