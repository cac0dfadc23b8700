// Package transcript writes down what a reader of documents gives out, one
// line for each row, text and file, so that tests can compare it as a whole.
package transcript

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// Transcript is a document.Output that keeps what it is given. The zero value
// is empty.
type Transcript struct {
	lines []string
	// Rows, Cells, Bytes and Files count all that came, Bytes the text.
	Rows, Cells, Bytes, Files int
	// Quiet keeps the counts only.
	Quiet bool
}

var _ document.Output = (*Transcript)(nil)

// Text implements document.Output.
func (t *Transcript) Text(place string, r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	t.Bytes += len(b)
	t.line("text %s: %q", place, bytes.TrimSpace(b))
	return nil
}

// Table implements document.Output.
func (t *Transcript) Table(place string, g table.Grid) error {
	for {
		row, err := g.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		t.Rows++
		t.Cells += len(row)
		if !t.Quiet {
			t.line("row %s: %s", place, bytes.Join(row, []byte("|")))
		}
	}
}

// File implements document.Output.
func (t *Transcript) File(name string, src io.ReaderAt, size int64) error {
	t.Files++
	b := make([]byte, min(size, 64))
	n, err := src.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return err
	}
	t.line("file %s: %d bytes %q", name, size, b[:n])
	return nil
}

func (t *Transcript) line(format string, args ...any) {
	if !t.Quiet {
		t.lines = append(t.lines, fmt.Sprintf(format, args...))
	}
}

// String returns the lines.
func (t *Transcript) String() string { return strings.Join(t.lines, "\n") }
