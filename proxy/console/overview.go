package console

import (
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Health is how the relay does, as far as this process knows.
type Health struct {
	Reachable bool // the last connection to it came about
	// Half and Most are in what time half, and 99 of 100, messages were answered
	// over the last hour, of which there were Messages.
	Half, Most time.Duration
	Messages   int64
}

// overviewPage tells whether all is well, and what waits.
type overviewPage struct {
	frame
	Overview quarantine.Overview
	Waiting  []quarantine.ListedIncident // the newest that are undecided
	Actions  []tally
	Unread   int64 // messages that were not read as a whole
	Messages int64
	Rows     []hourRow // of the chart
	Most     int64     // messages of an hour
	Stamp    string    // of the chart
	Health   *Health   // nil where nobody tells
}

// tally is a count of messages.
type tally struct {
	Name     string
	Messages int64
}

// overviewTime is what the overview looks back on.
const overviewTime = 24 * time.Hour

// overviewSince is where what the overview looks back on begins.
func overviewSince() time.Time { return time.Now().Add(-overviewTime + time.Hour) }

func (c *console) overview(w http.ResponseWriter, r *http.Request) {
	p := overviewPage{frame: frame{Title: "Overview", Section: "Overview"}}
	if err := c.readOverview(r, &p); err != nil {
		c.fail(w, r, err)
		return
	}
	c.show(w, r, http.StatusOK, "overview.html", &p)
}

func (c *console) readOverview(r *http.Request, p *overviewPage) (err error) {
	store, ctx := c.cfg.Store, r.Context()
	if p.Overview, err = store.Overview(ctx, overviewSince()); err != nil {
		return err
	}
	const few = 6
	list, err := store.IncidentPage(ctx, quarantine.IncidentQuery{State: quarantine.IncidentOpen, Limit: few})
	if err != nil {
		return err
	}
	p.Waiting = list.Incidents
	for _, h := range p.Overview.Hours {
		if h.Completeness != "complete" {
			p.Unread += h.Messages
		}
	}
	p.Rows = hourRows(p.Overview)
	p.Most, p.Stamp = most(p.Rows), stamp(p.Rows)
	for a, name := range actions {
		t := tally{Name: name}
		for _, row := range p.Rows {
			t.Messages += row.Counts[a]
		}
		p.Actions = append(p.Actions, t)
		p.Messages += t.Messages
	}
	if c.cfg.Health != nil {
		health := c.cfg.Health()
		p.Health = &health
	}
	return nil
}
