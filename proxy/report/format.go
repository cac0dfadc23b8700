package report

import (
	"fmt"
	"io"
)

// Write writes the record in a format, html, pdf or json, and gives its media
// type.
func (r *Record) Write(w io.Writer, format string) (mediaType string, err error) {
	switch format {
	case "html":
		return "text/html; charset=utf-8", r.WriteHTML(w)
	case "pdf":
		return "application/pdf", r.WritePDF(w)
	case "json":
		return "application/json", r.WriteJSON(w)
	}
	return "", fmt.Errorf("breach record: there is no format %q: want html, pdf or json", format)
}
