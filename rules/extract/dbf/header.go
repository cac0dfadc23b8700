package dbf

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// The sizes of the two parts of a header in bytes, up to dBase V and FoxPro.
const (
	fixedSize = 32
	fieldSize = 32
)

// field is a column: where it stands in a record, and how.
type field struct {
	name string
	kind byte
	from int
	to   int
}

// header is the beginning of a file.
type header struct {
	version byte
	records uint32
	size    int // bytes before the first record
	record  int // bytes of a record, its mark of deletion included
	sealed  bool
	page    int // code page, 0 if it is not told
	fields  []field
}

// Is tells a dBase or FoxPro file by the beginning of its header. There is no
// magic: a date that can be, and columns of known types that add up to a record.
func Is(head []byte) bool {
	h, whole := parse(head)
	return h != nil && (whole || len(h.fields) >= 8)
}

// parse reads a header as far as b has it, and tells whether that is all of it.
// It returns nil if b begins no such file.
func parse(b []byte) (*header, bool) {
	if len(b) < fixedSize+fieldSize {
		return nil, false
	}
	switch b[0] {
	case 0x03, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8b, 0x8e, 0xcb, 0xe5, 0xf5, 0xfb:
	default:
		return nil, false
	}
	le := binary.LittleEndian
	h := &header{version: b[0], records: le.Uint32(b[4:]), size: int(le.Uint16(b[8:])), record: int(le.Uint16(b[10:])),
		sealed: b[15] == 1, page: languages[b[29]]}
	if b[2] > 12 || b[3] > 31 || h.record < 2 || h.size < fixedSize+fieldSize+1 {
		return nil, false
	}
	at := 1
	long := h.longText(b)
	for off := fixedSize; ; off += fieldSize {
		if off < len(b) && off < h.size && b[off] == 0x0d || off+1 >= h.size {
			return h, at == h.record && len(h.fields) > 0
		}
		if off+fieldSize > len(b) || off+fieldSize > h.size {
			return h, false
		}
		f, ok := parseField(b[off:off+fieldSize], at, long)
		if !ok || f.to > h.record {
			return nil, false
		}
		h.fields = append(h.fields, f)
		at = f.to
	}
}

// longText tells whether the length of a text takes the place of the number of
// digits too, as Clipper and FoxPro write it: records are then longer than
// the lengths of one byte add up to.
func (h *header) longText(b []byte) bool {
	sum := 1
	for off := fixedSize; off+fieldSize <= len(b) && off+fieldSize <= h.size && b[off] != 0x0d; off += fieldSize {
		sum += int(b[off+16])
	}
	return sum < h.record
}

func parseField(b []byte, at int, long bool) (field, bool) {
	name, _, _ := bytes.Cut(b[:11], []byte{0})
	f := field{kind: b[11], from: at, to: at + int(b[16])}
	if bytes.IndexByte([]byte("CNFDLMBGPYTI@O+VWQ0"), f.kind) < 0 || len(name) == 0 {
		return f, false
	}
	if f.kind == 'C' && long {
		f.to += int(b[17]) << 8
	}
	for _, c := range name {
		if c < ' ' || c == 0x7f {
			return f, false
		}
	}
	if f.name = string(name); !utf8.ValidString(f.name) {
		f.name = ""
	}
	return f, f.to > f.from
}

// languages gives the code page of a language driver, byte 29 of a header.
var languages = map[byte]int{
	0x01: 437, 0x02: 850, 0x03: 1252, 0x04: 10000, 0x08: 865, 0x09: 437, 0x0a: 850, 0x0b: 437, 0x0d: 437, 0x0e: 850,
	0x0f: 437, 0x10: 850, 0x11: 437, 0x12: 850, 0x13: 932, 0x14: 850, 0x15: 437, 0x16: 850, 0x17: 865, 0x18: 437,
	0x19: 437, 0x1a: 850, 0x1b: 437, 0x1c: 863, 0x1d: 850, 0x1f: 852, 0x22: 852, 0x23: 852, 0x24: 860, 0x25: 850,
	0x26: 866, 0x37: 850, 0x40: 852, 0x4d: 936, 0x4e: 949, 0x4f: 950, 0x50: 874, 0x57: 1252, 0x58: 1252, 0x59: 1252,
	0x64: 852, 0x65: 866, 0x66: 865, 0x78: 950, 0x79: 949, 0x7a: 936, 0x7b: 932, 0x7c: 874, 0x7d: 1255, 0x7e: 1256,
	0x87: 852, 0xc8: 1250, 0xc9: 1251, 0xca: 1254, 0xcb: 1253, 0xcc: 1257,
}
