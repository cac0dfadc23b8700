package console

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

// pageSize is how many rows a page lists.
const pageSize = 50

// incidentsPage is the list of incidents.
type incidentsPage struct {
	frame
	Query      string // as the person wrote it
	Wrong      string // what is not understood of it
	Sort       quarantine.Sort
	Incidents  []quarantine.ListedIncident
	Next, Prev string // addresses, "" where there is no such page
	Saved      []link
	Sorts      []link
}

// link is a way to the same list, otherwise.
type link struct {
	Name, Path string
	Here       bool
}

func (c *console) incidents(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	page := &incidentsPage{frame: frame{Title: "Incidents", Section: "Incidents"}, Query: values.Get("q"), Sort: quarantine.Sort(values.Get("sort"))}
	page.links()
	q := quarantine.IncidentQuery{Sort: page.Sort, After: quarantine.Cursor(values.Get("after")), Limit: pageSize}
	var err error
	if q.Search, err = search.Parse(page.Query); err != nil {
		var wrong *search.Error
		if !errors.As(err, &wrong) {
			c.fail(w, r, err)
			return
		}
		page.Wrong = wrong.Error()
		c.show(w, r, http.StatusBadRequest, "incidents.html", page)
		return
	}
	found, err := c.cfg.Store.IncidentPage(r.Context(), q)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	page.Incidents = found.Incidents
	page.Next, page.Prev = page.path(page.Query, page.Sort, found.Next), page.path(page.Query, page.Sort, found.Prev)
	if found.Next == "" {
		page.Next = ""
	}
	if found.Prev == "" {
		page.Prev = ""
	}
	c.show(w, r, http.StatusOK, "incidents.html", page)
}

// path is the address of a list.
func (*incidentsPage) path(query string, sort quarantine.Sort, after quarantine.Cursor) string {
	v := url.Values{}
	for key, value := range map[string]string{"q": query, "sort": string(sort), "after": string(after)} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if len(v) == 0 {
		return "/incidents"
	}
	return "/incidents?" + v.Encode()
}

// links are the searches that people ask for most, and the orders.
func (p *incidentsPage) links() {
	for _, saved := range []link{{Name: "All"}, {Name: "Open", Path: "state:open"}, {Name: "Waits for a second person", Path: "state:awaiting_approval"},
		{Name: "Some have left", Path: "delivered:>0"}, {Name: "Not wholly read", Path: "-completeness:complete"}, {Name: "Decided", Path: "state:decided"}} {
		p.Saved = append(p.Saved, link{saved.Name, p.path(saved.Path, p.Sort, ""), saved.Path == p.Query})
	}
	for _, by := range []link{{Name: "Newest"}, {Name: "Oldest", Path: string(quarantine.SortOldest)}, {Name: "Most people", Path: string(quarantine.SortPeople)},
		{Name: "Most copies", Path: string(quarantine.SortCopies)}} {
		p.Sorts = append(p.Sorts, link{by.Name, p.path(p.Query, quarantine.Sort(by.Path), ""), by.Path == string(p.Sort)})
	}
}
