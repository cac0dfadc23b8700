package console

import (
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// overviewPage tells whether all is well, and what waits.
type overviewPage struct {
	frame
	Overview quarantine.Overview
	Waiting  []quarantine.ListedIncident // the newest that are undecided
	Actions  []tally
	Unread   int64 // messages that were not read as a whole
	Messages int64
	Chart    chart
}

// tally is a count of messages.
type tally struct {
	Name     string
	Messages int64
}

// overviewTime is what the overview looks back on.
const overviewTime = 24 * time.Hour

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
	if p.Overview, err = store.Overview(ctx, time.Now().Add(-overviewTime+time.Hour)); err != nil {
		return err
	}
	const few = 6
	list, err := store.IncidentPage(ctx, quarantine.IncidentQuery{State: quarantine.IncidentOpen, Limit: few})
	if err != nil {
		return err
	}
	p.Waiting = list.Incidents
	sums := map[string]int64{}
	for _, h := range p.Overview.Hours {
		sums[h.Action] += h.Messages
		p.Messages += h.Messages
		if h.Completeness != "complete" {
			p.Unread += h.Messages
		}
	}
	for _, name := range actions {
		p.Actions = append(p.Actions, tally{name, sums[name]})
	}
	p.Chart = newChart(p.Overview)
	return nil
}
