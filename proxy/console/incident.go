package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// incidentPage is one incident: what happened, what was found, whom it was for,
// and what has been done about it.
type incidentPage struct {
	frame
	Incident quarantine.Incident
	Copies   []quarantine.Message // the newest first, a page of them
	Older    string               // the address of more copies, "" where there are none
	Example  exhibit              // the newest copy of this page, with what was found in it
	Trail    []step
	Panel    panel
}

// messagePage is one held message: its verdict and what was found, masked.
type messagePage struct {
	frame
	exhibit
	Trail []step
	Sides []item // the pages of the message
	Ask   asking
}

// The bounds of what the page of an incident lists.
const (
	copiesSize = 20
	trailSize  = 500
)

// step is an entry of the audit trail, or several neighbours that are alike:
// thousands of copies are held in one line.
type step struct {
	quarantine.Entry // the newest; its Message is "" for several
	Count            int
}

// steps joins entries that are alike, the newest first: neighbours, and those of
// a release, which begins and settles with each message.
func steps(entries []quarantine.Entry) []step {
	var all []step
	for _, e := range entries {
		if like := alike(all[max(0, len(all)-2):], &e); like != nil {
			like.Count++
			like.Message = ""
			continue
		}
		all = append(all, step{e, 1})
	}
	return all
}

// alike gives the step that an entry is joined to, nil for none.
func alike(last []step, e *quarantine.Entry) *step {
	for i := range last {
		if x := &last[i]; x.Act == e.Act && x.By == e.By && x.Reason == e.Reason {
			return x
		}
	}
	return nil
}

// exhibit is a message and what was found in it.
type exhibit struct {
	Message  quarantine.Message
	Findings []rules.Finding
	Plain    bool   // the rows are as they stand
	Full     string // where who looks can ask for that, "" for nowhere
}

func (c *console) exhibit(r *http.Request, id string) (e exhibit, err error) {
	if e.Message, err = c.cfg.Store.Get(r.Context(), id); err != nil {
		return e, err
	}
	if _, reveal, _ := looks(); c.mayLook(r, reveal) && !e.Message.Sealed {
		e.Full = lookPath(e.Message.ID, reveal)
	}
	if len(e.Message.Evidence) > 0 {
		if err := json.Unmarshal(e.Message.Evidence, &e.Findings); err != nil {
			return e, fmt.Errorf("evidence of %s: %w", e.Message.ID, err)
		}
	}
	return e, nil
}

func (c *console) incident(w http.ResponseWriter, r *http.Request) {
	c.showIncident(w, r, http.StatusOK, nil)
}

// showIncident shows an incident, and a form that something is wrong with; nil
// for none.
func (c *console) showIncident(w http.ResponseWriter, r *http.Request, code int, wrong *asked) {
	p := incidentPage{frame: frame{Section: "Incidents"}, Panel: panel{Asked: wrong}}
	if err := c.readIncident(r, &p); err != nil {
		c.fail(w, r, err)
		return
	}
	c.show(w, r, code, "incident.html", &p)
}

func (c *console) readIncident(r *http.Request, p *incidentPage) (err error) {
	store, ctx := c.cfg.Store, r.Context()
	if p.Incident, err = store.Incident(ctx, r.PathValue("id")); err != nil {
		return err
	}
	p.Title = p.Incident.ID
	var next quarantine.Cursor
	p.Copies, next, err = store.List(ctx, quarantine.Query{Incident: p.Incident.ID, Limit: copiesSize,
		After: quarantine.Cursor(r.URL.Query().Get("copies"))})
	if err != nil {
		return err
	}
	if next != "" {
		p.Older = "/incidents/" + p.Incident.ID + "?" + url.Values{"copies": {string(next)}}.Encode() + "#copies"
	}
	if len(p.Copies) > 0 {
		if p.Example, err = c.exhibit(r, p.Copies[0].ID); err != nil {
			return err
		}
	}
	trail, err := store.AuditLog(ctx, quarantine.AuditLogQuery{Incident: p.Incident.ID, Limit: trailSize})
	if err != nil {
		return err
	}
	p.Trail = steps(trail.Entries)
	return c.readPanel(r, p)
}

func (c *console) message(w http.ResponseWriter, r *http.Request) {
	p := messagePage{frame: frame{Section: "Incidents"}}
	var err error
	if p.exhibit, err = c.exhibit(r, r.PathValue("id")); err != nil {
		c.fail(w, r, err)
		return
	}
	trail, err := c.cfg.Store.AuditLog(r.Context(), quarantine.AuditLogQuery{Message: p.Message.ID, Limit: pageSize})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p.Title, p.Trail = p.Message.ID, steps(trail.Entries)
	preview, reveal, download := looks()
	p.Sides, p.Ask = c.sides(r, p.Message, ""), c.asking(r, p.Message, preview, reveal, download)
	c.show(w, r, http.StatusOK, "message.html", &p)
}
