package extract

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"golang.org/x/text/encoding/charmap"
)

// rtf reads Rich Text Format (RTF 1.9): its text, its tables, the objects
// that are embedded in it.
func (w *walk) rtf(n node, c content) error {
	br := w.buffer(c.Reader)
	defer w.release(br)
	d := &rtfReader{br: br, maxObject: w.lim.Memory, charset: charmap.Windows1252, state: rtfState{skipAfter: 1}}
	if err := w.pieces(n, d); err != nil {
		return err
	}
	if d.err != nil && d.err != io.EOF {
		return d.err
	}
	if d.short {
		return document.ErrDamaged
	}
	return nil
}

// rtfReader cuts RTF into items.
type rtfReader struct {
	short     bool // fewer bytes follow than it says
	br        *bufio.Reader
	items     []*item
	first     int
	line      []byte // the open paragraph or cell
	row       [][]byte
	inRow     bool
	grid      int
	charset   *charmap.Charmap
	state     rtfState
	stack     []rtfState
	skip      int  // characters that stand in for the last \u
	high      rune // a high surrogate that waits
	object    []byte
	nibble    int // of object: a half byte, -1 for none
	maxObject int64
	err       error
}

// rtfState is what a group restores at its end.
type rtfState struct {
	ignore    bool // a destination that is no text
	object    bool // hexadecimal data of an object
	star      bool // \* came
	skipAfter int  // \uc
}

// maxRTFDepth bounds the nesting of groups.
const maxRTFDepth = 4096

func (d *rtfReader) peek() *item {
	for d.first == len(d.items) {
		if d.err != nil {
			return nil
		}
		d.items, d.first = d.items[:0], 0
		d.step()
	}
	return d.items[d.first]
}

func (d *rtfReader) take() { d.first++ }

// step reads one group mark, control or character.
func (d *rtfReader) step() {
	b, err := d.br.ReadByte()
	if err != nil {
		d.err = err
		d.endRow()
		d.endLine()
		d.endObject()
		return
	}
	switch b {
	case '{':
		if len(d.stack) < maxRTFDepth {
			d.stack = append(d.stack, d.state)
		}
		d.state.star = false
	case '}':
		if n := len(d.stack); n > 0 {
			if d.state.object && !d.stack[n-1].object {
				d.endObject()
			}
			d.state, d.stack = d.stack[n-1], d.stack[:n-1]
		}
		d.skip = 0
	case '\\':
		d.control()
	case '\r', '\n':
	default:
		d.char(b)
	}
}

// char adds a byte of text in the document's charset.
func (d *rtfReader) char(b byte) {
	switch {
	case d.skip > 0:
		d.skip--
	case d.state.object:
		d.hex(b)
	case d.state.ignore:
	case b < utf8.RuneSelf:
		d.add(rune(b))
	default:
		d.add(d.charset.DecodeByte(b))
	}
}

func (d *rtfReader) add(r rune) {
	if d.state.ignore || d.state.object {
		return
	}
	d.line = utf8.AppendRune(d.line, r)
	if len(d.line) > 32<<10 {
		d.endLine()
	}
}

func (d *rtfReader) hex(b byte) {
	v := unhex(b)
	if v > 15 || int64(len(d.object)) >= d.maxObject {
		return
	}
	if d.nibble < 0 {
		d.nibble = int(v)
		return
	}
	d.object = append(d.object, byte(d.nibble)<<4|v)
	d.nibble = -1
}

// endObject gives an embedded object: from where a known format begins in its
// OLE 1 wrapping.
func (d *rtfReader) endObject() {
	b := d.object
	d.object, d.nibble = nil, -1
	for _, mark := range []string{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "PK\x03\x04", "%PDF-"} {
		if i := bytes.Index(b, []byte(mark)); i >= 0 {
			d.items = append(d.items, &item{kind: itemData, text: b[i:], name: "object"})
			return
		}
	}
	if len(b) > 64 {
		d.items = append(d.items, &item{kind: itemData, text: b, name: "object"})
	}
}

