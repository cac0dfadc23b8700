package ole_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

func TestWorkbookCellsReadAsTheyShow(t *testing.T) {
	declared := rec(0x41E, uint16(164), uint16(4), uint8(0), "yyyy") +
		rec(0xE0, uint16(0), uint16(0)) + rec(0xE0, uint16(0), uint16(14)) + rec(0xE0, uint16(0), uint16(164)) +
		rec(0xFC, uint32(3), uint32(3), uint16(3), uint8(0), "one", uint16(3), uint8(1), wide("Zoë"),
			// Rich text, with its formatting and pronunciation behind it.
			uint16(2), uint8(0x0C), uint16(1), uint32(3), "ab", make([]byte, 4), "xyz")
	label := func(row, column uint16, i uint32) string { return rec(0xFD, row, column, uint16(0), i) }
	for _, tc := range []struct{ name, cells, want string }{
		{"shared strings", label(0, 0, 0) + label(0, 1, 1) + label(0, 2, 2), "one|Zoë|ab"},
		{"a shared string that there is not", label(0, 0, 9) + label(0, 1, 0), "|one"},
		{"numbers", number(0, 0, 0, 123456789012) + number(0, 1, 0, 0.5) + rec(0x27E, uint16(0), uint16(2), uint16(0), uint32(1234<<2|2)), "123456789012|0.5|1234"},
		{"dates", number(0, 0, 1, 36526) + number(0, 1, 2, 36526.5), "2000-01-01|2000-01-01 12:00:00"},
		{"several numbers in one record", rec(0xBD, uint16(0), uint16(1), uint16(0), uint32(1<<2|2), uint16(1), uint32(36526<<2|2), uint16(2)), "|1|2000-01-01"},
		{"label", rec(0x204, uint16(0), uint16(0), uint16(0), uint16(3), uint8(1), wide("añb")), "añb"},
		{"truth and error", rec(0x205, uint16(0), uint16(0), uint16(0), uint8(1), uint8(0)) + rec(0x205, uint16(0), uint16(1), uint16(0), uint8(0x2A), uint8(1)), "TRUE|#N/A"},
		{"formula", rec(6, uint16(0), uint16(0), uint16(0), 2.5, make([]byte, 8)), "2.5"},
		{"formula with a string", rec(6, uint16(0), uint16(0), uint16(0), uint32(0), uint16(0), uint16(0xFFFF), make([]byte, 8)) + rec(0x207, uint16(2), uint8(0), "ab"), "ab"},
		{"formula with a truth", rec(6, uint16(0), uint16(0), uint16(0), uint8(1), uint8(0), uint8(1), uint8(0), uint16(0), uint16(0xFFFF), make([]byte, 8)), "TRUE"},
	} {
		got, err := read(xls(biff8(declared, tc.cells)), limits)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		expect(t, tc.name, got, "row Sheet1: "+tc.want)
	}
}

func TestWorkbookGivesAllSheetsAndWhatIsBeside(t *testing.T) {
	got, err := read(xls(biff8("",
		number(0, 0, 0, 1)+number(1, 0, 0, 2)+number(9, 0, 0, 3),
		rec(0x14, uint16(7), uint8(0), "Payroll")+rec(0x1B6, make([]byte, 10), uint16(8), make([]byte, 6))+
			rec(0x3C, uint8(0), "call")+rec(0x3C, uint8(1), wide(" her"))+
			rec(0x1B8, make([]byte, 20), wide("mailto:ann@example.com?x\x00"), make([]byte, 9)))), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "sheets", got, "row Sheet1: 1", "row Sheet1: 2", "row Sheet1: ", "row Sheet1: 3",
		`text Sheet2: "Payroll\ncall\n her\nann@example.com"`)
}

// Every place where a table of strings can be parted into records is tried.
func TestSharedStringsGoOnInTheNextRecord(t *testing.T) {
	for cut := 1; cut < 60; cut++ {
		body := pack(uint16(5), uint8(1), wide("Zoë A"), uint16(4), uint8(0x0C), uint16(1), uint32(3), "rich", make([]byte, 4), "xyz", uint16(3), uint8(0), "end")
		// Within characters the next record begins with their flags again.
		type span struct {
			from, to int
			flags    byte
		}
		next, inText := []byte{}, false
		for _, s := range []span{{3, 13, 1}, {22, 26, 0}, {36, 39, 0}} {
			if cut >= s.from && cut < s.to {
				if (cut-s.from)%2 != 0 && s.flags == 1 {
					inText = true // not within a character
				}
				next = []byte{s.flags}
			}
		}
		if inText || cut >= len(body) {
			continue
		}
		declared := rec(0xFC, uint32(3), uint32(3), body[:cut]) + rec(0x3C, next, body[cut:])
		cells := ""
		for i := range 3 {
			cells += rec(0xFD, uint16(0), uint16(i), uint16(0), uint32(i))
		}
		got, err := read(xls(biff8(declared, cells)), limits)
		if err != nil || got != "row Sheet1: Zoë A|rich|end" {
			t.Errorf("parted after %d bytes: %s, %v", cut, got, err)
		}
	}
}

