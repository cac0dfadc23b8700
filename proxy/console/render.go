package console

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

//go:embed pages
var pageFiles embed.FS

// book holds the pages. Each file of pages/ that defines "main" is one; those
// of pages/shared are parts of all.
type book struct{ pages map[string]*template.Template }

func newBook() (*book, error) {
	shared, err := template.New("").Funcs(words()).ParseFS(pageFiles, "pages/layout.html", "pages/shared/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	b := &book{pages: map[string]*template.Template{}}
	for _, name := range names {
		t, err := shared.Clone()
		if err == nil {
			t, err = t.ParseFS(pageFiles, name)
		}
		if err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		b.pages[path.Base(name)] = t
	}
	return b, nil
}

// frame is what stands around every page. A page embeds it.
type frame struct {
	Title   string
	Section string // of the menu: the Name of an item
	Assets  string // where the style and the scripts are
	Menu    []item // what there is to go to
	Person  access.Person
	Stats   quarantine.Stats // the quarantine in numbers; zero on a page that says why there is nothing to see
}

// item is a line of the menu.
type item struct {
	Name, Path string
	Here       bool
	Count      int64
}

func (f *frame) around() *frame { return f }

// framed is a page with a frame.
type framed interface{ around() *frame }

// show writes a page with the numbers of now. Without them the menu would say
// that nothing waits.
func (c *console) show(w http.ResponseWriter, r *http.Request, code int, name string, page framed) {
	stats, err := c.cfg.Store.Stats(r.Context())
	if err != nil {
		c.fail(w, r, err)
		return
	}
	page.around().Stats = stats
	c.write(w, r, code, name, page)
}

// write writes a page, or says that it could not be made.
func (c *console) write(w http.ResponseWriter, r *http.Request, code int, name string, page framed) {
	f := page.around()
	f.Assets = c.assets.base
	f.Person = access.From(r.Context())
	f.fillMenu()
	var b bytes.Buffer
	if err := c.pages.pages[name].ExecuteTemplate(&b, "layout", page); err != nil {
		c.cfg.Log.Error("rendering a page", "page", name, "error", err)
		http.Error(w, "The page could not be made; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	w.Write(b.Bytes()) //nolint:errcheck // the browser has gone
}

// fillMenu lists what there is to go to, for who may.
func (f *frame) fillMenu() {
	for _, x := range []struct {
		name, path string
		right      access.Right
	}{
		{"Overview", "/", access.IncidentList}, {"Incidents", "/incidents", access.IncidentList},
		{"Senders", "/senders", access.IncidentList}, {"Audit", "/audit", access.AuditRead},
		{"Policies", "/policies", access.PolicyRead}, {"Try", "/try", access.Scan},
		{"Accounts", "/accounts", access.Admin}, {"Settings", "/settings", access.Admin}, {"Help", "/help", access.SignedIn},
	} {
		if !f.Person.May(x.right) {
			continue
		}
		i := item{Name: x.name, Path: x.path, Here: x.name == f.Section}
		if x.name == "Incidents" {
			i.Count = f.Stats.Incidents
		}
		f.Menu = append(f.Menu, i)
	}
}

// errorPage says why there is nothing to see.
type errorPage struct {
	frame
	Text string
}

// clientGone is the status that is counted where a browser did not wait for its
// page; it is nginx's, and nobody gets it.
const clientGone = 499

// fail answers a request that could not be.
func (c *console) fail(w http.ResponseWriter, r *http.Request, err error) {
	code, title, text := http.StatusInternalServerError, "It cannot be read", "The quarantine could not be read; the log says why."
	switch {
	case r.Context().Err() != nil:
		w.WriteHeader(clientGone)
		return
	case errors.Is(err, quarantine.ErrNotFound):
		code, title, text = http.StatusNotFound, "Not found", "There is no such message or incident in the quarantine."
	case errors.Is(err, errNoSettings):
		code, title, text = http.StatusNotFound, "Not found", "This console is not told of the settings."
	case errors.Is(err, errNoPolicy):
		code, title, text = http.StatusNotFound, "Not found", "There is no such policy in force."
	case errors.Is(err, quarantine.ErrInvalid):
		code, title, text = http.StatusBadRequest, "Not understood", "The address of this page is not a right one."
	default:
		c.cfg.Log.Error("reading the quarantine", "error", err)
	}
	c.write(w, r, code, "error.html", &errorPage{frame{Title: title}, text})
}
