package console

import (
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// heldContent is the content of a held message, to be read anywhere.
type heldContent struct{ *quarantine.ContentAt }

// content opens the content of a message.
func (c *console) content(r *http.Request, id string) (*heldContent, error) {
	content, err := c.cfg.Store.Content(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return &heldContent{content.At()}, nil
}

func (h *heldContent) source() extract.Source {
	return extract.Source{ReaderAt: h, Size: h.Size()}
}
