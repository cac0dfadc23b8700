package rules

import (
	"fmt"
	"iter"
	"math/bits"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/similar"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/cespare/xxhash/v2"
)

// Evidence is what Inspect found in a message: the same for every copy,
// whoever sends it to whom.
type Evidence struct {
	// Findings are the places where people's data was found, in document
	// order, at most maxFindings.
	Findings []Finding
	// Parts are the leaves that were opened, and how far each was read.
	Parts []extract.Opened
	// Unread is what could not be read.
	Unread []extract.Unread
	// Faults are the first readers that panicked; what they read is in Unread.
	Faults []*Fault
	// Completeness sums up Unread.
	Completeness Completeness
	// Records is the number of rows and blocks with data of a person.
	Records int64
	// LargestTable is the most rows that one table had.
	LargestTable int64
	// BodyIsTable is true when a body is nothing but one table, as when a
	// file was put in as the text.
	BodyIsTable bool
	// BodyIsAttachment is true when a body says the same as an attachment, in
	// whatever form each is.
	BodyIsAttachment bool
	// AllowedTables are the entries of the allow list by which rows were not
	// looked at, each once.
	AllowedTables []string
	// Leaves are the bodies and attachments of 1 KiB or more, where the
	// inspector has a memory to know them by.
	Leaves []Leaf
	// Reply is true for an answer to another message: its header names that
	// one (RFC 5322 section 3.6.4).
	Reply bool
	// RuleSet is the version of the rules that made this evidence.
	RuleSet string
	// Bytes is the size of the message.
	Bytes int64

	all     *gathered
	visible visible
	indexes *exact.Set // nil if there is none
}

// Finding is one place where people's data was found: a table or a text.
type Finding struct {
	// Path is the part, as in "2/customers.zip/export.xlsx/Sheet1".
	Path string `json:"path"`
	// Kind says what it was found in: a table of some form, or text.
	Kind string `json:"kind"`
	// Columns are the typed columns of a table, or the types found in a text.
	Columns []Column `json:"columns"`
	// Records is the number of rows or lines with data of a person.
	Records int64 `json:"records"`
	// Rows is the number of rows of the table, 0 for a text.
	Rows int64 `json:"rows,omitempty"`
	// Sample holds the first rows, each cell masked, but for an inspector that
	// is [Inspector.Unmasked].
	Sample [][]string `json:"sample,omitempty"`
}

// inText is the Kind of what was found in running text.
const inText = "text"

// FindingKinds returns every value that Finding.Kind can have: the formats whose
// tables are read, the forms of tables in text, and "text".
func FindingKinds() []string {
	kinds := []string{inText}
	for _, f := range extract.Formats() {
		kinds = append(kinds, string(f))
	}
	for _, k := range table.Kinds() {
		kinds = append(kinds, string(k))
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// Column is what one column of a table proved to hold.
type Column struct {
	// Header is the column's own header word, masked if it looks like a value.
	Header string `json:"header,omitempty"`
	// Type is the field type's name, "" if none was recognised.
	Type string `json:"type"`
	// Confidence is the calibrated probability that the type is right.
	Confidence float64 `json:"confidence"`
	// Clues say in words why.
	Clues []string `json:"clues,omitempty"`
}

// Bounds on what evidence keeps for people to look at.
const (
	maxFindings   = 64
	maxSampleRows = 20
	maxColumns    = 64
	maxCellRunes  = 40  // of a masked cell
	maxPlainRunes = 200 // of one that is not
)

// fieldSet is a set of field types.
type fieldSet [(int(detect.NumTypes) + 63) / 64]uint64

func (s *fieldSet) add(t detect.Type)      { s[t/64] |= 1 << (t % 64) }
func (s *fieldSet) has(t detect.Type) bool { return s[t/64]&(1<<(t%64)) != 0 }

func (s *fieldSet) union(o fieldSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

// meets reports whether the sets have a member in common.
func (s *fieldSet) meets(o fieldSet) bool {
	for i := range s {
		if s[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

// each gives the set's members.
func (s *fieldSet) each() iter.Seq[detect.Type] {
	return func(yield func(detect.Type) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(detect.Type(i*64 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

// categorySets returns the field types of each category.
func categorySets() (sets [detect.Sensitive + 1]fieldSet) {
	for _, t := range detect.Types() {
		sets[t.Category()].add(t)
	}
	return sets
}

// types returns the set's members in the order of the taxonomy.
func (s *fieldSet) types() []detect.Type {
	var list []detect.Type
	for _, t := range detect.Types() {
		if s.has(t) {
			list = append(list, t)
		}
	}
	return list
}

// Sketch is the fingerprint of the message's running text, header and tables
// apart, by which copies of one mailing are known.
func (e *Evidence) Sketch() *similar.Sketch { return &e.all.sketch }

// Fingerprint names what the message says of people, whatever stands around
// it: the same for copies of one content, but for a chance in 2^64. It is the
// identity of a message about nobody only as far as its parts go.
func (e *Evidence) Fingerprint() Key {
	if len(e.all.people.list) > 0 {
		var sum Key
		for k := range e.all.people.index.all() {
			sum += k // the order does not matter to a sum
		}
		return sum
	}
	var h xxhash.Digest
	h.Reset()
	for _, p := range e.Parts {
		fmt.Fprintf(&h, "%s %d\n", p.Format, p.Bytes)
	}
	return Key(h.Sum64())
}
