package report

import (
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// Measures of a page, in millimetres; A4 upright.
const (
	pageWidth    = 210.0
	pageHeight   = 297.0
	marginSide   = 18.0
	marginTop    = 18.0
	marginBottom = 20.0
	textWidth    = pageWidth - 2*marginSide

	lineHeight  = 5.0
	smallHeight = 4.2
	textSize    = 10.0 // points
	smallSize   = 8.5
)

const family = "text"

// colour is a colour in RGB.
type colour struct{ r, g, b int }

var (
	ink   = colour{26, 29, 33}
	soft  = colour{85, 93, 102}
	rule  = colour{213, 218, 224}
	tint  = colour{244, 246, 248}
	white = colour{255, 255, 255}
)

// tone is the colour of an outcome's badge.
func tone(o Outcome) colour {
	switch o {
	case Breach:
		return colour{163, 18, 31}
	case Unclear:
		return colour{138, 82, 0}
	}
	return colour{27, 110, 60}
}

// WritePDF writes the record as a PDF of A4 pages. Fonts are embedded for
// Latin, Greek and Cyrillic writing; a character of another is written by its
// number, and a note at the end says that HTML and JSON have it.
func (r *Record) WritePDF(w io.Writer) error {
	p, err := newPrinter(r.layOut(), r.Written)
	if err != nil {
		return fmt.Errorf("breach record: %w", err)
	}
	p.document()
	if err := p.pdf.Output(w); err != nil {
		return fmt.Errorf("breach record: writing PDF: %w", err)
	}
	return nil
}

// printer draws a document.
type printer struct {
	pdf  *fpdf.Fpdf
	doc  *document
	font *typeface
}

func newPrinter(doc *document, written time.Time) (*printer, error) {
	font, err := newTypeface()
	if err != nil {
		return nil, err
	}
	p := &printer{pdf: fpdf.New("P", "mm", "A4", ""), doc: doc, font: font}
	f := p.pdf
	// The same record gives the same bytes.
	f.SetCatalogSort(true)
	f.SetCreationDate(written.UTC())
	f.SetModificationDate(written.UTC())
	f.SetProducer("Bulkhead", true)
	f.SetTitle(p.clean(doc.Title), true)
	f.SetLang("en")
	f.SetMargins(marginSide, marginTop, marginSide)
	f.SetAutoPageBreak(false, marginBottom)
	f.AliasNbPages("")
	f.AddUTF8FontFromBytes(family, "", font.regular)
	f.AddUTF8FontFromBytes(family, "B", font.bold)
	f.SetFooterFunc(p.footer)
	return p, f.Error()
}

func (p *printer) clean(text string) string { return p.font.drawable(text) }

func (p *printer) footer() {
	f := p.pdf
	f.SetXY(marginSide, pageHeight-marginBottom+6)
	p.style("", 8, soft)
	f.CellFormat(textWidth/2, 4, p.clean(p.doc.Title), "", 0, "L", false, 0, "")
	f.CellFormat(textWidth/2, 4, fmt.Sprintf("page %d of {nb}", f.PageNo()), "", 0, "R", false, 0, "")
}

// style sets font and colour.
func (p *printer) style(weight string, size float64, c colour) {
	p.pdf.SetFont(family, weight, size)
	p.pdf.SetTextColor(c.r, c.g, c.b)
}

// room begins a new page if less than h is left on this one.
func (p *printer) room(h float64) {
	if p.pdf.GetY()+h > pageHeight-marginBottom {
		p.pdf.AddPage()
		p.pdf.SetXY(marginSide, marginTop)
	}
}

func (p *printer) document() {
	p.pdf.AddPage()
	p.head()
	for _, s := range p.doc.Sections {
		p.section(s)
	}
	p.gap(6)
	foot := p.doc.Foot
	if p.font.missed {
		foot += ` Characters that the fonts of this document lack are written by their numbers, as \x{6C0F}; the HTML and the JSON have them.`
	}
	p.style("", smallSize, soft)
	p.lines(foot, marginSide, textWidth, smallHeight)
}

// head draws what stands above the sections: outcome, title, summary, facts.
func (p *printer) head() {
	f, d := p.pdf, p.doc
	p.style("B", smallSize, white)
	c := tone(d.Outcome)
	f.SetFillColor(c.r, c.g, c.b)
	f.CellFormat(f.GetStringWidth(d.Badge)+6, 6.5, d.Badge, "", 1, "C", true, 0, "")
	p.gap(3)
	p.style("B", 19, ink)
	p.lines(d.Title, marginSide, textWidth, 8.5)
	p.gap(2)
	p.style("", 11, ink)
	p.lines(d.Lead, marginSide, textWidth, 5.6)
	if d.Notice != "" {
		p.gap(3)
		p.style("", textSize, tone(Unclear))
		p.lines(d.Notice, marginSide, textWidth, lineHeight)
	}
	p.gap(4)
	const across, high = 3, 13.0
	wide := textWidth / across
	top := f.GetY()
	f.SetDrawColor(rule.r, rule.g, rule.b)
	for i, fact := range d.Head {
		x, y := marginSide+float64(i%across)*wide, top+float64(i/across)*high
		f.Rect(x, y, wide, high, "D")
		p.style("", 8, soft)
		f.SetXY(x+1, y+1.5)
		f.CellFormat(wide-2, 4, p.clean(fact.Term), "", 0, "L", false, 0, "")
		p.style("B", 9.5, ink)
		f.SetXY(x+1, y+6.2)
		f.CellFormat(wide-2, 5, p.fit(fact.Text, wide-4), "", 0, "L", false, 0, "")
	}
	rows := (len(d.Head) + across - 1) / across
	f.SetXY(marginSide, top+float64(rows)*high)
}

// fit shortens a text that is too wide.
func (p *printer) fit(text string, width float64) string {
	text = p.clean(text)
	for runes := []rune(text); p.pdf.GetStringWidth(text) > width && len(runes) > 1; {
		runes = runes[:len(runes)-1]
		text = string(runes) + "…"
	}
	return text
}

func (p *printer) gap(h float64) { p.pdf.SetXY(marginSide, p.pdf.GetY()+h) }

func (p *printer) section(s section) {
	f := p.pdf
	p.gap(7)
	p.room(22)
	p.style("B", 13, ink)
	f.Bookmark(p.clean(s.Title), 0, -1)
	f.CellFormat(textWidth*2/3, 6.5, p.clean(s.Title), "", 0, "L", false, 0, "")
	p.style("", smallSize, soft)
	f.CellFormat(textWidth/3, 6.5, s.Article, "", 1, "R", false, 0, "")
	f.SetDrawColor(ink.r, ink.g, ink.b)
	f.Line(marginSide, f.GetY(), pageWidth-marginSide, f.GetY())
	p.gap(1)
	for _, b := range s.Blocks {
		p.gap(2)
		p.block(b)
	}
}

func (p *printer) block(b block) {
	switch {
	case b.Text != "":
		p.style("", textSize, ink)
		p.lines(b.Text, marginSide, textWidth, lineHeight)
	case b.Table != nil:
		p.table(b.Table)
	}
	for _, item := range b.Items {
		p.style("", textSize, ink)
		p.room(lineHeight)
		p.pdf.SetX(marginSide)
		p.pdf.CellFormat(4, lineHeight, "•", "", 0, "L", false, 0, "")
		p.lines(item, marginSide+4, textWidth-4, lineHeight)
		p.gap(0.8)
	}
	for _, fact := range b.Facts {
		p.fact(fact)
	}
}

// termWidth is the width of the terms of facts.
const termWidth = 45.0

func (p *printer) fact(fact fact) {
	f := p.pdf
	p.style("", textSize, ink)
	text := f.SplitText(p.clean(fact.Text), textWidth-termWidth)
	p.style("", textSize, soft)
	term := f.SplitText(p.clean(fact.Term), termWidth)
	p.room(lineHeight * float64(min(max(len(text), len(term)), 20)))
	top, page := f.GetY(), f.PageNo()
	p.lines(fact.Term, marginSide, termWidth, lineHeight)
	end := f.GetY()
	f.SetY(top)
	p.style("", textSize, ink)
	p.lines(fact.Text, marginSide+termWidth, textWidth-termWidth, lineHeight)
	if f.PageNo() == page && f.GetY() < end {
		f.SetY(end)
	}
	p.gap(0.8)
}

// lines draws a text in lines of the given width, over pages if need be.
func (p *printer) lines(text string, x, width, height float64) {
	for _, line := range p.pdf.SplitText(p.clean(text), width) {
		p.room(height)
		p.pdf.SetX(x)
		p.pdf.CellFormat(width, height, line, "", 0, "L", false, 0, "")
		p.pdf.SetXY(marginSide, p.pdf.GetY()+height)
	}
}
