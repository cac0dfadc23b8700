package console

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

// sendersPage lists those of whom something was held.
type sendersPage struct {
	frame
	Senders []quarantine.Sender
	Sort    quarantine.SenderSort
	Sorts   []link
	Next    string // an address, "" on the last page
}

func (c *console) senders(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	page := &sendersPage{frame: frame{Title: "Senders", Section: "Senders"}, Sort: quarantine.SenderSort(values.Get("sort"))}
	for _, by := range []link{{Name: "Most messages"}, {Name: "Most people", Path: string(quarantine.SendersByPeople)}, {Name: "Last to send", Path: string(quarantine.SendersByLast)}} {
		page.Sorts = append(page.Sorts, link{by.Name, "/senders?sort=" + by.Path, by.Path == string(page.Sort)})
	}
	q := quarantine.SenderQuery{Sort: page.Sort, After: quarantine.Cursor(values.Get("after")), Limit: pageSize}
	var next quarantine.Cursor
	var err error
	if page.Senders, next, err = c.cfg.Store.Senders(r.Context(), q); err != nil {
		c.fail(w, r, err)
		return
	}
	if next != "" {
		page.Next = "/senders?" + url.Values{"sort": {string(page.Sort)}, "after": {string(next)}}.Encode()
	}
	c.show(w, r, http.StatusOK, "senders.html", page)
}

// auditPage is a part of the audit trail, the newest entries first.
type auditPage struct {
	frame
	Entries      []quarantine.Entry
	By           string
	Act          quarantine.Act
	Incident     string
	Older, Newer string // addresses, "" where there is no such page
}

func (c *console) audit(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	page := &auditPage{frame: frame{Title: "Audit trail", Section: "Audit"}, By: values.Get("by"), Act: quarantine.Act(values.Get("act")), Incident: values.Get("incident")}
	q := quarantine.AuditLogQuery{By: page.By, Act: page.Act, Incident: page.Incident, Limit: pageSize}
	q.Before, _ = strconv.ParseInt(values.Get("before"), 10, 64) // anything else is the newest
	q.After, _ = strconv.ParseInt(values.Get("after"), 10, 64)
	if q.Before > 0 {
		q.After = 0
	}
	log, err := c.cfg.Store.AuditLog(r.Context(), q)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	page.Entries = log.Entries
	to := func(name string, seq int64) string {
		if seq == 0 {
			return ""
		}
		v := url.Values{name: {strconv.FormatInt(seq, 10)}}
		for key, value := range map[string]string{"by": page.By, "act": string(page.Act), "incident": page.Incident} {
			if value != "" {
				v.Set(key, value)
			}
		}
		return "/audit?" + v.Encode()
	}
	page.Older, page.Newer = to("before", log.Older), to("after", log.Newer)
	c.show(w, r, http.StatusOK, "audit.html", page)
}

// helpPage says how to search and how to decide.
type helpPage struct {
	frame
	Keys []search.Doc
}

func (c *console) help(w http.ResponseWriter, r *http.Request) {
	c.show(w, r, http.StatusOK, "help.html", &helpPage{frame{Title: "Help", Section: "Help"}, search.Docs()})
}
