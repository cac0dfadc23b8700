package console

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
)

// record gives out the breach record of an incident in a format: html, pdf or
// json. That it was written is in the audit trail before. What people say
// beside it, such as the contact point, the command line and the API add.
func (c *console) record(format string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.cfg.Gather == nil || c.cfg.Cases == nil {
			http.NotFound(w, r)
			return
		}
		in, err := c.cfg.Gather(r.Context(), r.PathValue("id"))
		if err != nil {
			c.fail(w, r, err)
			return
		}
		in.Written, in.Known = time.Now(), in.Stopped
		var text bytes.Buffer
		kind, err := report.New(in).Write(&text, format)
		if err == nil {
			err = c.cfg.Cases.RecordIncident(r.Context(), in.ID, quarantine.ActReported, by(r), format)
		}
		if err != nil {
			c.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", kind)
		// As a file: the record's own style is none that a page may have.
		w.Header().Set("Content-Disposition", `attachment; filename="`+in.ID+"."+format+`"`)
		w.Write(text.Bytes()) //nolint:errcheck // the browser has gone
	}
}

// Gather gives all that is known of an incident, for its breach record.
type Gather func(ctx context.Context, incident string) (report.Incident, error)
