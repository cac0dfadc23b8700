package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

// pageSize is how many incidents, copies or entries a page lists.
const pageSize = 50

// incidentsPage is the list of incidents. All that it is narrowed to stands in
// its address, so that an address is a saved filter.
type incidentsPage struct {
	frame
	Query     string
	Wrong     string // what of the query cannot be read
	Sort      quarantine.Sort
	Views     []view
	Columns   []column
	Incidents []quarantine.ListedIncident
	Newer     string // addresses of the pages on both sides, "" where there is none
	Older     string
	Keys      []search.Doc
	Acts      []severalAct // what who looks may do with several
}

// view is a filter that people need often.
type view struct {
	Name, Path string
	Here       bool
}

// column is a head of the list that sorts by it.
type column struct {
	Name, Path string
	Here       bool
	Number     bool
	Wide       bool // left out on a narrow screen
}

// waiting is the query of what somebody has still to decide.
const waiting = "state:open"

func (c *console) incidents(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	p := incidentsPage{frame: frame{Title: "Incidents", Section: "Incidents"}, Query: waiting, Keys: search.Docs(), Sort: quarantine.Sort(values.Get("sort"))}
	if values.Has("q") {
		p.Query = strings.TrimSpace(values.Get("q"))
	}
	p.Views = views(p.Query, p.Sort)
	p.Columns = columns(p.Query, p.Sort)
	expr, err := search.Parse(p.Query)
	var wrong *search.Error
	switch {
	case errors.As(err, &wrong):
		p.Wrong = wrong.Error()
		c.show(w, r, http.StatusBadRequest, "incidents.html", &p)
		return
	case err != nil:
		c.fail(w, r, err)
		return
	}
	page, err := c.cfg.Store.IncidentPage(r.Context(), quarantine.IncidentQuery{
		Search: expr, Sort: p.Sort, After: quarantine.Cursor(values.Get("after")), Limit: pageSize})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p.Incidents, p.Acts = page.Incidents, c.severalActs(r)
	p.Newer, p.Older = turn(p.Query, p.Sort, page.Prev), turn(p.Query, p.Sort, page.Next)
	c.show(w, r, http.StatusOK, "incidents.html", &p)
}

func views(query string, sort quarantine.Sort) []view {
	all := []view{
		{Name: "Waiting", Path: waiting},
		{Name: "Second person", Path: "state:awaiting_approval"},
		{Name: "Copies left", Path: "delivered:>0"},
		{Name: "Not all read", Path: "-completeness:complete"},
		{Name: "Decided", Path: "state:decided"},
		{Name: "All", Path: ""},
	}
	for i, v := range all {
		all[i].Here = v.Path == query
		all[i].Path = listAddress(v.Path, sort, "")
	}
	return all
}

func columns(query string, sort quarantine.Sort) []column {
	by := func(s quarantine.Sort) string { return listAddress(query, s, "") }
	newest := column{Name: "Began", Path: by(quarantine.SortNewest), Here: sort == quarantine.SortNewest}
	if newest.Here {
		newest.Path = by(quarantine.SortOldest)
	} else if sort == quarantine.SortOldest {
		newest.Here = true
	}
	return []column{
		newest,
		{Name: "People", Path: by(quarantine.SortPeople), Here: sort == quarantine.SortPeople, Number: true},
		{Name: "What, and who sent it"},
		{Name: "Held copies", Path: by(quarantine.SortCopies), Here: sort == quarantine.SortCopies, Number: true, Wide: true},
		{Name: "Have left", Number: true, Wide: true},
		{Name: "State", Wide: true},
	}
}

// listAddress is the address of a list.
func listAddress(query string, sort quarantine.Sort, after quarantine.Cursor) string {
	v := url.Values{"q": {query}}
	if sort != "" {
		v.Set("sort", string(sort))
	}
	if after != "" {
		v.Set("after", string(after))
	}
	return "/incidents?" + v.Encode()
}

// turn is the address of another page of a list, "" for none.
func turn(query string, sort quarantine.Sort, to quarantine.Cursor) string {
	if to == "" {
		return ""
	}
	return listAddress(query, sort, to)
}
