package table

import "github.com/bulkhead-dlp/bulkhead/rules/detect"

// Values reads single values; a *detect.Detector does.
type Values interface {
	// Classify appends the readings of a cell, best first.
	Classify(dst []detect.Candidate, value []byte) []detect.Candidate
	// NameScore returns how much a word looks like a given and a family name.
	NameScore(token []byte) (given, family float32)
}

// Clue is one reason for the type of a column, in words for people. It never
// holds a value of the column.
type Clue struct {
	Text string
	// LogOdds is what the clue adds, as the natural logarithm of odds.
	LogOdds float64
}

// Column says what one column of a segment holds.
type Column struct {
	// Header is the column's name as written, "" if it has none.
	Header string
	// Type is None if the cells are empty.
	Type detect.Type
	// Confidence is the probability that Type is right, 0 to 1.
	Confidence float64
	// Named is how much the header itself speaks for Type, in log-odds; 0 if
	// it says nothing of it.
	Named float64
	// Served says that the header names a role of people whom somebody
	// serves: patient, subscriber, tenant.
	Served bool
}

// Segment is a stretch of rows whose columns keep their types. It is valid until
// the visit returns.
type Segment struct {
	Columns []Column
	// Rows are the data rows: headers, empty rows and totals are left out.
	// Every row has as many cells as there are columns.
	Rows [][][]byte
	// First is the number of the first row in the grid, counted from 0 with
	// the header; 0 if Transposed.
	First int
	// Public says that by its header the table is about public figures, or
	// about works and matches: candidates, players, authors.
	Public bool
	// Transposed says that the grid had its fields down and its records
	// across; Rows are the records.
	Transposed bool

	of *reading
}

// Clues returns the reasons for the type of a column, by its number, the
// strongest first. They can be asked for until the visit returns.
func (s *Segment) Clues(column int) []Clue {
	return s.of.clues(column, s.Columns[column].Type)
}
