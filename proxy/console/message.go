package console

import (
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// messagePage is one held message: its verdict and what was found, masked.
type messagePage struct {
	frame
	Message  quarantine.Message
	Findings []rules.Finding
}

func (c *console) message(w http.ResponseWriter, r *http.Request) {
	m, found, err := c.evidence(r, r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.show(w, r, http.StatusOK, "message.html", &messagePage{frame{Title: m.ID, Section: "Incidents"}, m, found})
}
