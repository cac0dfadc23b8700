// Package console is the operators' web pages over the quarantine: what was
// stopped, how many people it concerns, and what has already left.
//
// What is always true: a page shows no value of a message's content, only its
// kinds, counts, places and masked samples; a page is whole without a script;
// everything that comes from a message is escaped as text; no asset comes from
// elsewhere, no script or style stands inline, and a strict
// Content-Security-Policy says so; a page answers only to the names by which
// the machine itself is reached, so that a foreign web page cannot read it
// through the reviewer's browser (DNS rebinding); no link is made of a person's
// address, since a browser remembers links. What a reviewer searches for does
// stand in the address of the list.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Store is what the console needs of the quarantine; a *quarantine.Store has
// it.
type Store interface {
	Overview(ctx context.Context, since time.Time) (quarantine.Overview, error)
	IncidentPage(ctx context.Context, q quarantine.IncidentQuery) (quarantine.IncidentPage, error)
	Incident(ctx context.Context, id string) (quarantine.Incident, error)
	List(ctx context.Context, q quarantine.Query) ([]quarantine.Message, quarantine.Cursor, error)
	Get(ctx context.Context, id string) (quarantine.Message, error)
	Senders(ctx context.Context, q quarantine.SenderQuery) ([]quarantine.Sender, quarantine.Cursor, error)
	AuditLog(ctx context.Context, q quarantine.AuditLogQuery) (quarantine.AuditPage, error)
	Stats(ctx context.Context) (quarantine.Stats, error)
	Changes(ctx context.Context) (quarantine.Change, error)
}

// Config is what a console is made of.
type Config struct {
	Store   Store
	Metrics *metrics.Metrics
	Log     *slog.Logger
	// Hosts are further names by which the console is reached, beside
	// addresses and localhost.
	Hosts []string
	// Version is the program's, for the page of help.
	Version string
	// Done is closed when the program goes down, so that open streams end; nil:
	// they end with their connections.
	Done <-chan struct{}
}

// console serves the pages.
type console struct {
	cfg    Config
	pages  *book
	assets *assets
	// followers holds one entry for each page that follows what happens.
	followers chan struct{}
}

// New makes the console. The error means that the program was built wrongly.
func New(cfg Config) (http.Handler, error) {
	a, err := newAssets()
	if err != nil {
		return nil, err
	}
	pages, err := newBook()
	if err != nil {
		return nil, err
	}
	c := &console{cfg: cfg, pages: pages, assets: a, followers: make(chan struct{}, followersMost)}
	mux := http.NewServeMux()
	c.routes(mux)
	return c.guard(mux), nil
}

func (c *console) routes(mux *http.ServeMux) {
	mux.Handle("GET "+assetsPath, c.assets)
	mux.HandleFunc("GET /{$}", c.overview)
	mux.HandleFunc("GET /incidents", c.incidents)
	mux.HandleFunc("GET /incidents/{id}", c.incident)
	mux.HandleFunc("GET /messages/{id}", c.message)
	mux.HandleFunc("GET /senders", c.senders)
	mux.HandleFunc("GET /audit", c.audit)
	mux.HandleFunc("GET /help", c.help)
	mux.HandleFunc("GET /events", c.events)
}
