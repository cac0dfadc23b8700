package ole

import (
	"bytes"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow"
)

// Marks in the text of a DOC ([MS-DOC] 2.4.1).
const (
	markCell      = 0x07 // the end of a cell, or of a row
	markTab       = 0x09
	markLine      = 0x0B
	markPage      = 0x0C
	markParagraph = 0x0D
	markField     = 0x13 // a command begins
	markResult    = 0x14 // its result begins
	markFieldEnd  = 0x15
	markHyphen    = 0x1E
)

// maxParagraph is where a paragraph without an end is given out.
const maxParagraph = 64 << 10

// wordStep turns the characters of a DOC into paragraphs and tables.
type wordStep struct {
	w  *word
	f  *flow.Flow
	rd *reader

	para    []byte
	command []byte // of the field that is open
	fields  int    // commands open
	cells   int    // in the row so far
}

// next takes the characters up to the end of a paragraph or cell.
func (st *wordStep) next() error {
	for range maxParagraph {
		ch, err := st.w.next()
		if err != nil {
			st.flush()
			if st.f.InTable() {
				st.f.CloseTable()
			}
			return err
		}
		switch ch.c {
		case markCell:
			st.cell(ch.at)
			return st.rd.ctx.Err()
		case markParagraph, markPage:
			st.paragraph(ch.at)
			return st.rd.ctx.Err()
		default:
			st.char(ch.c)
		}
	}
	return st.rd.ctx.Err()
}

// char takes a character within a paragraph.
func (st *wordStep) char(c rune) {
	switch c {
	case markField:
		st.fields++
		st.command = st.command[:0]
	case markResult:
		st.endCommand()
	case markFieldEnd:
		if len(st.command) > 0 { // a field without a result
			st.endCommand()
		}
	case markTab:
		st.add('\t')
	case markLine:
		st.add('\n')
	case markHyphen:
		st.add('-')
	default:
		if c >= ' ' {
			st.add(c)
		}
	}
}

// add puts a character to the paragraph, or to the command that is open.
func (st *wordStep) add(c rune) {
	if st.fields > 0 {
		if len(st.command) < maxParagraph {
			st.command = utf8.AppendRune(st.command, c)
		}
		return
	}
	st.para = utf8.AppendRune(st.para, c)
	if len(st.para) >= maxParagraph {
		st.flush()
	}
}

// endCommand keeps a command that has an address in it.
func (st *wordStep) endCommand() {
	st.fields = max(st.fields-1, 0)
	if bytes.IndexByte(st.command, '@') >= 0 {
		st.para = append(append(st.para, bytes.TrimSpace(st.command)...), ' ')
	}
	st.command = st.command[:0]
}

// flush gives the paragraph so far to the cell or text that is open.
func (st *wordStep) flush() {
	st.f.Text(st.para)
	st.para = st.para[:0]
}

// paragraph ends a paragraph: in a cell, or in the text after a table.
func (st *wordStep) paragraph(at int64) {
	if st.f.InTable() && !st.w.paras.inTable(at) && (st.cells == 0 || st.w.paras.known()) {
		st.f.CloseTable()
	}
	if !st.f.InTable() && st.w.paras.inTable(at) {
		st.f.OpenTable("")
	}
	st.flush()
	st.f.EndParagraph()
}

// cell ends a cell, or a row: a mark that says so, or where marks say nothing,
// an empty cell after others.
func (st *wordStep) cell(at int64) {
	if !st.f.InTable() {
		st.f.OpenTable("")
	}
	rowEnd := st.w.paras.rowEnd(at)
	if !st.w.paras.known() {
		rowEnd = st.cells > 0 && len(st.para) == 0
	}
	if rowEnd {
		st.f.CloseRow(1)
		st.cells = 0
		return
	}
	st.flush()
	st.f.CloseCell(1, false)
	st.cells++
}
