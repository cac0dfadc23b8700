package report

import (
	"fmt"
	"strings"
	"time"
)

// document is a record laid out for people. HTML and PDF are drawn from it.
type document struct {
	Title    string
	Outcome  Outcome
	Badge    string
	Lead     string
	Notice   string // what is unfinished about it, "" if nothing is
	Head     []fact
	Sections []section
	Foot     string
}

// fact is a term and what is to be said of it.
type fact struct{ Term, Text string }

// section is a headed part of a document.
type section struct {
	ID, Title string
	Article   string // the provision that asks for it, "" if none does
	Blocks    []block
}

// block is one thing in a section: exactly one field is set.
type block struct {
	Text  string
	Items []string
	Facts []fact
	Table *grid
}

// grid is a table for people.
type grid struct {
	Caption string
	Head    []string
	Rows    [][]string
	// Widths are the columns' shares of the width; nil: equal ones.
	Widths []float64
}

// layOut makes the document of a record.
func (r *Record) layOut() *document {
	d := &document{
		Title: "Breach record " + r.Incident, Outcome: r.Outcome, Badge: badge(r.Outcome), Lead: r.Summary,
		Head: []fact{
			{"People concerned", upper(r.people())},
			{"Records", number(r.People.Records)},
			{"Copies that had left", r.left()},
			{"Became known", r.when(r.Clock.Known)},
			{"72 hours end", r.when(r.Clock.Due)},
			{"Record written", r.when(r.Written)},
		},
		Foot: fmt.Sprintf("Made by Bulkhead for incident %s. It holds counts, kinds and masked cells, and no value of a person.", r.Incident),
	}
	if r.Provisional {
		d.Notice = "Provisional: somebody has still to decide on held copies. Article 33(4) lets the information be given in phases."
	}
	d.Sections = []section{
		r.clockSection(), r.natureSection(), r.peopleSection(), r.contactSection(), r.consequencesSection(),
		r.measuresSection(), r.phasesSection(), r.evidenceSection(), r.timelineSection(),
	}
	return d
}

func badge(o Outcome) string {
	switch o {
	case Breach:
		return "Breach: data had left"
	case Unclear:
		return "Not clear whether data had left"
	}
	return "Near miss: nothing had left"
}

func (r *Record) left() string {
	switch d := r.Delivery; {
	case d.LeftUnknown:
		return "not known"
	case d.Left > 0:
		return fmt.Sprintf("%s, to %s", number(d.Left), recipients(d.LeftTo))
	}
	return "none"
}

func (r *Record) clockSection() section {
	c := r.Clock
	text := fmt.Sprintf("%s are left for the notification to the supervisory authority.", upper(span(time.Duration(c.Left)*time.Second)))
	if c.Overdue {
		text = fmt.Sprintf("The 72 hours ended %s ago. A later notification must give the reasons for the delay.", span(time.Duration(c.Left)*time.Second))
	}
	if r.Outcome == NearMiss {
		text = "Nothing had left, so this is kept for the register of Article 33(5); the clock is shown in case that changes."
	}
	s := section{ID: "clock", Title: "The clock", Article: "Article 33(1)", Blocks: []block{
		{Text: text},
		{Facts: []fact{{"Became known", r.when(c.Known)}, {"72 hours end", r.when(c.Due)}}},
	}}
	if c.Delay != "" {
		s.Blocks = append(s.Blocks, block{Facts: []fact{{"Reasons for the delay", c.Delay}}})
	}
	return s
}

func (r *Record) natureSection() section {
	n, d := r.Nature, r.Delivery
	facts := []fact{{"Kind", upper(n.Kind)}}
	if n.Sender != "" {
		facts = append(facts, fact{"Sent by", n.Sender})
	}
	if n.Client != "" {
		facts = append(facts, fact{"By way of", n.Client})
	}
	facts = append(facts,
		fact{"Stopped by", fmt.Sprintf("policy %s, version %s", n.Policy, n.PolicyVersion)},
		fact{"Reading of the content", n.Completeness})
	delivery := &grid{Caption: "What became of the copies", Head: []string{"Copies and recipients", "Number"}, Widths: []float64{4, 1}, Rows: [][]string{
		{"Copies that had left before the first was held", orUnknown(d.Left, d.LeftUnknown)},
		{"Recipients of these", orUnknown(d.LeftTo, d.LeftUnknown)},
		{"Copies held", number(d.Held)},
		{"Recipients who got a held copy by a decision", number(d.Released)},
		{"Recipients of whom it is not known", number(d.Uncertain)},
		{"Recipients who have none", number(d.Withheld)},
	}}
	s := section{ID: "nature", Title: "Nature of the breach", Article: "Article 33(3)(a)", Blocks: []block{{Facts: facts}}}
	if len(n.Reasons) > 0 {
		s.Blocks = append(s.Blocks, block{Items: sentences(n.Reasons)})
	}
	s.Blocks = append(s.Blocks, block{Table: delivery})
	return s
}

