package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes the record as one JSON object; see [Schema].
func (r *Record) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("breach record: writing JSON: %w", err)
	}
	return nil
}
