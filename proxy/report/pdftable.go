package report

import "strings"

// table draws a grid. Its head is drawn again on each page that it goes on to.
func (p *printer) table(g *grid) {
	widths := shares(g)
	if g.Caption != "" {
		p.style("B", smallSize+0.5, ink)
		caption := p.pdf.SplitText(p.clean(g.Caption), textWidth)
		p.room(float64(len(caption))*smallHeight + 3*smallHeight + 6)
		p.lines(g.Caption, marginSide, textWidth, smallHeight+0.4)
		p.gap(0.8)
	}
	headed := strings.Join(g.Head, "") != ""
	if headed {
		p.row(g.Head, widths, true)
	}
	for _, row := range g.Rows {
		p.style("", smallSize, ink)
		if high := p.height(row, widths); headed && p.pdf.GetY()+high > pageHeight-marginBottom {
			p.room(high)
			p.row(g.Head, widths, true)
		}
		p.row(row, widths, false)
	}
	p.gap(1)
}

// shares gives the columns' widths.
func shares(g *grid) []float64 {
	widths := make([]float64, len(g.Head))
	sum := 0.0
	for i := range widths {
		widths[i] = 1
		if g.Widths != nil {
			widths[i] = g.Widths[i]
		}
		sum += widths[i]
	}
	for i := range widths {
		widths[i] *= textWidth / sum
	}
	return widths
}

// padding is the room above and below a row's text.
const padding = 1.1

// maxCellLines bounds a cell, so that a row always fits on a page.
const maxCellLines = 40

// cells splits a row's texts into lines.
func (p *printer) cells(row []string, widths []float64) [][]string {
	all := make([][]string, len(widths))
	for i := range widths {
		if i < len(row) {
			all[i] = p.pdf.SplitText(p.clean(row[i]), widths[i])
		}
		if len(all[i]) > maxCellLines {
			all[i] = append(all[i][:maxCellLines-1], "…")
		}
	}
	return all
}

func (p *printer) height(row []string, widths []float64) float64 {
	most := 1
	for _, cell := range p.cells(row, widths) {
		most = max(most, len(cell))
	}
	return float64(most)*smallHeight + 2*padding
}

// row draws one row.
func (p *printer) row(row []string, widths []float64, head bool) {
	f := p.pdf
	weight := ""
	if head {
		weight = "B"
	}
	p.style(weight, smallSize, ink)
	high := p.height(row, widths)
	p.room(high)
	x, top := marginSide, f.GetY()
	if head {
		f.SetFillColor(tint.r, tint.g, tint.b)
		f.Rect(x, top, textWidth, high, "F")
	}
	for i, cell := range p.cells(row, widths) {
		for n, line := range cell {
			f.SetXY(x, top+padding+float64(n)*smallHeight)
			f.CellFormat(widths[i], smallHeight, line, "", 0, "L", false, 0, "")
		}
		x += widths[i]
	}
	f.SetDrawColor(rule.r, rule.g, rule.b)
	f.Line(marginSide, top+high, pageWidth-marginSide, top+high)
	f.SetXY(marginSide, top+high)
}
