package ooxml_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"unicode/utf16"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// rec writes a record of BIFF12 from values and strings, which get their length.
func rec(id int, values ...any) string {
	var data []byte
	for _, v := range values {
		if s, ok := v.(string); ok {
			wide := utf16.Encode([]rune(s))
			data = binary.LittleEndian.AppendUint32(data, uint32(len(wide)))
			for _, u := range wide {
				data = binary.LittleEndian.AppendUint16(data, u)
			}
			continue
		}
		var err error
		if data, err = binary.Append(data, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	head := []byte{byte(id)}
	if id >= 0x80 {
		head = []byte{byte(id)&0x7F | 0x80, byte(id >> 7)}
	}
	n := len(data)
	for n >= 0x80 {
		head = append(head, byte(n)|0x80)
		n >>= 7
	}
	return string(append(append(head, byte(n)), data...))
}

// cell is the column and format that cells begin with.
func cell(column, format uint32) []uint32 { return []uint32{column, format} }

func binaryWorkbook(t testing.TB, sheet string) []byte {
	return parts(t,
		"xl/workbook.bin", rec(131)+rec(156, uint32(1), uint32(1), "rId1", "Hidden"),
		"xl/_rels/workbook.bin.rels", `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.bin"/></Relationships>`,
		"xl/sharedStrings.bin", rec(159)+rec(19, uint8(0), "Zoë")+rec(19, uint8(0), "two"),
		"xl/styles.bin", rec(278)+rec(44, uint16(164), "yyyy")+rec(617)+rec(47, uint16(0), uint16(0))+rec(47, uint16(0), uint16(164))+rec(618),
		"xl/worksheets/sheet1.bin", rec(129)+sheet,
		"xl/comments1.bin", rec(628)+rec(637, uint8(0), "call her"))
}

func TestBinarySheetIsReadAsItsXML(t *testing.T) {
	got, err := read(binaryWorkbook(t,
		rec(0, uint32(0))+rec(7, cell(0, 0), uint32(0))+rec(6, cell(1, 0), "text")+rec(2, cell(3, 0), uint32(1234<<2|2))+
			rec(0, uint32(1))+rec(5, cell(0, 1), float64(36526))+rec(4, cell(1, 0), uint8(1))+rec(3, cell(2, 0), uint8(0x2A))+rec(8, cell(3, 0), "sum")+
			rec(0, uint32(2))+rec(9, cell(0, 0), math.Pi)+rec(62, cell(1, 0), uint8(0), "rich")+rec(18, uint32(0), uint32(1))), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "binary sheet", got, "row Hidden: Zoë|text||1234", "row Hidden: 2000-01-01|TRUE|#N/A|sum",
		"row Hidden: 3.14159265358979|rich|two", `text comments1: "call her"`)
}

func TestBinarySheetThatIsCutOffIsDamaged(t *testing.T) {
	whole := rec(0, uint32(0)) + rec(6, cell(0, 0), "text")
	got, err := read(binaryWorkbook(t, whole+whole[:len(whole)-3]), limits)
	if !errors.Is(err, document.ErrDamaged) {
		t.Errorf("error %v", err)
	}
	expect(t, "what is left", got, "row Hidden: text", `text comments1: "call her"`)
}
