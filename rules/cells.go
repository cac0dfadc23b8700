package rules

import (
	"bytes"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// minText is the length in bytes from which a cell is searched as text.
const minText = 12

// within searches the cells of columns that hold running text: a note such as
// "call Maria Turner on +44 1223 496012" names people as a letter does.
func (t *textSink) within(seg *table.Segment) error {
	for j, c := range seg.Columns {
		if c.Type != detect.Text && c.Type != detect.None && c.Confidence >= minConfidence {
			continue
		}
		for _, row := range seg.Rows {
			if !telling(row[j]) {
				continue
			}
			if err := t.Prose(row[j]); err != nil {
				return err
			}
		}
	}
	return t.ctx.Err()
}

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
