package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// sampleRows is how many masked rows of a table are shown.
const sampleRows = 3

// sampleColumns is how many of its columns are shown side by side.
const sampleColumns = 6

// writeText tells a verdict to people: what became of the file and why, which
// parts, which columns, how many people, and masked examples.
func writeText(w io.Writer, r *api.Scan) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-6s %s", strings.ToUpper(r.Action), r.Path)
	if r.Policy != "" {
		fmt.Fprintf(&b, "  (policy %s)", r.Policy)
	}
	fmt.Fprintf(&b, "\n       %s, %s, read: %s, %.0f ms\n", persons(r.Subjects), bytesText(r.Bytes), r.Completeness, r.ElapsedMS)
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "       - %s\n", reason)
	}
	if r.Action != rules.Pass.String() {
		for _, f := range r.Evidence {
			writeFinding(&b, f)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeFinding(b *strings.Builder, f rules.Finding) {
	fmt.Fprintf(b, "       in %s (%s): %d records\n", f.Path, f.Kind, f.Records)
	for _, c := range f.Columns {
		if c.Type == "" || strings.HasPrefix(c.Type, "context.") {
			continue
		}
		name := c.Header
		if name == "" {
			name = "(no header)"
		}
		fmt.Fprintf(b, "         %-22s %-20s %3.0f %%", name, c.Type, 100*c.Confidence)
		if len(c.Clues) > 0 {
			fmt.Fprintf(b, "  %s", c.Clues[0])
		}
		b.WriteByte('\n')
	}
	if len(f.Sample) == 0 {
		return
	}
	b.WriteString("         for example, masked:\n")
	table := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	for _, row := range f.Sample[:min(sampleRows, len(f.Sample))] {
		fmt.Fprintf(table, "           %s\n", strings.Join(row[:min(sampleColumns, len(row))], "\t"))
	}
	table.Flush() //nolint:errcheck // a strings.Builder does not fail
}

func persons(n int64) string {
	if n == 1 {
		return "1 person who is no reader"
	}
	return fmt.Sprintf("%d people who are no readers", n)
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
