package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// mailStyle is the style of HTML from a message. The message has none of its
// own there, so that nothing in it is hidden, or laid over the rest.
const mailStyle = `html{color-scheme:light;background:#fff;color:#16202b}` +
	`body{margin:1rem;font:14px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}` +
	`table{border-collapse:collapse}td,th{padding:.15rem .4rem;border:1px solid #dde2e8;vertical-align:top;text-align:left}` +
	`img{max-width:100%;height:auto}pre{white-space:pre-wrap}blockquote{margin:.5rem 0;padding-left:.75rem;border-left:3px solid #dde2e8}` +
	`code{color:#52606f;font-size:.9em}`

// mailPolicy shuts HTML from a message in: it is an origin of its own, runs and
// loads nothing, and has the one style above, by its hash. Only pages of the
// console may frame it.
func mailPolicy() string {
	sum := sha256.Sum256([]byte(mailStyle))
	return "sandbox; default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
}

// mailDocument serves an HTML text of a message as a document of its own, for
// the frame in the preview.
func (c *console) mailDocument(w http.ResponseWriter, r *http.Request) {
	l, _, _ := looks()
	m, err := c.cfg.Store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	if c.cfg.Inspector == nil || c.grants.ends(grant{access.From(r.Context()).Name, m.ID, l.kind}).IsZero() {
		c.cfg.Metrics.Reveals.WithLabelValues(l.kind, "denied").Inc()
		c.write(w, r, http.StatusConflict, "error.html", &errorPage{frame{Title: "A reason is missing", Section: "Incidents"},
			"The message is shown to who gave a reason, and for 15 minutes: go to the page of " + m.ID + "."})
		return
	}
	var o extract.Outline
	err = c.reading(r, m.ID, func(content extract.Source) (err error) {
		o, err = c.cfg.Inspector.Outline(r.Context(), content, previewSize)
		return err
	})
	if err != nil {
		c.failLook(w, r, m, err)
		return
	}
	n, err := strconv.Atoi(r.PathValue("text"))
	if err != nil || n < 0 || n >= len(o.Texts) || !o.Texts[n].HTML {
		http.NotFound(w, r)
		return
	}
	var b bytes.Buffer
	b.WriteString("<!doctype html><html><head><meta charset=\"utf-8\"><title>HTML of the message</title><style>" + mailStyle + "</style></head><body>")
	if err := c.inert.write(&b, o.Texts[n].Text); err != nil {
		c.failLook(w, r, m, err)
		return
	}
	b.WriteString("</body></html>")
	w.Header().Set("Content-Security-Policy", mailPolicy())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes()) //nolint:errcheck // the browser has gone
}
