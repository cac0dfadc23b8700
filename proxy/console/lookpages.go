package console

import (
	"net/http"
	"strconv"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// previewSize is how many bytes of a message's texts are shown.
const previewSize = 1 << 20

// previewPage is a message as its reader would see it.
type previewPage struct {
	lookPage
	extract.Outline
	First []extract.Field // of the header, what a mail program shows
	Texts []shownText
	Parts partTree
	// NotNow: the parts could not be read in time.
	NotNow bool
}

// shownText is a text of the preview.
type shownText struct {
	extract.ShownText
	Frame string // the address of HTML as a document of its own, "" for plain text
}

func (c *console) preview(w http.ResponseWriter, r *http.Request) {
	l, _, _ := looks()
	m, err := c.cfg.Store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p := previewPage{lookPage: c.lookPage(w, r, m, l)}
	if p.Until.IsZero() || c.cfg.Inspector == nil {
		c.show(w, r, http.StatusOK, "ask.html", &p.lookPage)
		return
	}
	err = c.reading(r, m.ID, func(content extract.Source) error { return c.readPreview(r, &p, content) })
	if err != nil {
		c.failLook(w, r, m, err)
		return
	}
	for _, t := range p.Texts {
		if t.Frame != "" {
			w.Header().Set("Content-Security-Policy", contentPolicy+"; frame-src 'self'")
			break
		}
	}
	c.show(w, r, http.StatusOK, "preview.html", &p)
}

func (c *console) readPreview(r *http.Request, p *previewPage, content extract.Source) (err error) {
	if p.Outline, err = c.cfg.Inspector.Outline(r.Context(), content, previewSize); err != nil {
		return err
	}
	p.First = firstFields(p.Header)
	for i, t := range p.Outline.Texts {
		shown := shownText{ShownText: t}
		if t.HTML {
			shown.Frame = "/messages/" + p.Message.ID + "/preview/" + strconv.Itoa(i)
		}
		p.Texts = append(p.Texts, shown)
	}
	evidence, err := c.cfg.Inspector.Inspect(r.Context(), content)
	if err != nil {
		// What is shown already is worth more than an error.
		p.NotNow = true
		c.cfg.Log.Warn("the parts of a held message could not be read", "message", p.Message.ID, "error", err)
		return nil
	}
	p.Parts = newPartTree(evidence.Parts, evidence.Unread)
	return nil
}

// revealPage are the first rows of a message's tables, as they stand.
type revealPage struct {
	lookPage
	Found exhibit
}

func (c *console) reveal(w http.ResponseWriter, r *http.Request) {
	_, l, _ := looks()
	m, err := c.cfg.Store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		c.fail(w, r, err)
		return
	}
	p := revealPage{lookPage: c.lookPage(w, r, m, l)}
	if p.Until.IsZero() || c.cfg.Inspector == nil {
		c.show(w, r, http.StatusOK, "ask.html", &p.lookPage)
		return
	}
	var evidence *rules.Evidence
	err = c.reading(r, m.ID, func(content extract.Source) (err error) {
		evidence, err = c.cfg.Inspector.Inspect(r.Context(), content)
		return err
	})
	if err != nil {
		c.failLook(w, r, m, err)
		return
	}
	p.Found = exhibit{Message: m, Findings: evidence.Findings, Plain: true}
	c.show(w, r, http.StatusOK, "reveal.html", &p)
}
