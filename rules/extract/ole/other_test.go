package ole_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/ole"
)

// wordFile writes a DOC whose text is in two pieces, 8-bit and UTF-16, and
// whose rows end where rowEnds says, by offset in the 8-bit text.
func wordFile(narrow, tail string, inTable, rowEnds []int) []byte {
	const textAt = 1024
	fib := make([]byte, textAt)
	le.PutUint16(fib, 0xA5EC)
	le.PutUint16(fib[10:], 0x0200)
	stream := append(fib, narrow...)
	wideAt := len(stream)
	stream = append(stream, wide(tail)...)
	stream = append(stream, make([]byte, (512-len(stream)%512)%512)...)
	// A page of properties: runs of paragraphs, each with where its own are.
	page := make([]byte, 512)
	runs := len(narrow)
	froms := make([]uint32, 0, runs+1)
	for i := range runs + 1 {
		froms = append(froms, uint32(textAt+i))
	}
	copy(page, numbers(froms))
	copy(page[500:], "\x03\x00\x00\x16\x24\x01")
	copy(page[480:], "\x05\x00\x00\x16\x24\x01\x17\x24\x01")
	for _, i := range inTable {
		page[4*(runs+1)+13*i] = 250
	}
	for _, i := range rowEnds {
		page[4*(runs+1)+13*i] = 240
	}
	page[511] = byte(runs)
	pageAt := len(stream) / 512
	stream = append(stream, page...)

	plc := pack(uint32(0), uint32(len(narrow)), uint32(len(narrow)+len([]rune(tail))),
		uint16(0), uint32(textAt*2)|1<<30, uint16(0), uint16(0), uint32(wideAt), uint16(0))
	table := pack(uint8(2), uint32(len(plc)), plc)
	le.PutUint32(stream[0x1A6:], uint32(len(table)))
	le.PutUint32(stream[0x102:], uint32(len(table)))
	le.PutUint32(stream[0x106:], 12)
	table = append(table, pack(uint32(textAt), uint32(textAt+runs), uint32(pageAt))...)
	return compoundFile(node{name: "WordDocument", data: stream}, node{name: "1Table", data: table})
}

func TestDocumentTablesAreRows(t *testing.T) {
	text := "Hi\ra\x07b\x07\x07\x07c\x07\x07Z\r"
	got, err := read(wordFile(text, "Zoë\r", []int{3, 4, 5, 6, 8, 9, 10}, []int{7, 11}), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "document", got, `text : "Hi"`, "row : a|b", "row : |c", `text : "Z\nZoë"`)
}

func TestDocumentFieldsGiveTheirResultAndAddress(t *testing.T) {
	got, err := read(wordFile("x\x13HYPERLINK \"mailto:a@example.com\"\x14", "Ann\x15 and \x13PAGE\x14seven\x15\r", nil, nil), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "fields", got, `text : "xHYPERLINK \"mailto:a@example.com\" Ann and seven"`)
}

// A row's end is told by an empty cell where the properties are lost.
func TestDocumentWithoutPropertiesHasRowsAllTheSame(t *testing.T) {
	fib := make([]byte, 1024)
	le.PutUint16(fib, 0xA5DC) // Word 6: text between two offsets
	text := "a\x07b\x07\x07c\x07d\x07\x07end\r"
	le.PutUint32(fib[0x18:], 1024)
	le.PutUint32(fib[0x1C:], uint32(1024+len(text)))
	got, err := read(compoundFile(node{name: "WordDocument", data: append(fib, text...)}), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "old document", got, "row : a|b", "row : c|d", `text : "end"`)
}

