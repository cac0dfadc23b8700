package console

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

// sendersPage lists of whom something was held.
type sendersPage struct {
	frame
	Sort    quarantine.SenderSort
	Senders []quarantine.Sender
	Next    string
}

func (c *console) senders(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	p := sendersPage{frame: frame{Title: "Senders", Section: "Senders"}, Sort: quarantine.SenderSort(values.Get("sort"))}
	var next quarantine.Cursor
	var err error
	p.Senders, next, err = c.cfg.Store.Senders(r.Context(), quarantine.SenderQuery{Sort: p.Sort, After: quarantine.Cursor(values.Get("after")), Limit: pageSize})
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if next != "" {
		values.Set("after", string(next))
		p.Next = "/senders?" + values.Encode()
	}
	c.show(w, r, http.StatusOK, "senders.html", &p)
}

// auditPage is the audit trail, newest first.
type auditPage struct {
	frame
	By, About, Since string
	Entries          []quarantine.Entry
	Older, Newer     string
}

func (c *console) audit(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	p := auditPage{frame: frame{Title: "Audit", Section: "Audit"}, By: values.Get("by"), About: values.Get("about"), Since: values.Get("since")}
	q := quarantine.AuditLogQuery{By: p.By, Limit: pageSize}
	if id, err := quarantine.NormaliseID(p.About); err == nil {
		q.Message = id
	} else {
		q.Incident = p.About
	}
	q.Since, _ = time.Parse(time.DateOnly, p.Since)              // anything else is no bound
	q.Before, _ = strconv.ParseInt(values.Get("before"), 10, 64) // as above
	q.After, _ = strconv.ParseInt(values.Get("after"), 10, 64)   // as above
	page, err := c.cfg.Store.AuditLog(r.Context(), q)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p.Entries = page.Entries
	p.Older, p.Newer = auditAddress(values, "before", page.Older), auditAddress(values, "after", page.Newer)
	c.show(w, r, http.StatusOK, "audit.html", &p)
}

// auditAddress is the address of another page of the trail, "" for none.
func auditAddress(values url.Values, side string, seq int64) string {
	if seq == 0 {
		return ""
	}
	v := url.Values{side: {strconv.FormatInt(seq, 10)}}
	for _, key := range []string{"by", "about", "since"} {
		if s := values.Get(key); s != "" {
			v.Set(key, s)
		}
	}
	return "/audit?" + v.Encode()
}

// helpPage says how the console is used.
type helpPage struct {
	frame
	Version string
	Keys    []search.Doc
}

func (c *console) help(w http.ResponseWriter, r *http.Request) {
	c.show(w, r, http.StatusOK, "help.html", &helpPage{frame{Title: "Help", Section: "Help"}, c.cfg.Version, search.Docs()})
}
