package console

import (
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// overviewHours is how far the overview looks back.
const overviewHours = 24

// overviewPage tells whether it works and what waits.
type overviewPage struct {
	frame
	Stats    quarantine.Stats
	Overview quarantine.Overview
	Chart    chart
	// Unread are the messages within the time that were not wholly read.
	Messages, Unread int64
}

func (c *console) overview(w http.ResponseWriter, r *http.Request) {
	page := &overviewPage{frame: frame{Title: "Overview", Section: "Overview"}}
	var err error
	if page.Stats, err = c.cfg.Store.Stats(r.Context()); err != nil {
		c.fail(w, r, err)
		return
	}
	if page.Overview, err = c.cfg.Store.Overview(r.Context(), time.Now().Add(-(overviewHours-1)*time.Hour)); err != nil {
		c.fail(w, r, err)
		return
	}
	for _, h := range page.Overview.Hours {
		page.Messages += h.Messages
		if h.Completeness != "complete" {
			page.Unread += h.Messages
		}
	}
	page.Chart = chartOf(&page.Overview)
	c.show(w, r, http.StatusOK, "overview.html", page)
}

// The chart's size, in units of its own.
const (
	chartBar    = 28
	chartHeight = 120
)

// chart is messages by hour and action, as bars.
type chart struct {
	Width, Height int
	Bars          []bar
	Most          int64 // messages of the hour that had the most
}

// bar is an hour.
type bar struct {
	Hour     time.Time
	X, Width int
	Passed   int64 // passed or tagged
	Stopped  int64 // held, rejected or deferred
	// Places from the top.
	PassedY, PassedHeight, StoppedY, StoppedHeight int
}

// chartOf draws the hours. Few stopped ones among many are still seen.
func chartOf(o *quarantine.Overview) chart {
	const gap = 4
	c := chart{Width: overviewHours * chartBar, Height: chartHeight}
	at := map[int64]*bar{}
	for i := range overviewHours {
		hour := o.Until.Add(time.Duration(i-overviewHours) * time.Hour)
		c.Bars = append(c.Bars, bar{Hour: hour, X: i*chartBar + gap/2, Width: chartBar - gap})
	}
	for i := range c.Bars {
		at[c.Bars[i].Hour.Unix()] = &c.Bars[i]
	}
	for _, h := range o.Hours {
		b := at[h.Hour.Unix()]
		switch {
		case b == nil:
		case h.Action == "pass" || h.Action == "tag":
			b.Passed += h.Messages
		default:
			b.Stopped += h.Messages
		}
	}
	for _, b := range c.Bars {
		c.Most = max(c.Most, b.Passed+b.Stopped)
	}
	for i := range c.Bars {
		b := &c.Bars[i]
		b.StoppedHeight, b.PassedHeight = c.units(b.Stopped), c.units(b.Passed)
		b.StoppedY = chartHeight - b.StoppedHeight
		b.PassedY = max(b.StoppedY-b.PassedHeight, 0)
	}
	return c
}

// units is how high a number of messages stands: at least a little, if it is any.
func (c *chart) units(n int64) int {
	const least = 3
	if n == 0 {
		return 0
	}
	return max(int(n*chartHeight/c.Most), least)
}