func TestPresentationGivesItsTexts(t *testing.T) {
	atom := func(kind uint16, data []byte) string { return string(pack(uint16(0), kind, uint32(len(data)), data)) }
	box := func(kind uint16, inner string) string {
		return string(pack(uint16(0x0F), kind, uint32(len(inner)), inner))
	}
	stream := box(1000, atom(0x0FA0, wide("Zoë\rtwo"))+box(1006, atom(0x0FA8, []byte("caf\xe9")))) +
		box(1007, atom(0x0FBA, wide("note"))) +
		box(0x0428, "\x00\x00\x03\x04\xff\xff\x00\x00") + // holds no records, whatever it says
		box(1008, atom(0x0FA8, []byte("last")))
	got, err := read(compoundFile(node{name: "PowerPoint Document", data: []byte(stream)}), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "slides", got, `text : "Zoë\ntwo\ncafé\nnote\nlast"`)
	deep := atom(0x0FA8, []byte("deep"))
	for range 65 {
		deep = box(1000, deep)
	}
	if _, err = read(compoundFile(node{name: "PowerPoint Document", data: []byte(deep)}), limits); !errors.Is(err, document.ErrTooDeep) {
		t.Errorf("text too deep: %v", err)
	}
	user := make([]byte, 20)
	le.PutUint32(user[12:], 0xF3D1C4DF)
	_, err = read(compoundFile(node{name: "PowerPoint Document", data: []byte(stream)}, node{name: "Current User", data: user}), limits)
	if !errors.Is(err, document.ErrEncrypted) {
		t.Errorf("with a password: %v", err)
	}
}

func outlookItem(class string, more ...node) []node {
	return append([]node{
		{name: "__properties_version1.0", data: append(make([]byte, 32), pack(uint32(0x3FFD0003), uint32(6), uint64(1251))...)},
		{name: "__substg1.0_001A001F", data: wide(class)},
		{name: "__substg1.0_0037001E", data: []byte("\xcf\xf0\xe8")},
	}, more...)
}

func TestMessageGivesBodiesAndAttachments(t *testing.T) {
	inner := outlookItem("IPM.Note", node{name: "__substg1.0_1000001F", data: wide("inner")})
	got, err := read(compoundFile(outlookItem("IPM.Note",
		node{name: "__substg1.0_1000001F", data: wide("Hello Zoë")},
		node{name: "__substg1.0_10130102", data: []byte("<p>Hello</p>")},
		node{name: "__recip_version1.0_#00000000", children: []node{{name: "__substg1.0_3003001F", data: wide("to@example.com")}}},
		node{name: "__attach_version1.0_#00000000", children: []node{
			{name: "__substg1.0_3707001F", data: wide("list.csv")}, {name: "__substg1.0_37010102", data: []byte("a,b\n")}}},
		node{name: "__attach_version1.0_#00000001", children: []node{{name: "__substg1.0_3701000D", children: inner}}},
	)...), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "message", got, `text subject: "При"`, `text body: "Hello Zoë"`, `file body.html: 12 bytes "<p>Hello</p>"`,
		`file list.csv: 4 bytes "a,b\n"`, `text subject: "При"`, `text body: "inner"`)
}

func TestContactGivesItsFields(t *testing.T) {
	got, err := read(compoundFile(outlookItem("IPM.Contact",
		node{name: "__substg1.0_3A06001F", data: wide("Zoë")}, node{name: "__substg1.0_3A08001E", data: []byte("555 0100")},
		node{name: "__substg1.0_8083001F", data: wide("z@example.com")})...), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "contact", got, `text subject: "При"`, `text fields: "Zoë\n555 0100\nz@example.com"`)
}

// The sample of [MS-OXRTFCP] 3.1.
func TestMessageDecompressesRTF(t *testing.T) {
	packed := []byte("\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0")
	got, err := read(compoundFile(outlookItem("IPM.Note", node{name: "__substg1.0_10090102", data: packed})...), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "RTF", got, `text subject: "При"`, `file body.rtf: 43 bytes "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"`)
}

func TestMacrosAreText(t *testing.T) {
	// Eight letters as they are, then four more, a byte of flags before each eight.
	module := append([]byte("junk\x01\x0f\xb0\x00Attribut\x00e VB_"), "x"...)
	got, err := read(compoundFile(node{name: "VBA", children: []node{{name: "Module1", data: module}, {name: "dir", data: []byte("x")}}}), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "macros", got, `text Module1: "Attribute VB_x"`)
	// A letter and 4,098 copies of it.
	module = append(module, strings.Repeat("\x03\xb0\x02x\xff\x0f", 1100)...)
	if _, err = read(compoundFile(node{name: "VBA", children: []node{{name: "Module1", data: append(module, "\x03\xb0\x02x\xff\x0f"...)}}}), limits); !errors.Is(err, document.ErrTooBig) {
		t.Errorf("a module of more than 4 MiB: %v", err)
	}
}

