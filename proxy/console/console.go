// Package console is the operators' web pages over the quarantine: what was
// stopped, how many people it concerns, and what has already left.
//
// What is always true: a page shows no value of a message's content, only its
// kinds, counts, places and masked samples, but to a person who may see more,
// gave a reason, and is in the audit trail with it before anything is shown; a
// page is whole without a script;
// everything that comes from a message is escaped as text, and its HTML, without
// what could act, has a document of its own that runs and fetches nothing; no asset comes from
// elsewhere, no script or style stands inline, and a strict
// Content-Security-Policy says so; a page answers only to the names by which
// the machine itself is reached, so that a foreign web page cannot read it
// through the reviewer's browser (DNS rebinding); who is not logged in sees
// nothing of the mail, and everybody only what their role has the right to; a
// foreign page cannot change anything (http.CrossOriginProtection); no link is made of a person's
// address, since a browser remembers links. What a reviewer searches for does
// stand in the address of the list.
package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/follow"
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
	Content(ctx context.Context, id string) (*quarantine.Content, error)
	Record(ctx context.Context, id string, act quarantine.Act, by, reason string) error
}

// Config is what a console is made of.
type Config struct {
	Store   Store
	Metrics *metrics.Metrics
	Log     *slog.Logger
	// Desk and Jobs decide; nil: the pages say how it is done on the command
	// line.
	Desk Desk
	Jobs Jobs
	// Cases notes who works on what; nil: nobody does here.
	Cases Cases
	// Gather reads what a breach record tells; nil: none is written here.
	Gather Gather
	// Allow puts what people allow on the list; nil: nothing is allowed here.
	Allow Allower
	// Test sends test copies to reviewers; nil: none are sent.
	Test Tester
	// Hosts are further names by which the console is reached, beside
	// addresses and localhost.
	Hosts []string
	// Access tells who asks.
	Access   *access.Door
	Accounts Accounts
	// Version is the program's, for the page of help.
	Version string
	// Inspector reads held messages again for who asks with a reason; nil: their
	// bytes can be taken, and nothing of them is shown.
	Inspector Inspector
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Done is closed when the program goes down, so that open streams end; nil:
	// they end with their connections.
	Done <-chan struct{}
	// Judge judges what somebody tries, of at most TryMost bytes, which is in
	// SpoolDir meanwhile; nil: nothing can be tried.
	Judge    Judge
	TryMost  int64
	SpoolDir string
	// Policies are those in force, and Past what others are tried on; nil: there
	// is no page of them.
	Policies Policies
	Past     Past
	// Settings tells what the program runs with; nil: there is no page of it.
	Settings SettingsSource
	// Health tells how the relay does; nil: nobody tells.
	Health func() Health
	// API answers below /api/v1/, and checks by itself what who asks may; nil:
	// there is none.
	API http.Handler
}

// console serves the pages.
type console struct {
	cfg       Config
	pages     *book
	assets    *assets
	grants    *grants
	inert     *inert
	followers *follow.Followers
	// tries holds one entry for each trial under way.
	tries chan struct{}
	// rehearsals holds one entry for each rehearsal under way.
	rehearsals chan struct{}
	cross      http.CrossOriginProtection
}

// New makes the console. The error means that the program was built wrongly.
func New(cfg Config) (http.Handler, error) {
	if cfg.Access == nil {
		return nil, errors.New("console: nobody tells who may see it")
	}
	a, err := newAssets()
	if err != nil {
		return nil, err
	}
	pages, err := newBook()
	if err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &console{cfg: cfg, pages: pages, assets: a, grants: newGrants(cfg.Now), inert: newInert(), followers: follow.New(cfg.Store, cfg.Done, followersMost),
		tries: make(chan struct{}, triesMost), rehearsals: make(chan struct{}, rehearsalsAtOne)}
	mux := http.NewServeMux()
	for _, r := range c.routes() {
		mux.Handle(r.pattern, c.only(r))
	}
	return c.guard(mux), nil
}

// route is an address of the console, the right that it asks for, and who
// answers.
type route struct {
	pattern string // of net/http.ServeMux
	right   access.Right
	serve   http.HandlerFunc
}

