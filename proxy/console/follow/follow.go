// Package follow tells those who look at the console, or follow its interface,
// that something of the store has changed (server-sent events, HTML Living
// Standard, section 9.2).
package follow

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// every is how often the store is asked.
const every = time.Second

// Store tells how far it is.
type Store interface {
	Changes(context.Context) (quarantine.Change, error)
}

// Followers are those who follow at one time. The zero value is none, and takes
// none: use New.
type Followers struct {
	store  Store
	done   <-chan struct{}
	places chan struct{}
}

// New makes room for most followers of a store, who are let go once done is
// closed.
func New(store Store, done <-chan struct{}, most int) *Followers {
	return &Followers{store: store, done: done, places: make(chan struct{}, most)}
}

// Enter takes a place, which leave gives back; ok is false where none is left.
func (f *Followers) Enter() (leave func(), ok bool) {
	select {
	case f.places <- struct{}{}:
		return func() { <-f.places }, true
	default:
		return nil, false
	}
}

// Write writes an event at the beginning, so that who was away learns what it
// missed, and then one for each change. Its id is the change's token, and its
// fields are what form makes of it. It ends with the reader, with the store's
// answers, or after most; who follows connects anew.
func (f *Followers) Write(ctx context.Context, w http.ResponseWriter, most time.Duration, form func(quarantine.Change) string) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	end := time.NewTimer(most)
	defer end.Stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for last := ""; ; {
		change, err := f.store.Changes(ctx)
		if err != nil {
			return
		}
		if now := change.String(); now != last {
			last = now
			fmt.Fprintf(w, "id: %s\n%s\n\n", now, form(change))
			if err := out.Flush(); err != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-f.done:
			return
		case <-end.C:
			return
		case <-tick.C:
		}
	}
}