func TestKindOfTellsCompoundFilesApart(t *testing.T) {
	for _, tc := range []struct {
		data []byte
		want ole.Kind
	}{
		{xls(biff8("")), ole.XLS},
		{biff8(""), ole.XLS},
		{compoundFile(node{name: "worddocument"}), ole.DOC},
		{compoundFile(node{name: "PowerPoint Document"}), ole.PPT},
		{compoundFile(node{name: "__properties_version1.0"}), ole.MSG},
		{compoundFile(node{name: "x"}), ole.Other},
		{[]byte("a,b\nc,d\ne,f\n"), ole.None},
	} {
		if got := ole.KindOf(bytes.NewReader(tc.data), int64(len(tc.data))); got != tc.want {
			t.Errorf("kind %d, want %d", got, tc.want)
		}
	}
}

func TestUnknownProgramsStreamsArePassedOn(t *testing.T) {
	got, err := read(compoundFile(node{name: "Notes", data: []byte("a,b")}, node{name: "\x05SummaryInformation", data: []byte("x")}), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "streams", got, `file Notes: 3 bytes "a,b"`)
}

// Each sector chain is pointed at itself, at another or out of the file.
func TestChainsThatTurnBackEnd(t *testing.T) {
	whole := xls(biff8("", number(0, 0, 0, 1)), node{name: "x", data: make([]byte, 9000)})
	fat := len(whole) - 512
	for at := fat; at < len(whole); at += 4 {
		for _, v := range []uint32{0, uint32(at-fat) / 4, 3, 1 << 20} {
			data := bytes.Clone(whole)
			le.PutUint32(data[at:], v)
			if _, err := read(data, limits); err != nil && !errors.Is(err, document.ErrDamaged) {
				t.Errorf("sector %d to %d: %v", (at-fat)/4, v, err)
			}
		}
	}
}

// Streams that the directory gives but the bound does not allow are empty.
func TestStreamsPastTheBoundAreSaid(t *testing.T) {
	lim := limits
	lim.Bytes = 30
	for name, data := range map[string][]byte{
		"DOC": wordFile("a\r", "b\r", nil, nil), "XLS": xls(biff8("", number(0, 0, 0, 1))), "MSG": compoundFile(outlookItem("IPM.Note")...),
		"PPT": compoundFile(node{name: "PowerPoint Document", data: make([]byte, 200)}),
	} {
		if _, err := read(data, lim); !errors.Is(err, document.ErrTooBig) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	cells := rec(0xFD, uint16(0), uint16(0), uint16(0), uint32(0)) + number(1, 0, 1, 36526)
	declared := rec(0xE0, uint16(0), uint16(14)) + rec(0xFC, uint32(1), uint32(1), uint16(3), uint8(0), "o") + rec(0x3C, uint8(0), "ne")
	f.Add(xls(biff8(declared, cells)))
	f.Add(biff8(declared, cells))
	f.Add(wordFile("a\x07\x07", "x\r", []int{0, 1}, []int{2}))
	f.Add(compoundFile(outlookItem("IPM.Note", node{name: "__attach_version1.0_#00000000", children: []node{{name: "__substg1.0_37010102", data: []byte("a,b\n")}}})...))
	f.Add(compoundFile(node{name: "PowerPoint Document", data: pack(uint16(0), uint16(0x0FA8), uint32(2), "ab")}))
	lim := document.Limits{Bytes: 4 << 20, Ratio: 100, Cells: 10_000, Pages: 20, Depth: 5}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _ := read(data, lim)
		if len(got) > 64<<20 {
			t.Errorf("%d bytes out of %d", len(got), len(data))
		}
	})
}