// routes are all addresses of the console. One that is not here does not exist.
func (c *console) routes() []route {
	return append(c.lookRoutes(), []route{
		{"GET " + assetsPath, access.Public, c.assets.ServeHTTP},
		{"GET /favicon.ico", access.Public, c.icon}, // asked for by browsers that have not read a page yet
		{"GET /{$}", access.IncidentList, c.overview},
		{"GET /overview/hours.svg", access.IncidentList, c.hours},
		{"GET /incidents", access.IncidentList, c.incidents},
		{"GET /incidents/release", access.DecideRelease, c.deciding(c.bulk(quarantine.ActionRelease))},
		{"POST /incidents/release", access.DecideRelease, c.deciding(c.bulkIt(quarantine.ActionRelease))},
		{"GET /incidents/refuse", access.DecideRefuse, c.deciding(c.bulk(quarantine.ActionRefuse))},
		{"POST /incidents/refuse", access.DecideRefuse, c.deciding(c.bulkIt(quarantine.ActionRefuse))},
		{"GET /incidents/delete", access.DecideDelete, c.deciding(c.bulk(quarantine.ActionDelete))},
		{"POST /incidents/delete", access.DecideDelete, c.deciding(c.bulkIt(quarantine.ActionDelete))},
		{"GET /incidents/{id}", access.EvidenceMasked, c.incident},
		{"POST /incidents/{id}/release", access.DecideRelease, c.deciding(c.release)},
		{"POST /incidents/{id}/refuse", access.DecideRefuse, c.deciding(c.refuse)},
		{"POST /incidents/{id}/delete", access.DecideDelete, c.deciding(c.remove)},
		{"POST /incidents/{id}/approve", access.DecideApprove, c.deciding(c.approve)},
		{"POST /incidents/{id}/withdraw", access.DecideRelease, c.deciding(c.withdraw)},
		{"POST /incidents/{id}/stop", access.DecideRefuse, c.deciding(c.stop)}, // what is not sent
		{"POST /incidents/{id}/resume", access.DecideRelease, c.deciding(c.resume)},
		{"POST /incidents/{id}/claim", access.IncidentAssign, c.deciding(c.claim)},
		{"POST /incidents/{id}/give-back", access.IncidentAssign, c.deciding(c.giveBack)},
		{"POST /incidents/{id}/mark", access.IncidentAssign, c.deciding(c.mark)},
		{"POST /incidents/{id}/allow", access.ExceptionWrite, c.where(c.cfg.Allow != nil, c.allow)},
		{"POST /incidents/{id}/test", access.MessageDownload, c.where(c.cfg.Test != nil, c.sendTest)},
		{"GET /incidents/{id}/report.html", access.EvidenceMasked, c.record("html")},
		{"GET /incidents/{id}/report.pdf", access.EvidenceMasked, c.record("pdf")},
		{"GET /incidents/{id}/report.json", access.EvidenceMasked, c.record("json")},
		{"GET /messages/{id}", access.EvidenceMasked, c.message},
		{"GET /senders", access.IncidentList, c.senders},
		{"GET /audit", access.AuditRead, c.audit},
		{"GET /policies", access.PolicyRead, c.policies},
		{"POST /policies", access.PolicyRead, c.tryPolicies},
		{"GET /policies/{name}", access.PolicyRead, c.policy},
		{"GET /settings", access.Admin, c.settings},
		{"GET /try", access.Scan, c.try},
		{"POST /try", access.Scan, c.tryIt},
		{"GET /help", access.SignedIn, c.help},
		{"GET /events", access.IncidentList, c.events},
		{"/api/v1/", access.Public, c.program},

		{"GET /login", access.Public, c.signIn},
		{"POST /login", access.Public, c.signInForm},
		{"GET /login/oidc", access.Public, c.openIDBegin},
		{"GET /login/oidc/callback", access.Public, c.openIDEnd},
		{"POST /logout", access.Public, c.signOut},
		{"GET /first/{secret}", access.Public, c.firstRun},
		{"POST /first/{secret}", access.Public, c.firstRunForm},
		{"GET /me", access.SignedIn, c.me},
		{"POST /me/password", access.SignedIn, c.changePassword},
		{"POST /me/factor", access.SignedIn, c.secondFactor},
		{"POST /me/factor/off", access.SignedIn, c.noSecondFactor},
		{"POST /me/sessions/end", access.SignedIn, c.endSessions},
		{"POST /me/tokens", access.SignedIn, c.makeToken},
		{"POST /me/tokens/revoke", access.SignedIn, c.revokeOwnToken},
		{"GET /accounts", access.Admin, c.accounts},
		{"POST /accounts", access.Admin, c.addAccount},
		{"POST /accounts/change", access.Admin, c.changeAccount},
		{"POST /accounts/tokens/revoke", access.Admin, c.revokeToken},
	}...)
}

// program answers a program, which asks the API.
func (c *console) program(w http.ResponseWriter, r *http.Request) {
	if c.cfg.API == nil {
		http.NotFound(w, r)
		return
	}
	c.cfg.API.ServeHTTP(w, r)
}

// icon leads to the icon.
func (c *console) icon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, c.assets.base+"icon.svg", http.StatusFound)
}
