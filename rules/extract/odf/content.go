package odf

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/sheet"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/xmlzip"
)

// Bounds of what a part holds beside its text, in bytes.
const (
	maxNotes  = 1 << 20
	maxBinary = 64 << 20 // base64 of files inside a flat document
)

// content is a part with text and tables under way.
type content struct {
	rd *reader
	s  *xmlzip.Scanner
	f  *flow.Flow

	para    int    // paragraphs open, or elements of properties
	aside   int    // notes and shapes open: their text is not the cell's
	skip    int    // elements open within one that is skipped, with itself
	columns int    // in which the open cell stands
	value   []byte // of the open cell, as its attributes give it
	date    bool   // the open cell is a date: its value is clearer than its text
	said    bool   // the open cell has text of its own
	rows    []int  // per open table, how often the open row is repeated
	deeper  int    // tables open past the depth bound
	stop    bool
	notes   []byte
	binary  []byte // base64 of the file that is open, or of none
	files   [][]byte
	spent   int // bytes of files
	inFile  bool
}

// content gives out a part.
func (rd *reader) content(r io.Reader, place string) error {
	s := xmlzip.NewScanner(r)
	s.AllowDoctype()
	c := &content{rd: rd, s: s, f: flow.New(rd.lim.Depth, rd.count)}
	if err := c.f.Run(rd.ctx, place, rd.out, c.next); err != nil {
		return err
	}
	if c.f.Cut() {
		rd.note(fmt.Errorf("cell of more than %d bytes: %w", sheet.MaxCellBytes, document.ErrTooBig))
	}
	if len(c.notes) > 0 {
		if err := rd.out.Text(place, bytes.NewReader(c.notes)); err != nil {
			return err
		}
	}
	for _, data := range c.files {
		if err := rd.out.File("embedded", bytes.NewReader(data), int64(len(data))); err != nil {
			return err
		}
	}
	return nil
}

// next takes one tag or piece of text.
func (c *content) next() error {
	kind, err := c.s.Next()
	if err == nil && c.stop {
		err = io.EOF
	}
	if err != nil {
		c.rd.note(err)
		return err
	}
	switch {
	case c.skip > 0:
		switch kind {
		case xmlzip.Start:
			c.skip++
		case xmlzip.End:
			c.skip--
		}
	case kind == xmlzip.Text:
		c.text(c.s.Text())
	case kind == xmlzip.Start:
		c.start()
	default:
		c.end()
	}
	return nil
}

func (c *content) text(b []byte) {
	if c.inFile {
		c.binary = append(c.binary, b[:min(len(b), max(maxBinary-c.spent-len(c.binary), 0))]...)
		return
	}
	switch {
	case c.para == 0:
	case c.aside > 0:
		if len(c.notes)+len(b) > maxNotes {
			c.rd.note(fmt.Errorf("notes of a document: %w", document.ErrTooBig))
			return
		}
		c.notes = append(c.notes, b...)
	case !c.date:
		c.said = c.said || len(bytes.TrimSpace(b)) > 0
		c.f.Text(b)
	}
}

func (c *content) start() {
	switch string(c.s.Name()) {
	case "p", "h", "index-title-template", "user-defined", "title", "description", "subject", "desc", "keyword", "creator", "initial-creator":
		c.para++
	case "annotation", "shapes":
		c.aside++
	case "s":
		n, _ := strconv.Atoi(string(c.s.Attr("c")))
		c.text(bytes.Repeat([]byte(" "), min(max(n, 1), 100)))
	case "tab", "tab-stop":
		c.text([]byte("\t"))
	case "line-break":
		c.text([]byte("\n"))
	case "a":
		c.link()
	case "table":
		c.openTable()
	case "table-row":
		n, _ := strconv.Atoi(string(c.s.Attr("number-rows-repeated")))
		if len(c.rows) > 0 {
			c.rows[len(c.rows)-1] = n
		}
	case "table-cell", "covered-table-cell":
		c.openCell()
	case "binary-data":
		c.inFile, c.binary = true, c.binary[:0]
	case "automatic-styles", "font-face-decls", "scripts", "settings", "list-style", "outline-style", "sequence-decls",
		"dde-connection-decls", "content-validations", "bookmark", "document-statistic":
		c.skip = 1
	}
}

// link adds the address behind a link, where it leads to a person.
func (c *content) link() {
	if target, ok := bytes.CutPrefix(c.s.Attr("href"), []byte("mailto:")); ok {
		address, _, _ := bytes.Cut(target, []byte("?"))
		c.text(address)
		c.text([]byte(" "))
	}
}

func (c *content) openTable() {
	if c.rd.tables++; c.rd.tables > c.rd.lim.Pages*100 {
		c.rd.note(fmt.Errorf("tables: %w", document.ErrTooMany))
		c.stop = true
		return
	}
	c.f.OpenTable(string(c.s.Attr("name")))
	if len(c.rows) >= max(c.rd.lim.Depth, 1) {
		c.deeper++
		return
	}
	c.rows = append(c.rows, 1)
}

// openCell takes a cell's attributes. Its value goes for its text where it has none.
func (c *content) openCell() {
	c.columns, c.said, c.date, c.value = 1, false, false, c.value[:0]
	for {
		name, value, ok := c.s.NextAttr()
		if !ok {
			break
		}
		switch string(name) {
		case "number-columns-repeated":
			c.columns, _ = strconv.Atoi(string(value))
		case "date-value":
			c.date = true
			c.value = append(c.value[:0], bytes.TrimSuffix(value, []byte("T00:00:00"))...)
		case "value", "time-value", "boolean-value", "string-value":
			c.value = append(c.value[:0], value...)
		}
	}
}

func (c *content) end() {
	switch string(c.s.Name()) {
	case "p", "h", "index-title-template", "user-defined", "title", "description", "subject", "desc", "keyword", "creator", "initial-creator":
		if c.para > 0 {
			c.para--
			c.endParagraph()
		}
	case "annotation", "shapes":
		c.aside = max(c.aside-1, 0)
	case "table-cell", "covered-table-cell":
		if !c.said {
			c.f.Text(c.value)
		}
		c.f.CloseCell(c.columns, false)
		c.value, c.said, c.date, c.columns = c.value[:0], false, false, 1
	case "table-row":
		if n := len(c.rows); n > 0 {
			c.f.CloseRow(c.rows[n-1])
		}
	case "table":
		c.f.CloseTable()
		if c.deeper > 0 {
			c.deeper--
		} else if n := len(c.rows); n > 0 {
			c.rows = c.rows[:n-1]
		}
	case "binary-data":
		c.inFile = false
		c.file()
	}
}

func (c *content) endParagraph() {
	if c.aside > 0 {
		c.notes = append(c.notes, '\n')
		return
	}
	c.f.EndParagraph()
}

// file keeps a file that a flat document holds in base64, to be given out
// after the text around it.
func (c *content) file() {
	encoded := bytes.Join(bytes.Fields(c.binary), nil)
	c.spent += len(c.binary)
	if c.spent >= maxBinary {
		c.rd.note(fmt.Errorf("embedded files: %w", document.ErrTooBig))
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Decode(data, encoded)
	if err != nil {
		c.rd.note(fmt.Errorf("embedded file: %w", document.ErrDamaged))
	}
	if n > 0 {
		c.files = append(c.files, data[:n])
	}
}
