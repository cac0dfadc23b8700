package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed record.gohtml
var page string

// WriteHTML writes the record as one page that needs nothing else: it prints,
// and it reads from top to bottom without a style.
func (r *Record) WriteHTML(w io.Writer) error {
	t, err := template.New("record").Parse(page)
	if err != nil {
		return fmt.Errorf("breach record: %w", err)
	}
	if err := t.Execute(w, r.layOut()); err != nil {
		return fmt.Errorf("breach record: writing HTML: %w", err)
	}
	return nil
}
