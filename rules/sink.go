package rules

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/similar"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// sink takes the texts and tables of one message and gathers evidence.
type sink struct {
	ctx      context.Context
	splitter *table.Splitter
	typer    *table.Typer
	whole    *Evidence
	ev       *gathered // of the part at hand, or of the message
	resolver *resolver
	allowed  *allow.Set // tables whose rows are not looked at
	part     string     // path of the part at hand
	memory   *Memory    // nil for none
	sample   func(cell string) string
	together bool // leaves are not gathered each for itself
	used     *buffers
	content  contentWriter
}

// Text implements extract.Sink.
func (s *sink) Text(p extract.Part, r io.Reader) error {
	s.part = p.Path
	t := &textSink{sink: s, part: p}
	if err := s.bounded(p, s.splitter.Split(s.ctx, contentReader{r, s.contentOf(p)}, table.Limits{}, t)); err != nil {
		return err
	}
	t.finish()
	return nil
}

// bounded notes that something lay past a bound of tables, which is no fault:
// all the rest was read.
func (s *sink) bounded(p extract.Part, err error) error {
	if !errors.Is(err, table.ErrLimit) || s.ctx.Err() != nil {
		return err
	}
	s.ev.unread = append(s.ev.unread, extract.Unread{Path: p.Path, Format: p.Format, Reason: extract.TooMany,
		Detail: "a table with more columns or deeper nesting than the bound", Partial: true})
	return nil
}

// Table implements extract.Sink.
func (s *sink) Table(p extract.Part, g table.Grid) error {
	s.part = p.Path
	_, err := s.grid(p, string(p.Format), contentGrid{g, s.contentOf(p)})
	return err
}

// grid reads one table to its end and returns its number of rows. A table that
// breaks off is told by the extractor, which owns the reader under it.
func (s *sink) grid(p extract.Part, kind string, g table.Grid) (rows int64, err error) {
	rows, _, err = s.gridIf(p, kind, g, func(*table.Segment) bool { return true })
	return rows, err
}

// gridIf is grid for what is a table only if its first segment is wanted, and
// reports whether it was: else nothing is taken from it.
func (s *sink) gridIf(p extract.Part, kind string, g table.Grid, wanted func(first *table.Segment) bool) (rows int64, taken bool, err error) {
	f := Finding{Path: p.Path, Kind: kind}
	asked := false
	cells := &textSink{sink: s, part: p, cells: true}
	err = s.typer.Read(s.ctx, g, table.Limits{}, func(seg *table.Segment) error {
		if !asked {
			asked, taken = true, wanted(seg)
		}
		if !taken || s.passes(seg) {
			return nil
		}
		rows += int64(len(seg.Rows))
		n := s.resolver.segment(seg)
		if n > 0 && f.Records == 0 {
			f.describe(seg, s.sample)
		}
		f.Records += n
		return cells.within(seg)
	})
	s.ev.records += f.Records
	s.ev.largestTable = max(s.ev.largestTable, rows)
	f.Rows = rows
	if f.Records > 0 {
		s.ev.find(f)
	}
	cells.finish()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return rows, taken, s.bounded(p, err)
}

// passes reports whether the allow list has a table with this header, and
// notes which entry it is.
func (s *sink) passes(seg *table.Segment) bool {
	if s.allowed.TablesVersion() == "" {
		return false
	}
	id := s.allowed.Table(seg.Template())
	if id == "" {
		return false
	}
	if !slices.Contains(s.ev.allowedTables, id) {
		s.ev.allowedTables = append(s.ev.allowedTables, id)
	}
	return true
}

// describe keeps the columns and the first rows for people to see, each cell as
// sample shows it.
func (f *Finding) describe(seg *table.Segment, sample func(cell string) string) {
	for i, c := range seg.Columns {
		if i == maxColumns {
			break
		}
		column := Column{Header: c.Header, Type: c.Type.String(), Confidence: c.Confidence}
		for _, clue := range seg.Clues(i) {
			column.Clues = append(column.Clues, clue.Text)
		}
		f.Columns = append(f.Columns, column)
	}
	for i, row := range seg.Rows {
		if i == maxSampleRows {
			break
		}
		shown := make([]string, 0, len(row))
		for j, cell := range row {
			if j == maxColumns {
				break
			}
			shown = append(shown, sample(string(cell)))
		}
		f.Sample = append(f.Sample, shown)
	}
}

// textSink takes the pieces of one text.
type textSink struct {
	*sink
	part   extract.Part
	prose  Finding
	types  fieldSet
	tables int
	rows   int64
	words  int // bytes of prose that are not blank
	// signature is where the last signature began, signatures how many there
	// were.
	signature  *byte
	signatures int
	// cells is true for the cells of a table, whose bare numbers the columns
	// have told apart already.
	cells    bool
	print    similar.Writer
	readings []detect.Candidate
	search   table.RepeatSearch
	lines    lineSet // of the piece at hand, those that were read as rows
	offer    func(*table.Repeat) (taken bool, err error)
	judge    func(*table.Segment) error
	judged   struct{ asked, yes bool } // what judge said of a run's first segment
	scan     lineScan
	note     func(detect.Entity)
}

// Grid implements table.Output.
func (t *textSink) Grid(kind table.Kind, g table.Grid) error {
	n, err := t.grid(t.part, string(kind), g)
	t.tables++
	t.rows += n
	return err
}

// finish closes the text: what its prose held is one finding.
func (t *textSink) finish() {
	sketch := t.print.Sketch()
	t.ev.sketch.Merge(&sketch)
	if t.part.Place == extract.Body && t.tables == 1 && t.rows >= 3 && t.words == 0 {
		t.ev.bodyIsTable = true
	}
	if t.prose.Records == 0 {
		return
	}
	t.prose.Path, t.prose.Kind = t.part.Path, inText
	for _, kind := range t.types.types() {
		t.prose.Columns = append(t.prose.Columns, Column{Type: kind.String(), Confidence: 1,
			Clues: []string{"found in running text"}})
	}
	t.ev.records += t.prose.Records
	t.ev.find(t.prose)
}

var _ interface {
	extract.Sink
} = (*sink)(nil)

var _ table.Output = (*textSink)(nil)

// proseTypes are the types that count when they stand in running text.
func proseTypes(t detect.Type) bool {
	switch t {
	case detect.ContactEmail, detect.ContactPhone, detect.FinanceCard, detect.FinanceIBAN, detect.IDNational,
		detect.IDHealth, detect.IDPassport, detect.PersonName, detect.PersonBirthDate, detect.AddressStreet,
		detect.AddressFull, detect.AddressPostcode, detect.SecretKey:
		return true
	}
	return false
}
