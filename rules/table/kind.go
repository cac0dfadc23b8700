package table

import "errors"

// Kind says in which form a table stood in its text. The set is closed: it
// may be used as a metric label.
type Kind string

// The forms of tables in text.
const (
	Delimited Kind = "delimited" // cells parted by a character, RFC 4180 and its relatives
	Drawn     Kind = "drawn"     // Markdown, ASCII art, box drawing
	Aligned   Kind = "aligned"   // columns of fixed width
	KeyValue  Kind = "key-value" // repeated "key: value" blocks, also YAML lists and LDIF
	JSON      Kind = "json"      // RFC 8259, also one value a line
	XML       Kind = "xml"       // repeated elements
	SQL       Kind = "sql"       // INSERT statements and COPY blocks
	VCard     Kind = "vcard"     // RFC 6350 and the versions before it
	Calendar  Kind = "calendar"  // RFC 5545 attendees
	EDIFACT   Kind = "edifact"   // the parties of an interchange, ISO 9735
	HL7       Kind = "hl7"       // the people of HL7 v2 messages
	Statement Kind = "statement" // the entries of SWIFT MT940 and MT942
	GEDCOM    Kind = "gedcom"    // the people of a family tree
	Addresses Kind = "addresses" // "Name <address>, …"
	Stanzas   Kind = "stanzas"   // blocks of equally many lines, a value a line
	Repeated  Kind = "repeated"  // lines of running text that repeat one form
)

// Kinds returns every form, in the order above.
func Kinds() []Kind {
	return []Kind{Delimited, Drawn, Aligned, KeyValue, JSON, XML, SQL, VCard, Calendar, EDIFACT, HL7,
		Statement, GEDCOM, Addresses, Stanzas, Repeated}
}

// Labelled is a Grid that may know from its own format that its first row
// holds the names of the columns, as JSON does. Without it the Typer decides.
type Labelled interface {
	Grid
	// Labelled reports whether the first row is a header for certain.
	Labelled() bool
}

// ErrLimit is wrapped by the errors that say that all but what lay past a
// bound in Limits was read.
var ErrLimit = errors.New("past a limit")

// Limits bounds the work on one text or one grid. Zero values mean the
// defaults of DefaultLimits.
type Limits struct {
	Columns int // cells of one row; what follows is left out
	Depth   int // nesting of JSON and XML
	Rows    int // rows of one segment given by Typer.Read
	Bytes   int // bytes of one segment given by Typer.Read; one row may be longer
}

// DefaultLimits returns the bounds that hold unless others are set.
func DefaultLimits() Limits {
	return Limits{Columns: 4096, Depth: 128, Rows: 512, Bytes: 256 << 10}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Columns <= 0 {
		l.Columns = d.Columns
	}
	if l.Depth <= 0 {
		l.Depth = d.Depth
	}
	if l.Rows <= 0 {
		l.Rows = d.Rows
	}
	if l.Bytes <= 0 {
		l.Bytes = d.Bytes
	}
	return l
}
