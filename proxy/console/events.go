package console

import (
	"fmt"
	"net/http"
	"time"
)

// How often an open page looks for changes, and how long it may do so before it
// connects anew.
const (
	eventsEvery = time.Second
	eventsMost  = 5 * time.Minute
)

// events tells an open page when what it shows has changed (server-sent events,
// HTML Living Standard, section 9.2). An event has the token of the change and
// nothing of a message. It says so at the beginning too, so that a page that
// was away learns what it missed.
func (c *console) events(w http.ResponseWriter, r *http.Request) {
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
