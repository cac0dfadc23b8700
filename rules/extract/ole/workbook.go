package ole

import (
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
)

// workbook is a stream of BIFF with what its first part declares.
type workbook struct {
	rd       *reader
	in       *biff
	version  int // 2 to 5, or 8
	text     *decoder
	date1904 bool
	strings  sheet.Strings
	formats  map[int]sheet.Style
	plain    int           // formats so far that had no number of their own
	styles   []sheet.Style // by number of the cell's format
	sheets   []boundSheet
	notes    []byte // texts beside cells
}

// boundSheet is a sheet as the workbook lists it.
type boundSheet struct {
	name string
	at   int64 // in the stream
}

// Bounds of what a workbook declares, beside its strings.
const (
	maxFormats = 1 << 16
	maxSheets  = 1 << 14
	maxNotes   = 4 << 20
)

// isBareSheet tells whether r begins with the record that starts a worksheet,
// as Excel wrote before version 5 and many a script does still.
func isBareSheet(r io.ReaderAt) bool {
	var h [8]byte
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return false
	}
	id, n := le.Uint16(h[:]), le.Uint16(h[2:])
	kind := le.Uint16(h[6:])
	known := kind == 0x05 || kind == 0x10 || kind == 0x20 || kind == 0x40 || kind == 0x100
	return (id == 0x09 || id == 0x209 || id == 0x409 || id == 0x809) && n >= 4 && n <= 16 && known
}

// workbooks gives out all workbook streams of a storage: a file for old and
// new versions has two. The stored data of pivot tables goes with them.
func (rd *reader) workbooks(s *entry) error {
	for _, e := range s.children {
		switch {
		case strings.EqualFold(e.name, "Workbook") || strings.EqualFold(e.name, "Book"):
			src, size := rd.open(e)
			if err := rd.workbook(src, size); err != nil {
				return err
			}
		case e.name == "_SX_DB_CUR":
			for _, cache := range e.children {
				if err := rd.pivotText(cache); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// workbook gives out one stream: its declarations are read first, then the
// sheets where they are said to be, or one after the other.
func (rd *reader) workbook(r io.ReaderAt, size int64) error {
	if size == 0 {
		return nil
	}
	w := &workbook{rd: rd, in: newBIFF(r, size), text: decode(1252), formats: make(map[int]sheet.Style)}
	if err := w.globals(); err != nil {
		rd.note(err)
	}
	if len(w.sheets) == 0 {
		w.sheets = []boundSheet{{"", w.in.pos}}
		if w.version < 5 {
			w.sheets[0].at = 0
		}
	}
	for _, s := range w.sheets {
		if rd.pages++; rd.pages > rd.lim.Pages {
			rd.note(fmt.Errorf("sheets: %w", document.ErrTooMany))
			return nil
		}
		if err := rd.ctx.Err(); err != nil {
			return err
		}
		if err := w.sheet(s); err != nil || rd.overspent() {
			return err
		}
	}
	return nil
}

// begin takes a BOF record: which version of BIFF follows.
func (w *workbook) begin(rec record) {
	switch {
	case rec.id == 0x09:
		w.version = 2
	case rec.id == 0x209:
		w.version = 3
	case rec.id == 0x409:
		w.version = 4
	case len(rec.data) >= 2 && le.Uint16(rec.data) == 0x600:
		w.version = 8
	default:
		w.version = 5
	}
}

func isBOF(id int) bool { return id&0xFF == 0x09 && id>>8 <= 8 }

// globals reads what the workbook declares for all sheets. A bare sheet
// declares it among its cells; then the whole sheet is passed.
func (w *workbook) globals() error {
	depth := 0
	for {
		rec, err := w.in.next()
		if err != nil {
			return err
		}
		switch {
		case isBOF(rec.id):
			if depth++; depth == 1 {
				w.begin(rec)
				if w.version == 5 && len(rec.data) >= 4 && le.Uint16(rec.data[2:]) == 0x10 {
					w.in.pos = 0 // BIFF5 as scripts write it: one sheet, no workbook
					return nil
				}
			}
		case rec.id == recEOF:
			if depth--; depth <= 0 {
				return nil
			}
		case rec.id == recFilePass:
			if w.in.cipher, err = newCipher(rec.data, defaultPassword); err != nil {
				w.in.pos = w.in.size
				return err
			}
		case rec.id == recSST:
			if err := w.readStrings(rec.data); err != nil {
				w.rd.note(err)
			}
		default:
			w.declare(rec)
		}
	}
}

// declare takes a record that says how cells are to be read.
func (w *workbook) declare(rec record) {
	d := rec.data
	switch {
	case rec.id == recCodePage && len(d) >= 2:
		w.text = decode(int(le.Uint16(d)))
	case rec.id == recDateMode && len(d) >= 2:
		w.date1904 = le.Uint16(d) == 1
	case rec.id == recBoundSht && len(d) > 7:
		if len(w.sheets) == maxSheets {
			w.rd.note(fmt.Errorf("sheets of a workbook: %w", document.ErrTooMany))
			return
		}
		w.sheets = append(w.sheets, boundSheet{string(w.shortString(d[6:])), int64(le.Uint32(d))})
	case (rec.id == recFormat || rec.id == recFormat2) && len(w.formats) < maxFormats:
		w.declareFormat(rec)
	case rec.id == recXF && len(d) >= 4:
		w.addStyle(int(le.Uint16(d[2:])))
	case (rec.id == recXF3 || rec.id == recXF4) && len(d) >= 2:
		w.addStyle(int(d[1]))
	}
}

func (w *workbook) declareFormat(rec record) {
	d, id := rec.data, w.plain
	switch {
	case w.version == 8 && len(d) > 5:
		id = int(le.Uint16(d))
		w.formats[id] = sheet.ParseStyle(string(w.longString(d[2:])))
		return
	case w.version == 5 && len(d) > 3:
		id, d = int(le.Uint16(d)), d[2:]
	case w.version == 4 && len(d) > 3:
		d = d[2:]
	case len(d) < 1:
		return
	}
	w.plain++
	w.formats[id] = sheet.ParseStyle(string(d[1:min(1+int(d[0]), len(d))]))
}

func (w *workbook) addStyle(format int) {
	if len(w.styles) >= maxFormats {
		return
	}
	style, ok := w.formats[format]
	if !ok {
		style = sheet.Builtin(format)
	}
	w.styles = append(w.styles, style)
}

// style returns the number format of a cell.
func (w *workbook) style(xf int) sheet.Style {
	if xf < len(w.styles) {
		return w.styles[xf]
	}
	return sheet.Style{}
}

// pivotText gives out the words in a pivot table's stored data, one a line.
func (rd *reader) pivotText(e *entry) error {
	src, size := rd.open(e)
	if size == 0 {
		return nil
	}
	in := newBIFF(src, size)
	w := &workbook{rd: rd, version: 8, text: decode(1252)}
	return rd.giveLines("pivot", func(dst []byte) ([]byte, bool) {
		rec, err := in.next()
		if err != nil {
			return dst, false
		}
		if rec.id == recPivotText {
			dst = append(append(dst, w.longString(rec.data)...), '\n')
		}
		return dst, true
	})
}
