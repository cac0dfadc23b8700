package rules

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// minText is the length in bytes from which a cell is searched as text.
const minText = 12

// maxAddresses is how many mail addresses in a cell are one person's; more are
// the members of a group.
const maxAddresses = 2

// within searches the cells of columns that hold running text: a note such as
// "call Maria Turner on +44 1223 496012" names people as a letter does, and so
// does a list of addresses.
func (t *textSink) within(seg *table.Segment) error {
	for j, c := range seg.Columns {
		search := telling
		if c.Type != detect.Text && c.Type != detect.None && c.Confidence >= minConfidence {
			if c.Type != detect.ContactEmail {
				continue
			}
			search = addresses
		}
		for _, row := range seg.Rows {
			if !search(row[j]) {
				continue
			}
			if err := t.Prose(row[j]); err != nil {
				return err
			}
		}
	}
	return t.ctx.Err()
}

// addresses reports whether a cell holds the addresses of several people.
func addresses(cell []byte) bool { return bytes.Count(cell, []byte{'@'}) > maxAddresses }

// telling reports whether a cell may hold an entity that counts by itself:
// all of these have an at sign or at least seven digits.
func telling(cell []byte) bool {
	if len(cell) < minText {
		return false
	}
	if bytes.IndexByte(cell, '@') >= 0 {
		return true
	}
	digits := 0
	for _, c := range cell {
		if '0' <= c && c <= '9' {
			digits++
		}
	}
	return digits >= 7
}
