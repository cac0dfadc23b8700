package report

import (
	"fmt"
	"strings"
)

// maxAcross is how many columns of a sample stand side by side; a wider table
// goes on below, so that it can be read on paper.
const maxAcross = 5

// evidenceSection shows where the data was found, masked.
func (r *Record) evidenceSection() section {
	s := section{ID: "evidence", Title: "Where it was found", Blocks: []block{
		{Text: "Cells are masked: the first letter of a word and the separators stay, other letters are dots and digits are zeros."},
	}}
	if len(r.Tables) == 0 {
		s.Blocks[0].Text = "No place was kept."
		return s
	}
	for _, t := range r.Tables {
		about := fmt.Sprintf("Part %s (%s), with %s", t.Path, t.Kind, count(t.Records, "record", "records"))
		if t.Rows > 0 {
			about += fmt.Sprintf(" in %s", count(t.Rows, "row", "rows"))
		}
		if len(t.Sample) == 0 {
			s.Blocks = append(s.Blocks, block{Text: about + ". Holds: " + strings.Join(t.labels(), ", ") + "."})
			continue
		}
		grids := (len(t.Columns) + maxAcross - 1) / maxAcross
		for i := range grids {
			s.Blocks = append(s.Blocks, block{Table: t.across(about, i*len(t.Columns)/grids, (i+1)*len(t.Columns)/grids)})
		}
	}
	return s
}

func (t *Table) labels() []string {
	var all []string
	for _, c := range t.Columns {
		if c.Label != "" {
			all = append(all, c.Label)
		}
	}
	return all
}

// across makes the grid of some of a table's columns.
func (t *Table) across(about string, from, to int) *grid {
	g := &grid{Caption: about}
	if len(t.Columns) > maxAcross {
		g.Caption = fmt.Sprintf("%s; columns %d to %d of %d", about, from+1, to, len(t.Columns))
	}
	for i, c := range t.Columns[from:to] {
		head := c.Header
		if head == "" {
			head = fmt.Sprintf("column %d", from+i+1)
		}
		if c.Label != "" {
			head += " (" + c.Label + ")"
		}
		g.Head = append(g.Head, head)
	}
	for _, row := range t.Sample {
		cells := make([]string, to-from)
		for i := range cells {
			if from+i < len(row) {
				cells[i] = row[from+i]
			}
		}
		g.Rows = append(g.Rows, cells)
	}
	return g
}

// timelineSection shows the audit trail.
func (r *Record) timelineSection() section {
	s := section{ID: "timeline", Title: "Timeline", Article: "Article 33(5)"}
	if len(r.Timeline) == 0 {
		s.Blocks = []block{{Text: "The audit trail has no entry for this incident."}}
		return s
	}
	g := &grid{Caption: "From the audit trail, times in " + r.Written.In(r.zone).Format("MST"),
		Head: []string{"When", "What", "By", "Why, and what came of it"}, Widths: []float64{2.2, 2.2, 1.6, 4}}
	for _, step := range r.Timeline {
		at := r.moment(step.At)
		if step.Until.After(step.At) {
			at += " to " + r.moment(step.Until)
		}
		what := act(step.Act)
		switch {
		case step.Count > 1:
			what += ", " + number(step.Count) + " times"
		case step.Message != "":
			what += " " + step.Message
		}
		why := step.Reason
		if step.Results != "" {
			why = strings.TrimPrefix(why+"; "+step.Results, "; ")
		}
		g.Rows = append(g.Rows, []string{at, upper(what), step.By, why})
	}
	s.Blocks = []block{{Table: g}}
	return s
}

// act words an act of the audit trail; one that is not known stays as it is.
func act(name string) string {
	if text, known := map[string]string{
		"held": "held", "release_begun": "release begun", "release_settled": "release ended", "release_lapsed": "release without a result",
		"refused": "refused", "deleted": "deleted", "expired": "expired", "viewed": "content seen", "unmasked": "rows seen in full",
		"exported": "content taken out",
	}[name]; known {
		return text
	}
	return strings.ReplaceAll(name, "_", " ")
}
