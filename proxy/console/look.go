package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// Inspector reads held messages again, for a person who may see what is in them.
type Inspector interface {
	// Inspect tells what is in a message, with the first rows of its tables as
	// they stand. The error is [ErrNotNow] if it was not read in time.
	Inspect(ctx context.Context, message extract.Source) (*rules.Evidence, error)
	// Outline gives the header and at most so many bytes of the texts.
	Outline(ctx context.Context, message extract.Source, most int64) (extract.Outline, error)
}

// ErrNotNow is what an Inspector says that has no room for a message in time.
var ErrNotNow = errors.New("not read in time")

// look is a way to see or take what is in a message. Each asks for a reason,
// which is in the audit trail before anything is shown.
type look struct {
	kind  string // label of the metric, and last step of the address
	name  string // for people
	right access.Right
	act   quarantine.Act
}

// looks are all of them.
func looks() (preview, reveal, download look) {
	return look{"preview", "The message", access.MessagePreview, quarantine.ActViewed},
		look{"evidence", "Rows in full", access.EvidenceReveal, quarantine.ActUnmasked},
		look{"download", "Download", access.MessageDownload, quarantine.ActExported}
}

// reasonSize is the longest reason, in characters.
const reasonSize = 500

// lookBody is the largest form that is read, in bytes.
const lookBody = 16 << 10

// lookRoutes are the addresses under a message.
func (c *console) lookRoutes() []route {
	preview, reveal, download := looks()
	return []route{
		{"GET /messages/{id}/preview", preview.right, c.preview},
		{"POST /messages/{id}/preview", preview.right, c.open(preview)},
		{"GET /messages/{id}/preview/{text}", preview.right, c.mailDocument},
		{"GET /messages/{id}/evidence", reveal.right, c.reveal},
		{"POST /messages/{id}/evidence", reveal.right, c.open(reveal)},
		{"POST /messages/{id}/download", download.right, c.download},
	}
}

// open answers a person who asks to look: with a reason they get a grant, and
// are sent to the page.
func (c *console) open(l look) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m, content, done := c.admit(w, r, l)
		if done {
			return
		}
		content.Close() //nolint:errcheck // read only
		c.grants.give(grant{access.From(r.Context()).Name, m.ID, l.kind})
		http.Redirect(w, r, lookPath(m.ID, l), http.StatusSeeOther)
	}
}

// download sends the bytes of a message. Without a length that was promised, a
// browser knows a download that broke off for a broken one.
func (c *console) download(w http.ResponseWriter, r *http.Request) {
	_, _, l := looks()
	m, content, done := c.admit(w, r, l)
	if done {
		return
	}
	defer content.Close() //nolint:errcheck // read only
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": m.ID + ".eml"}))
	if _, err := io.Copy(w, content); err != nil {
		if r.Context().Err() == nil {
			c.cfg.Log.Error("download broken off", "message", m.ID, "error", err)
		}
		panic(http.ErrAbortHandler) // the answer has begun: the connection ends without its end
	}
}

// admit checks that there is a reason and that the content can be read, and
// writes the look into the audit trail. Else it has answered, and done is true.
func (c *console) admit(w http.ResponseWriter, r *http.Request, l look) (m quarantine.Message, content *quarantine.Content, done bool) {
	result := "denied"
	defer func() { c.cfg.Metrics.Reveals.WithLabelValues(l.kind, result).Inc() }()
	r.Body = http.MaxBytesReader(w, r.Body, lookBody)
	m, err := c.cfg.Store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return m, nil, true
	}
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	if wrong := reasonWrong(reason); wrong != "" {
		c.ask(w, r, m, l, wrong)
		return m, nil, true
	}
	// Who cannot read must know before it is recorded that they did.
	content, err = c.cfg.Store.Content(r.Context(), m.ID)
	if err == nil {
		if err = c.cfg.Store.Record(r.Context(), m.ID, l.act, access.From(r.Context()).Name, reason); err != nil {
			content.Close() //nolint:errcheck // read only
		}
	}
	if err != nil {
		c.failLook(w, r, m, err)
		return m, nil, true
	}
	result = "allowed"
	return m, content, false
}

// reasonWrong tells what is wrong with a reason, "" for nothing.
func reasonWrong(reason string) string {
	switch {
	case reason == "":
		return "Say why you need it: the reason is kept in the audit trail."
	case utf8.RuneCountInString(reason) > reasonSize:
		return fmt.Sprintf("The reason is longer than %d characters.", reasonSize)
	}
	return ""
}

