package ooxml

import (
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// namedSheet is a sheet as the workbook lists it.
type namedSheet struct {
	name string
	part *xmlzip.Part
}

// loadWorkbook returns the sheets that the workbooks list, hidden ones among
// them. Sheets that none lists are found by their content later.
func (rd *reader) loadWorkbook() []namedSheet {
	var list []namedSheet
	for _, p := range rd.byRole[roleWorkbook] {
		s, c, err := rd.scan(p)
		if err != nil {
			rd.note(err)
			continue
		}
		for {
			kind, err := s.Next()
			if err != nil {
				rd.note(err)
				break
			}
			if kind != xmlzip.Start {
				continue
			}
			switch string(s.Name()) {
			case "sheet":
				name, id := sheetAttrs(s)
				if target := rd.linked(p.Name, id); target != nil && len(list) < xmlzip.MaxParts {
					list = append(list, namedSheet{name, target})
				}
			case "workbookPr":
				v := string(s.Attr("date1904"))
				rd.date1904 = v == "1" || v == "true" || v == "on"
			}
		}
		c.Close()
	}
	return append(list, rd.loadBinaryWorkbook()...)
}

func sheetAttrs(s *xmlzip.Scanner) (name, id string) {
	for {
		key, value, ok := s.NextAttr()
		if !ok {
			return name, id
		}
		switch string(key) {
		case "name":
			name = string(value)
		case "id":
			id = string(value)
		}
	}
}

// maxStyles is the number of cell formats that are kept; Excel's own bound is 65,490.
const maxStyles = 1 << 17

// loadStyles fills rd.styles: the number format of each cell format.
func (rd *reader) loadStyles() {
	for _, p := range rd.byRole[roleStyles] {
		s, c, err := rd.scan(p)
		if err != nil {
			rd.note(err)
			continue
		}
		rd.styles = readStyles(rd, s)
		c.Close()
	}
	rd.loadBinaryStyles()
}

func readStyles(rd *reader, s *xmlzip.Scanner) []sheet.Style {
	var styles []sheet.Style
	custom := make(map[int]sheet.Style)
	inCells := false
	for {
		kind, err := s.Next()
		if err != nil {
			rd.note(err)
			return styles
		}
		switch name := string(s.Name()); {
		case kind == xmlzip.Text:
		case name == "cellXfs":
			inCells = kind == xmlzip.Start
		case kind == xmlzip.End:
		case name == "numFmt" && len(custom) < maxStyles:
			id, code := numFmt(s)
			custom[id] = sheet.ParseStyle(code)
		case name == "xf" && inCells && len(styles) < maxStyles:
			id, _ := strconv.Atoi(string(s.Attr("numFmtId")))
			style, ok := custom[id]
			if !ok {
				style = sheet.Builtin(id)
			}
			styles = append(styles, style)
		}
	}
}

func numFmt(s *xmlzip.Scanner) (id int, code string) {
	for {
		name, value, ok := s.NextAttr()
		if !ok {
			return id, code
		}
		switch string(name) {
		case "numFmtId":
			id, _ = strconv.Atoi(string(value))
		case "formatCode":
			code = string(value)
		}
	}
}

// style returns the number format of a cell format; plain for one that is not listed.
func (rd *reader) style(xf int) sheet.Style {
	if xf < 0 || xf >= len(rd.styles) {
		return sheet.Style{}
	}
	return rd.styles[xf]
}
