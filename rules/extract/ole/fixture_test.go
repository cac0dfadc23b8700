package ole_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow/transcript"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/ole"
)

var (
	le     = binary.LittleEndian
	limits = document.Limits{Bytes: 1 << 30, Ratio: 200, Cells: 50e6, Pages: 1000, Depth: 24}
)

// node is a stream, or a storage if it has children.
type node struct {
	name     string
	data     []byte
	children []node
}

// compoundFile writes a compound file of version 3; streams below 4,096 bytes
// go to the small sectors.
func compoundFile(nodes ...node) []byte {
	const sector, none, end = 512, 0xFFFFFFFF, 0xFFFFFFFE
	pad := func(b []byte, n int) []byte { return append(b, make([]byte, (n-len(b)%n)%n)...) }
	var mini, body, dir []byte
	var miniFAT, fat []uint32
	chain := func(fat *[]uint32, n int) uint32 {
		start := uint32(len(*fat))
		for i := range n {
			next := start + uint32(i) + 1
			if i == n-1 {
				next = end
			}
			*fat = append(*fat, next)
		}
		return start
	}
	store := func(data []byte) uint32 {
		data = pad(bytes.Clone(data), sector)
		body = append(body, data...)
		return chain(&fat, len(data)/sector)
	}
	entry := func(name string, kind byte) int {
		e := make([]byte, 128)
		for i, u := range utf16.Encode([]rune(name)) {
			le.PutUint16(e[2*i:], u)
		}
		le.PutUint16(e[64:], uint16(2*len(utf16.Encode([]rune(name)))+2))
		e[66], e[67] = kind, 1
		le.PutUint32(e[68:], none)
		le.PutUint32(e[72:], none)
		le.PutUint32(e[76:], none)
		dir = append(dir, e...)
		return len(dir) - 128
	}
	var add func(parent int, nodes []node)
	add = func(parent int, nodes []node) {
		link := parent + 76
		for _, n := range nodes {
			kind := byte(2)
			if n.children != nil {
				kind = 1
			}
			at := entry(n.name, kind)
			le.PutUint32(dir[link:], uint32(at/128))
			link = at + 72 // the next sibling hangs to the right
			switch {
			case kind == 1:
				add(at, n.children)
			case len(n.data) < 4096:
				data := pad(bytes.Clone(n.data), 64)
				mini = append(mini, data...)
				le.PutUint32(dir[at+116:], chain(&miniFAT, len(data)/64))
			default:
				le.PutUint32(dir[at+116:], store(n.data))
			}
			le.PutUint32(dir[at+120:], uint32(len(n.data)))
		}
	}
	root := entry("Root Entry", 5)
	add(root, nodes)
	le.PutUint32(dir[root+116:], store(mini))
	le.PutUint32(dir[root+120:], uint32(len(mini)))
	miniStart := store(numbers(miniFAT))
	dirStart := store(dir)
	fatSectors := (len(fat) + 127) / 128
	for (len(fat)+fatSectors+127)/128 > fatSectors {
		fatSectors++
	}
	h := make([]byte, sector)
	copy(h, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	for at, v := range map[int]uint16{24: 0x3E, 26: 3, 28: 0xFFFE, 30: 9, 32: 6} {
		le.PutUint16(h[at:], v)
	}
	for at, v := range map[int]uint32{44: uint32(fatSectors), 48: dirStart, 56: 4096, 60: miniStart, 64: uint32(len(miniFAT)+127) / 128, 68: end} {
		le.PutUint32(h[at:], v)
	}
	for i := 76; i < sector; i += 4 {
		le.PutUint32(h[i:], none)
	}
	for i := range fatSectors {
		le.PutUint32(h[76+4*i:], uint32(len(fat)))
		fat = append(fat, 0xFFFFFFFD)
	}
	for len(fat)%128 != 0 {
		fat = append(fat, none)
	}
	return append(append(h, body...), numbers(fat)...)
}

func numbers(list []uint32) []byte {
	var b []byte
	for _, v := range list {
		b = le.AppendUint32(b, v)
	}
	return b
}

// pack joins values in little-endian order; strings as the bytes they are.
func pack(values ...any) []byte {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b = append(b, v...)
		case []byte:
			b = append(b, v...)
		default:
			var err error
			if b, err = binary.Append(b, le, v); err != nil {
				panic(err)
			}
		}
	}
	return b
}

// rec writes a record of BIFF.
func rec(id uint16, values ...any) string {
	data := pack(values...)
	return string(pack(id, uint16(len(data)), data))
}

// wide writes text as UTF-16.
func wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

// biff8 writes a workbook stream: the declarations, then sheets of cells.
func biff8(declared string, sheets ...string) []byte {
	bof := func(kind uint16) string { return rec(0x809, uint16(0x600), kind, make([]byte, 12)) }
	const eof = "\x0a\x00\x00\x00"
	head := bof(5) + rec(0x42, uint16(1200))
	at := len(head) + len(declared) + len(eof)
	for i := range sheets {
		at += len(rec(0x85, uint32(0), uint16(0), uint8(6), uint8(0), "Sheet"+string(rune('1'+i))))
	}
	var list, body strings.Builder
	for i, cells := range sheets {
		list.WriteString(rec(0x85, uint32(at+body.Len()), uint16(0), uint8(6), uint8(0), "Sheet"+string(rune('1'+i))))
		body.WriteString(bof(0x10) + cells + eof)
	}
	return []byte(head + list.String() + declared + eof + body.String())
}

// number is a cell with a float.
func number(row, column, xf uint16, v float64) string {
	return rec(0x203, row, column, xf, math.Float64bits(v))
}

func xls(workbook []byte, more ...node) []byte {
	return compoundFile(append([]node{{name: "Workbook", data: workbook}}, more...)...)
}

// read returns what Read gives out of the file.
func read(data []byte, lim document.Limits) (string, error) {
	var out transcript.Transcript
	err := ole.Read(context.Background(), bytes.NewReader(data), int64(len(data)), lim, &out)
	return out.String(), err
}

func expect(t *testing.T, name, got string, want ...string) {
	t.Helper()
	if all := strings.Join(want, "\n"); got != all {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, all)
	}
}