// failLook answers where content cannot be shown.
func (c *console) failLook(w http.ResponseWriter, r *http.Request, m quarantine.Message, err error) {
	title, text, code := "", "", http.StatusConflict
	switch {
	case errors.Is(err, quarantine.ErrSealed):
		title, text = "It is sealed", sealedText(m.ID)
	case errors.Is(err, quarantine.ErrNotFound):
		title, text, code = "It is no longer kept", "The content of "+m.ID+" was removed; what was found in it is still told.", http.StatusGone
	case errors.Is(err, quarantine.ErrDamaged):
		title, text, code = "It is damaged", "The content of "+m.ID+" is not what was held, so it is not shown. bulkhead quarantine export tells more.", http.StatusInternalServerError
		c.cfg.Log.Error("reading held content", "message", m.ID, "error", err)
	case errors.Is(err, ErrNotNow):
		title, text, code = "Not now", "The message could not be read in time: mail is inspected first come, first served. Try again.", http.StatusServiceUnavailable
	default:
		c.fail(w, r, err)
		return
	}
	c.write(w, r, code, "error.html", &errorPage{frame{Title: title, Section: "Incidents"}, text})
}

func sealedText(id string) string {
	return "The private key of the quarantine is not on this machine, so nobody can read " + id + " here. Where it is, bulkhead quarantine export " + id +
		" --identity FILE --reason \"…\" writes its bytes."
}

// asking is the form by which a person asks to look.
type asking struct {
	ID     string
	Kinds  []askKind // those that the person has a right to
	Wrong  string    // what was wrong with the reason
	Sealed bool      // nobody can look here
	None   bool      // the console has nobody to read messages
}

// askKind is one thing to ask for.
type askKind struct {
	look
	Path  string
	Until time.Time // zero: no grant runs
}

// Kind is the look's, for the pages.
func (k askKind) Kind() string { return k.kind }

// Name is the look's, for the pages.
func (k askKind) Name() string { return k.name }

// lookPath is the address of a look at a message.
func lookPath(id string, l look) string { return "/messages/" + id + "/" + l.kind }

// mayLook reports whether who asks has the right to a look that this console can
// give. The routes check it; this is for what the pages offer.
func (c *console) mayLook(r *http.Request, l look) bool {
	p := access.From(r.Context())
	return p.May(l.right) && (c.cfg.Inspector != nil || l.act == quarantine.ActExported)
}

// countDenied counts a look that somebody asked for without the right to it.
func (c *console) countDenied(right access.Right) {
	preview, reveal, download := looks()
	for _, l := range []look{preview, reveal, download} {
		if l.right == right {
			c.cfg.Metrics.Reveals.WithLabelValues(l.kind, "denied").Inc()
		}
	}
}

// asking makes the form for some looks.
func (c *console) asking(r *http.Request, m quarantine.Message, of ...look) asking {
	a := asking{ID: m.ID, Sealed: m.Sealed, None: c.cfg.Inspector == nil}
	p := access.From(r.Context())
	for _, l := range of {
		if c.mayLook(r, l) {
			a.Kinds = append(a.Kinds, askKind{l, lookPath(m.ID, l), c.grants.ends(grant{p.Name, m.ID, l.kind})})
		}
	}
	return a
}

// lookPage is a page about what is in a message. Without a grant it has the
// form alone.
type lookPage struct {
	frame
	Message quarantine.Message
	Sides   []item // the pages of the message
	Ask     asking
	Reader  string    // who looks
	Until   time.Time // the end of the grant; zero: there is none
}

// sides are the pages of a message that a person may come to.
func (c *console) sides(r *http.Request, m quarantine.Message, here string) []item {
	preview, reveal, _ := looks()
	all := []item{{Name: "What was found", Path: "/messages/" + m.ID, Here: here == ""}}
	for _, l := range []look{preview, reveal} {
		if c.mayLook(r, l) {
			all = append(all, item{Name: l.name, Path: lookPath(m.ID, l), Here: here == l.kind})
		}
	}
	return all
}

// lookPage begins a page. Where a grant runs, the browser leaves the page when
// it ends.
func (c *console) lookPage(w http.ResponseWriter, r *http.Request, m quarantine.Message, l look) lookPage {
	p := lookPage{frame: frame{Title: l.name + " of " + m.ID, Section: "Incidents"}, Message: m, Sides: c.sides(r, m, l.kind),
		Ask: c.asking(r, m, l), Reader: access.From(r.Context()).Name}
	p.Until = c.grants.ends(grant{p.Reader, m.ID, l.kind})
	if !p.Until.IsZero() {
		w.Header().Set("Refresh", fmt.Sprintf("%.0f;url=/messages/%s", p.Until.Sub(c.cfg.Now()).Seconds()+1, m.ID))
	}
	return p
}

// ask shows the form again, and says what was wrong.
func (c *console) ask(w http.ResponseWriter, r *http.Request, m quarantine.Message, l look, wrong string) {
	p := lookPage{frame: frame{Title: "A reason is missing", Section: "Incidents"}, Message: m, Sides: c.sides(r, m, l.kind), Ask: c.asking(r, m, l)}
	p.Ask.Wrong = wrong
	c.show(w, r, http.StatusUnprocessableEntity, "ask.html", &p)
}
