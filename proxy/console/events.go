package console

import (
	"fmt"
	"net/http"
	"time"
)

// How often an open page looks for changes, how long it may do so before it
// connects anew, and how many may at once.
const (
	eventsEvery   = time.Second
	eventsMost    = 5 * time.Minute
	followersMost = 100
)

// events tells an open page when what it shows has changed (server-sent events,
// HTML Living Standard, section 9.2). An event has the token of the change and
// nothing of a message. It says so at the beginning too, so that a page that
// was away learns what it missed. Where too many follow already, the answer is
// 503: the page stays as it was when it was loaded.
func (c *console) events(w http.ResponseWriter, r *http.Request) {
	select {
	case c.followers <- struct{}{}:
		defer func() { <-c.followers }()
	default:
		http.Error(w, "Too many pages follow what happens; load this one again to see it.", http.StatusServiceUnavailable)
		return
	}
	stream := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	end := time.NewTimer(eventsMost)
	defer end.Stop()
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	for last := ""; ; {
		change, err := c.cfg.Store.Changes(r.Context())
		if err != nil {
			return // the page connects anew
		}
		if now := change.String(); now != last {
			last = now
			fmt.Fprintf(w, "id: %s\ndata: %s\n\n", now, now)
			if err := stream.Flush(); err != nil {
				return
			}
		}
		select {
		case <-r.Context().Done():
			return
		case <-c.cfg.Done:
			return
		case <-end.C:
			return
		case <-tick.C:
		}
	}
}