func TestSheetsBeforeVersion8AreRead(t *testing.T) {
	for _, tc := range []struct{ name, data string }{
		// As many a script writes it: a bare sheet in the manner of BIFF5.
		{"version 5", rec(0x809, uint16(0), uint16(0x10), uint32(0)) + rec(0x204, uint16(0), uint16(0), uint16(0), uint16(3), "Zo\xeb") + number(0, 1, 0, 42) + rec(0x0A)},
		{"version 4", rec(0x409, uint16(0), uint16(0x10), uint16(0)) + rec(0x204, uint16(0), uint16(0), uint16(0), uint16(3), "Zo\xeb") + number(0, 1, 0, 42) + rec(0x0A)},
		{"version 3", rec(0x209, uint16(0), uint16(0x10), uint16(0)) + rec(0x204, uint16(0), uint16(0), uint16(0), uint16(3), "Zo\xeb") + number(0, 1, 0, 42) + rec(0x0A)},
		{"version 2", rec(0x09, uint16(2), uint16(0x10)) + rec(0x04, uint16(0), uint16(0), make([]byte, 3), uint8(3), "Zo\xeb") + rec(0x02, uint16(0), uint16(1), make([]byte, 3), uint16(42)) + rec(0x0A)},
	} {
		got, err := read([]byte(tc.data), limits)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		expect(t, tc.name, got, "row : Zoë|42")
	}
}

func TestWorkbookSaysWhatIsNotRead(t *testing.T) {
	rows := ""
	for i := range 2000 {
		rows += number(uint16(i), 0, 0, float64(i))
	}
	stream := biff8("", rows)
	whole := xls(stream)
	for _, tc := range []struct {
		name string
		data []byte
		cell int64
		want error
		rows int
	}{
		{"password", xls(biff8(rec(0x2F, uint16(1), uint16(1), uint16(1), make([]byte, 48)), rows)), 1e6, document.ErrEncrypted, 0},
		{"password by exclusive or", xls(biff8(rec(0x2F, uint16(0), uint32(0)), rows)), 1e6, document.ErrEncrypted, 0},
		{"encrypted package", compoundFile(node{name: "EncryptionInfo"}, node{name: "EncryptedPackage", data: []byte("x")}), 1e6, document.ErrEncrypted, 0},
		{"stream cut off", xls(stream[:len(stream)/2]), 1e6, document.ErrDamaged, 900},
		{"file cut off", whole[:len(whole)/2], 1e6, document.ErrDamaged, 0},
		{"text beside the cells", xls(biff8("", strings.Repeat(rec(0x14, uint16(8000), byte(0), make([]byte, 8000)), 600))), 1e6, document.ErrTooBig, 0},
		{"cells", whole, 100, document.ErrTooMany, 100},
	} {
		lim := limits
		lim.Cells = tc.cell
		got, err := read(tc.data, lim)
		if !errors.Is(err, tc.want) || strings.Count(got, "row ") < tc.rows {
			t.Errorf("%s: %d rows, error %v", tc.name, strings.Count(got, "row "), err)
		}
	}
}

func TestEmbeddedFilesArePassedOn(t *testing.T) {
	inner := biff8("", number(0, 0, 0, 7))
	native := pack(uint32(99), uint16(2), "list.csv\x00", "C:\\list.csv\x00", uint32(3), uint32(4), "tmp\x00", uint32(4), "a,b\n")
	got, err := read(xls(biff8("", number(0, 0, 0, 1)),
		node{name: "MBD0001", children: []node{{name: "Workbook", data: inner}}},
		node{name: "MBD0002", children: []node{{name: "\x01Ole10Native", data: native}}},
		node{name: "MBD0003", children: []node{{name: "Package", data: []byte("PK\x03\x04")}}},
	), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "embedded", got, "row Sheet1: 1", "row Sheet1: 7", `file list.csv: 4 bytes "a,b\n"`, `file Package: 4 bytes "PK\x03\x04"`)
}

func ExampleRead() {
	got, err := read(xls(biff8("", number(0, 0, 0, 1)+number(0, 2, 0, 3))), limits)
	fmt.Println(got, err)
	// Output: row Sheet1: 1||3 <nil>
}
