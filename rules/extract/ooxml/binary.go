package ooxml

import (
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// Numbers of the records of XLSB that are read beside cells ([MS-XLSB] 2.3.1).
const (
	brtSSTItem      = 19
	brtFmt          = 44
	brtXF           = 47
	brtWbProp       = 153
	brtBundleSh     = 156
	brtBeginCellXFs = 617
	brtEndCellXFs   = 618
	brtCommentText  = 637
)

// parts calls visit for all records of all parts of a role.
func (rd *reader) records(of role, visit func(p *xmlzip.Part, id int, data []byte) bool) {
	for _, p := range rd.byRole[of] {
		r, err := rd.archive.Open(p)
		if err != nil {
			rd.note(err)
			continue
		}
		rd.each(r, func(id int, data []byte) bool { return visit(p, id, data) })
		r.Close()
	}
}

// loadBinaryWorkbook is loadWorkbook for XLSB.
func (rd *reader) loadBinaryWorkbook() []namedSheet {
	var list []namedSheet
	rd.records(roleBinWorkbook, func(p *xmlzip.Part, id int, data []byte) bool {
		switch {
		case id == brtWbProp && len(data) > 0:
			rd.date1904 = data[0]&1 != 0
		case id == brtBundleSh && len(data) > 8:
			link, rest := wideString(data[8:])
			name, _ := wideString(rest)
			if target := rd.linked(p.Name, string(sheet.AppendUTF16(nil, link))); target != nil {
				list = append(list, namedSheet{string(sheet.AppendUTF16(nil, name)), target})
			}
		}
		return len(list) < xmlzip.MaxParts
	})
	return list
}

// loadBinaryStyles is loadStyles for XLSB.
func (rd *reader) loadBinaryStyles() {
	custom := make(map[int]sheet.Style)
	inCells := false
	rd.records(roleBinStyles, func(_ *xmlzip.Part, id int, data []byte) bool {
		switch {
		case id == brtFmt && len(data) > 2 && len(custom) < maxStyles:
			code, _ := wideString(data[2:])
			custom[int(le.Uint16(data))] = sheet.ParseStyle(string(sheet.AppendUTF16(nil, code)))
		case id == brtBeginCellXFs:
			inCells = true
		case id == brtEndCellXFs:
			inCells = false
		case id == brtXF && inCells && len(data) >= 4:
			format := int(le.Uint16(data[2:]))
			style, ok := custom[format]
			if !ok {
				style = sheet.Builtin(format)
			}
			rd.styles = append(rd.styles, style)
		}
		return len(rd.styles) < maxStyles
	})
}

// loadBinaryStrings is loadStrings for XLSB.
func (rd *reader) loadBinaryStrings() {
	var text []byte
	rd.records(roleBinStrings, func(_ *xmlzip.Part, id int, data []byte) bool {
		if id != brtSSTItem || len(data) < 1 {
			return true
		}
		wide, _ := wideString(data[1:])
		text = sheet.AppendUTF16(text[:0], wide)
		if !rd.strings.Add(text) {
			rd.note(fmt.Errorf("shared strings: %w", document.ErrTooBig))
			return false
		}
		return true
	})
}

// binaryNotes gives out the comments of a sheet.
func (rd *reader) binaryNotes(p *xmlzip.Part, place string) error {
	r, err := rd.archive.Open(p)
	if err != nil {
		rd.note(err)
		return nil
	}
	defer r.Close()
	recs := newRecords(r)
	return rd.giveLines(place, func(dst []byte) ([]byte, bool) {
		id, data, err := recs.next()
		if err != nil {
			rd.note(err)
			return dst, false
		}
		if id == brtCommentText && len(data) > 1 {
			wide, _ := wideString(data[1:])
			dst = append(sheet.AppendUTF16(dst, wide), '\n')
		}
		return dst, true
	})
}
