package console

import (
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// reading lets read have the content of a held message, at any place of it, for
// as long as it takes. Who asks has a grant: the caller looks.
func (c *console) reading(r *http.Request, id string, read func(extract.Source) error) error {
	content, err := c.cfg.Store.Content(r.Context(), id)
	if err != nil {
		return err
	}
	at := content.At()
	defer at.Close() //nolint:errcheck // read only
	return read(extract.Source{ReaderAt: at, Size: at.Size()})
}