func orUnknown(n int, unknown bool) string {
	if unknown {
		return "not known"
	}
	return number(n)
}

func sentences(of []string) []string {
	all := make([]string, len(of))
	for i, s := range of {
		all[i] = upper(s)
	}
	return all
}

func (r *Record) peopleSection() section {
	p := r.People
	caption := "People by what is known of them"
	if p.ByCategoryEstimated {
		caption += ", reckoned from what the copies carry on average"
	}
	by := &grid{Caption: caption, Head: []string{"Of whom there is", "People"}, Widths: []float64{4, 1}, Rows: [][]string{
		{"a direct identifier: a name, an address, a number of their own", number(p.ByCategory["direct"])},
		{"an indirect identifier, such as a postcode or a date of birth", number(p.ByCategory["indirect"])},
		{"sensitive data, such as health or passwords", number(p.ByCategory["sensitive"])},
	}}
	kinds := &grid{Caption: "Kinds of data", Head: []string{"Data", "Category", "Field type"}, Widths: []float64{3, 2, 2}}
	for _, f := range p.Fields {
		category := f.Category
		if f.Special {
			category += " (Article 9 or 10)"
		}
		kinds.Rows = append(kinds.Rows, []string{upper(f.Label), category, f.Type})
	}
	s := section{ID: "people", Title: "People and records concerned", Article: "Article 33(3)(a)", Blocks: []block{
		{Facts: []fact{
			{"People", upper(r.people())}, {"Records", number(p.Records)},
			{"Who they are", upper(strings.Join(p.Kinds, "; ")) + " (as the kinds of data suggest; to be confirmed)"},
		}},
	}}
	if len(p.ByCategory) > 0 {
		s.Blocks = append(s.Blocks, block{Table: by})
	}
	if len(kinds.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Table: kinds})
	}
	return s
}

func (r *Record) contactSection() section {
	s := section{ID: "contact", Title: "Contact point", Article: "Article 33(3)(b)"}
	if r.Contact == nil {
		s.Blocks = []block{{Text: "To be named before the record is sent: the data protection officer, or another contact point."}}
		return s
	}
	facts := []fact{{"Name", r.Contact.Name}}
	for _, f := range []fact{{"Organisation", r.Contact.Organisation}, {"Mail", r.Contact.Mail}, {"Telephone", r.Contact.Phone}} {
		if f.Text != "" {
			facts = append(facts, f)
		}
	}
	s.Blocks = []block{{Facts: facts}}
	return s
}

func (r *Record) consequencesSection() section {
	s := section{ID: "consequences", Title: "Likely consequences", Article: "Article 33(3)(c)"}
	if r.Outcome == NearMiss {
		s.Blocks = append(s.Blocks, block{Text: "None is likely as long as no copy leaves. Had the mail been delivered:"})
	}
	var facts []fact
	for _, c := range r.Consequences {
		facts = append(facts, fact{c.Kind, fmt.Sprintf("%s From: %s.", c.Text, strings.Join(c.Of, ", "))})
	}
	if len(facts) == 0 {
		s.Blocks = append(s.Blocks, block{Text: "The people lose control over what strangers know of them."})
	} else {
		s.Blocks = append(s.Blocks, block{Facts: facts})
	}
	if r.HighRisk {
		s.Blocks = append(s.Blocks, block{Text: "The kinds of data suggest a high risk to the people: consider telling them without delay (Article 34)."})
	}
	return s
}

func (r *Record) measuresSection() section {
	return section{ID: "measures", Title: "Measures taken or proposed", Article: "Article 33(3)(d)", Blocks: []block{{Items: r.Measures}}}
}

func (r *Record) phasesSection() section {
	g := &grid{Head: []string{"Phase", "When", "Note"}, Widths: []float64{2, 2, 3}}
	for _, p := range r.Phases {
		at := "not yet"
		if p.At != nil {
			at = r.when(*p.At)
		}
		g.Rows = append(g.Rows, []string{p.Name, at, p.Note})
	}
	return section{ID: "phases", Title: "Phases", Article: "Article 33(4)", Blocks: []block{{Table: g}}}
}
