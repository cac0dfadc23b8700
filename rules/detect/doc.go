// Package detect recognises single values: it says which field types a cell
// could be, finds entities in running text, and brings a value into the
// compact form in which two spellings of it are equal.
//
// It has one file for each entity, with its format, its check digits and
// their source. It keeps no state, and never prints what it matched.
package detect

// Candidate is one reading of a value.
type Candidate struct {
	Type Type
	// LogOdds is the natural logarithm of how much likelier the value is
	// under this type than in a column of anything else: 0 says nothing, 2.3
	// is ten times likelier, 7 (a long check digit sum) is near certain,
	// negative speaks against.
	LogOdds float32
}

// Entity is a value found in running text.
type Entity struct {
	Type Type
	// Start and End are byte offsets into the scanned text.
	Start, End int
}
