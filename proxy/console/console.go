// Package console is the operators' web page over the quarantine: what was
// held, why, and what was found in it, masked.
//
// What is always true: a page shows no value of a message's content, only its
// kinds, counts, places and masked samples; everything that comes from a
// message is escaped as text; no script runs, no asset comes from elsewhere,
// and a strict Content-Security-Policy says so; a page answers only to the
// names by which the machine itself is reached, so that a foreign web page
// cannot read it through the reviewer's browser (DNS rebinding).
package console

import (
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Store is what the console needs of the quarantine; a *quarantine.Store has
// it.
type Store interface {
	List(ctx context.Context, q quarantine.Query) ([]quarantine.Message, quarantine.Cursor, error)
	Get(ctx context.Context, id string) (quarantine.Message, error)
	Stats(ctx context.Context) (quarantine.Stats, error)
}

// Config is what a console is made of.
type Config struct {
	Store   Store
	Metrics *metrics.Metrics
	Log     *slog.Logger
	// Hosts are further names by which the console is reached, beside
	// addresses and localhost.
	Hosts []string
	// Version is the program's, for the foot of each page.
	Version string
}

//go:embed pages/*.html pages/style.css
var pages embed.FS

// console serves the pages.
type console struct {
	cfg   Config
	pages *template.Template
	style []byte
}

// New makes the console. The error means that the program was built wrongly.
func New(cfg Config) (http.Handler, error) {
	t, err := template.New("").Funcs(functions()).ParseFS(pages, "pages/*.html")
	if err != nil {
		return nil, err
	}
	style, err := pages.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	c := &console{cfg: cfg, pages: t, style: style}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.list)
	mux.HandleFunc("GET /messages/{id}", c.message)
	mux.HandleFunc("GET /style.css", c.stylesheet)
	return c.guard(mux), nil
}

// guard sets the headers that every answer has, refuses foreign names, and
// counts requests.
func (c *console) guard(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		counted := &status{ResponseWriter: w, code: http.StatusOK}
		_, route := mux.Handler(r)
		if c.known(r.Host) {
			mux.ServeHTTP(counted, r)
		} else {
			http.Error(counted, "This name is not the console's.", http.StatusMisdirectedRequest)
		}
		if route == "" {
			route = "other"
		}
		c.cfg.Metrics.HTTPRequests.WithLabelValues(route, strconv.Itoa(counted.code/100)+"xx").Inc()
	})
}

// status remembers an answer's status.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// known reports whether a Host is one by which the console may be reached.
func (c *console) known(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || host == "localhost" {
		return true
	}
	for _, name := range c.cfg.Hosts {
		if strings.EqualFold(host, name) {
			return true
		}
	}
	return false
}

func (c *console) stylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write(c.style) //nolint:errcheck // the browser has gone
}

// render writes a page, or says that it could not be made.
func (c *console) render(w http.ResponseWriter, code int, page string, data any) {
	var b strings.Builder
	if err := c.pages.ExecuteTemplate(&b, page, data); err != nil {
		c.cfg.Log.Error("rendering a page", "page", page, "error", err)
		http.Error(w, "The page could not be made; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	w.Write([]byte(b.String())) //nolint:errcheck // the browser has gone
}

// fail answers a request that the store could not.
func (c *console) fail(w http.ResponseWriter, err error) {
	if errors.Is(err, quarantine.ErrNotFound) {
		c.render(w, http.StatusNotFound, "error.html", errorPage{c.cfg.Version, "There is no such message in the quarantine."})
		return
	}
	if errors.Is(err, quarantine.ErrInvalid) {
		c.render(w, http.StatusBadRequest, "error.html", errorPage{c.cfg.Version, "The address of this page is not a right one."})
		return
	}
	c.cfg.Log.Error("reading the quarantine", "error", err)
	c.render(w, http.StatusInternalServerError, "error.html", errorPage{c.cfg.Version, "The quarantine could not be read; the log says why."})
}

type errorPage struct{ Version, Text string }
