// Package extract opens content: it walks MIME parts, archives and documents
// down to their leaves and gives each leaf as text or as a table, named by a
// path such as "2/customers.zip/export.xlsx/Sheet1".
//
// The way of a part: open tells its format by its beginning (sniff), read hands
// it to the reader of that format, and that one gives text and tables to the
// Sink or opens what it finds inside. Formats that are documents have packages
// of their own below this one.
//
// What is always true: nothing is executed or fetched; every format is told by
// its content, never by name or declared type alone; every bound in Limits
// holds; and whatever could not be read is reported as Unread, never dropped.
// A panic in a format is caught and becomes Unread for that part; one of the
// Sink ends the walk, since nobody knows what it has gathered.
//
// The walk over MIME is our own, above emersion/go-message's, which loses the
// rest of a part after one bad byte, reads nothing below a header line without
// a colon, and knows one reading where mail programs have several. go-message
// parses the address fields in package rules, and is the second opinion in the
// tests: what it reads in a well-formed message is read here too.
package extract

import (
	"context"
	"io"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// Source is content with random access, such as a spooled message.
type Source struct {
	io.ReaderAt
	Size int64 // bytes
}

// Sink takes what Walk finds, in document order. A Sink reads the reader or
// grid to its end before it returns; an error it returns ends the walk.
type Sink interface {
	// Text takes running text in UTF-8, as a reader would see it.
	Text(p Part, r io.Reader) error
	// Table takes a table that the format itself declares.
	Table(p Part, g table.Grid) error
}

// Part names a leaf of the content.
type Part struct {
	// Path is the leaf's place: MIME part numbers, file and sheet names joined by "/".
	Path string
	// Format is what the content proved to be.
	Format Format
	// Place says whether a person would meet it as header, body or attachment.
	Place Place
}

// Place is where in a message a part stands.
type Place uint8

// The places of a part.
const (
	Body Place = iota
	Attachment
	Header
)

// Reason says why something was not read. The set is closed: it is a metric label.
type Reason string

// The reasons for not reading a part, or not all of it.
const (
	Encrypted   Reason = "encrypted"   // needs a key or password that we do not have
	EndToEnd    Reason = "end_to_end"  // an S/MIME or PGP/MIME encrypted message
	Corrupt     Reason = "corrupt"     // damaged or cut off
	Unsupported Reason = "unsupported" // format known, content not readable here
	Unknown     Reason = "unknown"     // nobody knows this format; searched as runs of text
	TooBig      Reason = "too_big"     // past a bound in bytes
	TooDeep     Reason = "too_deep"    // past the nesting bound
	TooMany     Reason = "too_many"    // past a bound in parts, entries or cells
	Ratio       Reason = "ratio"       // expands beyond the ratio bound
	Timeout     Reason = "timeout"     // the deadline came first
	External    Reason = "external"    // the content is elsewhere: message/external-body, message/partial
	Failed      Reason = "failed"      // a parser failed
)

// Unread is one thing that was not read, or not wholly.
type Unread struct {
	Path   string
	Format Format
	Reason Reason
	// Detail is a sentence for people, without any value from the content.
	Detail string
	// Partial is true if some of the part was read.
	Partial bool
	// Bytes is the size of the part as it was met, 0 if that is not known. A
	// part of a few hundred bytes can hide no table.
	Bytes int64
}

// Outcome says how far a part was read. The set is closed: it is a metric label.
type Outcome string

// The outcomes of reading a part.
const (
	Read    Outcome = "read"
	Partly  Outcome = "partial"
	NotRead Outcome = "unread"
)

// Opened is a part that Walk has met, and how far it was read.
type Opened struct {
	Part
	// Media is the media type that the message declares for it, in lower case;
	// "" where it declares none.
	Media   string
	Bytes   int64
	Outcome Outcome
}

// Summary is what Walk has met: the parts in document order, at most
// Limits.Parts of them, and what was not read.
type Summary struct {
	Parts  []Opened
	Unread []Unread
	// Faults are the first panics of readers. Each is in Unread too, as failed.
	Faults []*Fault
}

// Limits bounds the work on one message. Zero values mean the defaults of
// DefaultLimits.
type Limits struct {
	Bytes      int64 // decoded bytes over the whole message
	PartBytes  int64 // decoded bytes of one part
	Ratio      int64 // decoded to encoded bytes of an archive, once over 1 MiB
	Depth      int   // nesting of parts and archives
	Parts      int   // leaves over the whole message
	Entries    int   // entries of one archive
	Cells      int64 // cells over the whole message
	HeaderSize int64 // bytes of one header block
	Memory     int64 // decoded bytes kept in memory for one part that needs random access; more goes to Scratch
	Time       time.Duration
	// Scratch makes temporary space for parts that need random access and are
	// larger than Memory. Without it such a part is unread: too_big.
	Scratch func() (Scratch, error)
	// Recognise returns the text in a picture, line by line with a tab between
	// columns. Without it pictures carry no text. An error makes the part
	// unread, but for the caller's own context.
	Recognise func(ctx context.Context, picture io.ReaderAt, size int64) ([]byte, error)
	// Isolate reads an archive in the manner of foreign.Read, in another process
	// for instance, since those parsers are not ours. Without it they run in
	// this one, where they can take memory and time beyond every bound here.
	Isolate func(context.Context, foreign.Job, foreign.Output) error
}

// Scratch is temporary space for one part. Close frees it.
type Scratch interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// bounded fills what is zero from DefaultLimits.
func (l Limits) bounded() Limits {
	d := DefaultLimits()
	pick := func(v, def int64) int64 {
		if v <= 0 {
			return def
		}
		return v
	}
	l.Bytes = pick(l.Bytes, d.Bytes)
	l.PartBytes = pick(l.PartBytes, d.PartBytes)
	l.Ratio = pick(l.Ratio, d.Ratio)
	l.Depth = int(pick(int64(l.Depth), int64(d.Depth)))
	l.Parts = int(pick(int64(l.Parts), int64(d.Parts)))
	l.Entries = int(pick(int64(l.Entries), int64(d.Entries)))
	l.Cells = pick(l.Cells, d.Cells)
	l.HeaderSize = pick(l.HeaderSize, d.HeaderSize)
	l.Memory = pick(l.Memory, d.Memory)
	l.Time = time.Duration(pick(int64(l.Time), int64(d.Time)))
	return l
}

// DefaultLimits returns the bounds that the relay uses unless configured.
func DefaultLimits() Limits {
	return Limits{
		Bytes: 1 << 30, PartBytes: 512 << 20, Ratio: 200, Depth: 24, Parts: 5000,
		Entries: 10000, Cells: 50_000_000, HeaderSize: 1 << 20, Memory: 4 << 20,
		Time: 60 * time.Second,
	}
}
