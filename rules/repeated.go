package rules

import (
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// minRepeated is the confidence in a column's type from which lines of running
// text are taken for records: more than a table needs, since nobody drew one.
const minRepeated = 0.8

// minBorn is the same for birth dates: a dozen of them leave some doubt.
const minBorn = 0.7

// minAddress is the same for streets: a number and a few words are one to many.
const minAddress = 0.95

// repeated reads the lines of running text that repeat one form as the rows of
// a table, if they are records of people beyond doubt. The lines that were are
// not read as running text, so that nobody is counted twice.
func (t *textSink) repeated(text []byte) (read lineSet, err error) {
	if t.cells || t.part.Place == extract.Header {
		return nil, nil
	}
	t.lines = t.lines[:0]
	if t.offer == nil { // made once, not for each piece
		t.offer = func(r *table.Repeat) (bool, error) {
			taken, err := t.Repeated(r)
			if taken {
				t.lines = append(t.lines, r.Starts...)
			}
			return taken, err
		}
	}
	err = t.search.Search(text, t.offer)
	return t.lines, err
}

// Repeated implements table.Output.
func (t *textSink) Repeated(r *table.Repeat) (taken bool, err error) {
	// The first lines of nearly every run, as of a log, show that it is none.
	if taken, err = t.records(r); !taken || err != nil {
		return false, err
	}
	r.Whole()
	rows, taken, err := t.gridIf(t.part, string(table.Repeated), r, func(first *table.Segment) bool {
		return recorded(first) && !t.passes(first) // an allowed table's words beside cells are read as text
	})
	if taken {
		t.tables++
		t.rows += rows
	}
	return taken, err
}

// records reports whether lines are records of people beyond doubt.
func (t *textSink) records(r *table.Repeat) (yes bool, err error) {
	t.judged.asked, t.judged.yes = false, false
	if t.judge == nil { // made once, not for each run
		t.judge = func(first *table.Segment) error {
			if !t.judged.asked {
				t.judged.asked, t.judged.yes = true, recorded(first)
			}
			return nil
		}
	}
	err = t.typer.Read(t.ctx, r, table.Limits{}, t.judge)
	return t.judged.yes, err
}

// recorded reports whether the rows are records of people beyond doubt: a
// column names them or leads to one, and another tells, by the form of its
// values, what only a record does.
func recorded(seg *table.Segment) bool {
	if seg.Public {
		return false
	}
	var sure fieldSet
	points, formed, pair := false, 0, false
	address, postcode, emails := false, false, 0
	for _, c := range seg.Columns {
		if c.Type == detect.ContactEmail {
			emails++
		}
		if c.Type == detect.PersonBirthDate && c.Confidence >= minBorn {
			formed++
		}
		if c.Confidence < minRepeated || sure.has(c.Type) && c.Type != detect.ContactPhone {
			pair = pair || c.Type == detect.PersonName && sure.has(detect.PersonName)
			continue
		}
		sure.add(c.Type)
		switch c.Type {
		case detect.PersonName, detect.PersonFamily:
			points = true
		case detect.ContactEmail, detect.FinanceIBAN, detect.FinanceCard, detect.IDNational:
			points = true
			formed++
		case detect.ContactPhone, detect.IDHealth, detect.IDPassport:
			formed++
		case detect.AddressStreet, detect.AddressFull:
			address = address || c.Confidence > minAddress
		case detect.AddressPostcode:
			postcode = true
		}
	}
	named := sure.has(detect.PersonName) || sure.has(detect.PersonFamily)
	if emails > maxAddresses {
		return false // each line tells of several people
	}
	if pair && !sure.has(detect.ContactPhone) && !sure.has(detect.ContactEmail) {
		return false // opponents, authors
	}
	if address && (postcode || named) {
		formed++
	}
	return points && (named && formed > 0 || formed > 1)
}

// lineSet holds lines of a text by where they begin, in order.
type lineSet []int

// has reports whether the line that begins at an offset is in the set. It is
// asked in order.
func (s *lineSet) has(start int) bool {
	for len(*s) > 0 && (*s)[0] < start {
		*s = (*s)[1:]
	}
	return len(*s) > 0 && (*s)[0] == start
}
