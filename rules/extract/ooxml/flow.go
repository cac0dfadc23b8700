package ooxml

import (
	"bytes"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// meaning is what an element of WordprocessingML, DrawingML, charts, comments
// or VML means for the text. They share names for what is alike.
type meaning uint8

const (
	nothing   meaning = iota
	words             // its text is text
	field             // its text is a command with an address in it, perhaps
	paragraph         // a line ends with it
	tab
	newLine
	hyphen
	tableOf
	rowOf
	cellOf
	spanOf  // how many columns the cell spans
	skipped // nothing in it is text
	either  // holds one content in two forms
	fallback
	caption // an attribute of it is text: of a picture
	choice  // and is a line of its own
)

var meanings = map[string]meaning{
	"t": words, "delText": words, "v": words, "text": words, "Text": words, "textbox": words,
	"instrText": field, "delInstrText": field,
	"p": paragraph, "comment": paragraph, "threadedComment": paragraph, "cm": paragraph, "pt": paragraph, "div": paragraph, "Shape": paragraph,
	"tab": tab, "ptab": tab, "br": newLine, "cr": newLine, "noBreakHyphen": hyphen,
	"tbl": tableOf, "tr": rowOf, "tc": cellOf, "gridSpan": spanOf,
	"tabs": skipped, "rPh": skipped,
	"AlternateContent": either, "Fallback": fallback,
	"docPr": caption, "cNvPr": choice, "listItem": choice, "docVar": choice,
}

// flowStep is a part with paragraphs and tables under way.
type flowStep struct {
	rd    *reader
	s     *xmlzip.Scanner
	f     *flow.Flow
	words int // elements open whose text is text
	field bool
	skip  int   // elements open within one that is skipped, with itself
	span  int   // columns of the open cell
	total int   // bytes of text so far
	forms []int // total at the start of each AlternateContent that is open
}

// flow gives out a part that is paragraphs and tables.
func (rd *reader) flow(p *xmlzip.Part, place string) error {
	s, c, err := rd.scan(p)
	if err != nil {
		rd.note(err)
		return nil
	}
	defer c.Close()
	if rd.roles[p] == roleVML {
		s.AllowUnclosed()
	}
	f := flow.New(rd.lim.Depth, rd.count)
	step := &flowStep{rd: rd, s: s, f: f}
	err = f.Run(rd.ctx, place, rd.out, step.next)
	if f.Cut() {
		rd.note(fmt.Errorf("table cell of more than %d bytes: %w", sheet.MaxCellBytes, document.ErrTooBig))
	}
	return err
}

// next takes one tag or piece of text.
func (st *flowStep) next() error {
	kind, err := st.s.Next()
	if err != nil {
		st.rd.note(err)
		return err
	}
	switch {
	case st.skip > 0:
		switch kind {
		case xmlzip.Start:
			st.skip++
		case xmlzip.End:
			st.skip--
		}
	case kind == xmlzip.Text:
		st.text(st.s.Text())
	case kind == xmlzip.Start:
		st.start(meanings[string(st.s.Name())])
	default:
		st.end(meanings[string(st.s.Name())])
	}
	return nil
}

func (st *flowStep) text(b []byte) {
	if st.words > 0 || st.field && bytes.IndexByte(b, '@') >= 0 {
		st.total += len(b)
		st.f.Text(b)
	}
}

func (st *flowStep) start(m meaning) {
	switch m {
	case words:
		st.words++
	case field:
		st.field = true
	case tab:
		st.f.Text([]byte("\t"))
	case newLine:
		st.f.Text([]byte("\n"))
	case hyphen:
		st.f.Text([]byte("-"))
	case tableOf:
		st.f.OpenTable("")
	case cellOf: // DrawingML counts the columns here, and repeats merged cells itself
		st.span = 1
	case spanOf:
		if n := atoi(st.s.Attr("val")); n > 1 {
			st.span = n
		}
	case skipped:
		st.skip = 1
	case caption, choice:
		st.caption(m == choice)
	case either:
		if len(st.forms) < st.rd.lim.Depth {
			st.forms = append(st.forms, st.total)
		}
	case fallback:
		if n := len(st.forms); n > 0 && st.total > st.forms[n-1] {
			st.skip = 1
		}
	}
}

// caption gives what an element says in its attributes, as a line of its own or
// as words in the paragraph.
func (st *flowStep) caption(line bool) {
	for {
		name, value, ok := st.s.NextAttr()
		if !ok {
			return
		}
		switch string(name) {
		case "descr", "title", "displayText", "val":
			if bytes.IndexByte(value, ' ') < 0 && bytes.IndexByte(value, '@') < 0 {
				continue
			}
			st.f.Text(value)
			if line {
				st.f.EndParagraph()
			} else {
				st.f.Text([]byte{' '})
			}
		}
	}
}

func (st *flowStep) end(m meaning) {
	switch m {
	case words:
		st.words = max(st.words-1, 0)
	case field:
		st.field = false
	case paragraph:
		st.f.EndParagraph()
	case tableOf:
		st.f.CloseTable()
	case rowOf:
		st.f.CloseRow(1)
	case cellOf:
		st.f.CloseCell(st.span, true)
		st.span = 1
	case either:
		if n := len(st.forms); n > 0 {
			st.forms = st.forms[:n-1]
		}
	}
}
