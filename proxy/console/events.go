package console

import (
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// How long an open page may follow before it connects anew, and how many may
// at once.
const (
	eventsMost    = 5 * time.Minute
	followersMost = 100
)

// events tells an open page when what it shows has changed. An event has the
// token of the change and nothing of a message. Where too many follow already,
// the answer is 503: the page stays as it was when it was loaded.
func (c *console) events(w http.ResponseWriter, r *http.Request) {
	leave, ok := c.followers.Enter()
	if !ok {
		http.Error(w, "Too many pages follow what happens; load this one again to see it.", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	c.followers.Write(r.Context(), w, eventsMost, func(now quarantine.Change) string { return "data: " + now.String() })
}
