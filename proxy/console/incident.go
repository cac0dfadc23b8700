package console

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// incidentPage is one incident: what was found, whom it was for, and what has
// become of it.
type incidentPage struct {
	frame
	Incident quarantine.Incident
	Newest   quarantine.Message   // of its copies, with the evidence
	Copies   []quarantine.Message // a page of them
	Next     string               // the address of the next, "" on the last
	Findings []rules.Finding
	Timeline []quarantine.Entry // newest first
	Earlier  bool               // there are earlier entries
}

func (c *console) incident(w http.ResponseWriter, r *http.Request) {
	ctx, store := r.Context(), c.cfg.Store
	i, err := store.Incident(ctx, r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	page := &incidentPage{frame: frame{Title: i.ID, Section: "Incidents"}, Incident: i}
	var next quarantine.Cursor
	q := quarantine.Query{Incident: i.ID, After: quarantine.Cursor(r.URL.Query().Get("after")), Limit: pageSize}
	if page.Copies, next, err = store.List(ctx, q); err != nil {
		c.fail(w, r, err)
		return
	}
	if next != "" {
		page.Next = "/incidents/" + i.ID + "?after=" + string(next) + "#copies"
	}
	if len(page.Copies) > 0 {
		if page.Newest, page.Findings, err = c.evidence(r, page.Copies[0].ID); err != nil {
			c.fail(w, r, err)
			return
		}
	}
	log, err := store.AuditLog(ctx, quarantine.AuditLogQuery{Incident: i.ID, Limit: pageSize})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	page.Timeline, page.Earlier = log.Entries, log.Older > 0
	c.show(w, r, http.StatusOK, "incident.html", page)
}

// evidence reads a message with what was found in it.
func (c *console) evidence(r *http.Request, id string) (m quarantine.Message, found []rules.Finding, err error) {
	if m, err = c.cfg.Store.Get(r.Context(), id); err != nil || len(m.Evidence) == 0 {
		return m, nil, err
	}
	if err = json.Unmarshal(m.Evidence, &found); err != nil {
		return m, nil, fmt.Errorf("evidence of %s: %w", m.ID, err)
	}
	return m, found, nil
}