// control reads a control word or symbol.
func (d *rtfReader) control() {
	b, err := d.br.ReadByte()
	if err != nil {
		d.err = err
		return
	}
	if !letter(b) {
		d.symbol(b)
		return
	}
	var word [32]byte
	n := 0
	for ; err == nil && letter(b); b, err = d.br.ReadByte() {
		if n < len(word) {
			word[n] = b
			n++
		}
	}
	var digits []byte
	for err == nil && (b == '-' && len(digits) == 0 || '0' <= b && b <= '9') && len(digits) < 12 {
		digits = append(digits, b)
		b, err = d.br.ReadByte()
	}
	if err == nil && b != ' ' {
		_ = d.br.UnreadByte()
	}
	value, convErr := strconv.Atoi(string(digits))
	if convErr != nil {
		value = -1
	}
	d.word(string(word[:n]), value)
}

// symbol handles a control of one character.
func (d *rtfReader) symbol(b byte) {
	switch b {
	case '\'':
		var h [2]byte
		if _, err := io.ReadFull(d.br, h[:]); err == nil {
			if hi, lo := unhex(h[0]), unhex(h[1]); hi < 16 && lo < 16 && !d.state.object {
				d.char(hi<<4 | lo)
			}
		}
	case '*':
		d.state.star = true
	case '~':
		d.add(' ')
	case '_':
		d.add('-')
	case '\\', '{', '}':
		d.char(b)
	case '\r', '\n':
		d.endLine()
	}
}

// word handles a control word.
func (d *rtfReader) word(name string, value int) {
	switch name {
	case "par", "line", "sect", "page", "column":
		d.endLine()
	case "tab":
		d.add('\t')
	case "cell", "nestcell":
		if !d.state.ignore {
			d.row, d.inRow = append(d.row, bytes.TrimSpace(bytes.Clone(d.line))), true
			d.line = d.line[:0]
		}
	case "row", "nestrow":
		d.endRow()
	case "trowd", "pard":
		if name == "pard" && !d.inRow && d.grid&1 == 1 {
			d.grid++ // the table is over
		}
	case "u":
		d.unicode(rune(uint16(value)))
	case "uc":
		d.state.skipAfter = min(max(value, 0), 16)
	case "ansicpg":
		d.charset = byteCharset("windows-" + strconv.Itoa(value))
	case "bin":
		if _, err := d.br.Discard(max(value, 0)); err != nil {
			d.short = true // the rest of the file went with it
		}
	case "emdash", "endash":
		d.add('-')
	case "lquote", "rquote":
		d.add('\'')
	case "ldblquote", "rdblquote":
		d.add('"')
	case "bullet":
		d.add('•')
	case "objdata":
		d.state.object, d.state.ignore, d.nibble = true, false, -1
	case "fonttbl", "colortbl", "stylesheet", "pict", "listtable", "listoverridetable", "rsidtbl", "generator", "themedata",
		"colorschememapping", "datastore", "latentstyles", "xmlnstbl", "nonesttables", "fldinst", "revtbl", "filetbl":
		if name != "fldinst" {
			d.state.ignore = true
		}
	default:
		if d.state.star && !rtfShown(name) {
			d.state.ignore = true
		}
	}
	d.state.star = false
}

// rtfShown tells the starred destinations whose text counts.
func rtfShown(name string) bool {
	switch name {
	case "fldinst", "annotation", "atnid", "atnauthor", "footnote", "shptxt", "shpinst", "nesttableprops", "bkmkstart", "comment":
		return true
	}
	return false
}

// unicode adds a UTF-16 unit and skips what stands in for it.
func (d *rtfReader) unicode(r rune) {
	switch {
	case d.high != 0:
		r, d.high = utf16.DecodeRune(d.high, r), 0
		d.add(r)
	case utf16.IsSurrogate(r):
		d.high = r
	default:
		d.add(r)
	}
	d.skip = d.state.skipAfter
}

// endLine gives the open paragraph; inside a row it stays part of the cell.
func (d *rtfReader) endLine() {
	if d.state.ignore || len(d.line) == 0 {
		return
	}
	if d.inRow && len(d.line) < 16<<10 {
		d.line = append(d.line, '\n')
		return
	}
	text := append(bytes.Clone(d.line), '\n')
	d.line = d.line[:0]
	d.items = append(d.items, &item{kind: itemText, text: text})
}

// endRow gives the open row.
func (d *rtfReader) endRow() {
	if !d.inRow {
		return
	}
	if d.grid&1 == 0 {
		d.grid++
	}
	d.items = append(d.items, &item{kind: itemRow, cells: d.row, grid: d.grid})
	d.row, d.inRow = nil, false
}
