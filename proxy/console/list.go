package console

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// pageSize is how many messages a page lists.
const pageSize = 50

// listPage is the list of held messages.
type listPage struct {
	Version  string
	Stats    quarantine.Stats
	Messages []quarantine.Message
	Filter   filter
	Next     string // the address of the next page, "" on the last
	States   []quarantine.State
}

// filter is what a list is narrowed to. It stands in the page's address.
type filter struct {
	State  string
	Policy string
	People int
}

func readFilter(v url.Values) filter {
	f := filter{State: v.Get("state"), Policy: v.Get("policy")}
	f.People, _ = strconv.Atoi(v.Get("people")) // anything else is no bound
	return f
}

func (f filter) query() quarantine.Query {
	q := quarantine.Query{Policy: f.Policy, MinSubjects: f.People, Limit: pageSize}
	if f.State != "" {
		q.States = []quarantine.State{quarantine.State(f.State)}
	}
	return q
}

func (c *console) list(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	page := listPage{
		Version: c.cfg.Version, Filter: readFilter(values),
		States: []quarantine.State{quarantine.Held, quarantine.Releasing, quarantine.Released,
			quarantine.PartlyReleased, quarantine.ReleaseFailed, quarantine.Refused, quarantine.Deleted, quarantine.Expired},
	}
	var err error
	if page.Stats, err = c.cfg.Store.Stats(r.Context()); err != nil {
		c.fail(w, err)
		return
	}
	q := page.Filter.query()
	q.After = quarantine.Cursor(values.Get("after"))
	var next quarantine.Cursor
	if page.Messages, next, err = c.cfg.Store.List(r.Context(), q); err != nil {
		c.fail(w, err)
		return
	}
	if next != "" {
		values.Set("after", string(next))
		page.Next = "/?" + values.Encode()
	}
	c.render(w, http.StatusOK, "list.html", page)
}
