package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/follow"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/replay"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Base is the path below which all operations are.
const Base = "/api/v1"

// Store is what the API needs of the quarantine; a *quarantine.Store has it.
type Store interface {
	replay.Source
	PolicyHits(ctx context.Context, since time.Time) ([]quarantine.PolicyCount, error)
	Overview(ctx context.Context, since time.Time) (quarantine.Overview, error)
	IncidentPage(ctx context.Context, q quarantine.IncidentQuery) (quarantine.IncidentPage, error)
	Incident(ctx context.Context, id string) (quarantine.Incident, error)
	List(ctx context.Context, q quarantine.Query) ([]quarantine.Message, quarantine.Cursor, error)
	Get(ctx context.Context, id string) (quarantine.Message, error)
	Senders(ctx context.Context, q quarantine.SenderQuery) ([]quarantine.Sender, quarantine.Cursor, error)
	Audit(ctx context.Context, q quarantine.AuditQuery) ([]quarantine.Entry, int64, error)
	AuditLog(ctx context.Context, q quarantine.AuditLogQuery) (quarantine.AuditPage, error)
	Stats(ctx context.Context) (quarantine.Stats, error)
	Changes(ctx context.Context) (quarantine.Change, error)
	Claim(ctx context.Context, incident, by, reason string) error
	Assign(ctx context.Context, incident, to, by, reason string) error
	MarkIncident(ctx context.Context, incident string, mark quarantine.IncidentMark, by, reason string) error
	Content(ctx context.Context, id string) (*quarantine.Content, error)
	Record(ctx context.Context, id string, act quarantine.Act, by, reason string) error
	RecordIncident(ctx context.Context, id string, act quarantine.Act, by, reason string) error
	BeginOnce(ctx context.Context, key, digest [32]byte) (answer []byte, err error)
	EndOnce(ctx context.Context, key [32]byte, answer []byte) error
}

// Config is what an API is made of.
type Config struct {
	Store   Store
	Desk    Desk
	Jobs    Jobs
	People  People
	Log     *slog.Logger
	Version string // the program's
	// Obstacle says what keeps mail from being taken, "" if nothing does; nil:
	// that is not told.
	Obstacle func(ctx context.Context) string
	// Judge says what would become of a submission if somebody sent it, and keeps
	// nothing of it. An error means that nothing may be concluded; one that is
	// context.DeadlineExceeded, that it may be tried again. nil: nothing is judged.
	Judge func(ctx context.Context, s Submission) (Scan, error)
	// ScanMost is how many bytes a submission may have, which is in SpoolDir
	// meanwhile, in a file without a name.
	ScanMost int64
	SpoolDir string
	// Gather reads what a breach record tells of an incident; nil: none is written.
	Gather func(ctx context.Context, incident string) (report.Incident, error)
	// Policies are those in force, and OwnDomains what they take for the owner's;
	// nil: none are told.
	Policies   func() *rules.Policies
	OwnDomains func() []string
	// Settings gives what is in force, secrets hidden; nil: it is not told.
	Settings func() []Setting
	// Reload has everything read again that is taken while running, for somebody,
	// and notes that; nil: nobody can ask for it.
	Reload func(ctx context.Context, by string) (Reload, error)
	// Taken is told of each request to see or take what is in a held message, by
	// kind (preview, evidence or download), and whether it was given; nil: nobody is.
	Taken func(kind string, given bool)
	// Allow and Test put what people allow on the list, and send test copies; nil:
	// nobody does.
	Allow Allower
	Test  Tester
	// Inspector reads held messages again; nil: nothing of them is shown.
	Inspector Inspector
	// Done is closed when the program goes down, so that open streams end; nil:
	// they end with their connections.
	Done <-chan struct{}
}

// api serves the operations.
type api struct {
	cfg  Config
	huma huma.API
	mux  *http.ServeMux
	// rights are the rights of the operations, by their ids; words are the names
	// of what can be sent, which a problem may repeat.
	rights    map[string]access.Right
	words     map[string]bool
	followers *follow.Followers
	scans     chan struct{} // one entry for each that is under way
}

// New makes the API. Who asks it finds in the request's context: access.With
// puts it there. The error means that the program was built wrongly, such as
// with an operation that asks for no right.
func New(cfg Config) (http.Handler, error) {
	a := &api{cfg: cfg, mux: http.NewServeMux(), rights: map[string]access.Right{}, words: map[string]bool{},
		followers: follow.New(cfg.Store, cfg.Done, followersMost), scans: make(chan struct{}, scansMost)}
	config := huma.DefaultConfig("Bulkhead", cfg.Version)
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // the document is ours to serve
	config.CreateHooks = nil                                             // no links to schemas in answers
	config.RejectUnknownQueryParameters = true
	config.Transformers = []huma.Transformer{a.silence}
	a.huma = humago.New(a.mux, config)
	a.huma.UseMiddleware(a.catch, a.check)
	if err := a.register(a.operations()); err != nil {
		return nil, err
	}
	document, err := a.document()
	if err != nil {
		return nil, err
	}
	a.mux.HandleFunc("GET "+Base+"/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(document) //nolint:errcheck // the client has gone
	})
	a.mux.HandleFunc("/", a.none)
	return a.mux, nil
}

// schemaName names a type in the document: those of other packages with the
// package's name, since two may have a type of one name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch from := path.Base(t.PkgPath()); from {
	case ".", "api", "v2":
		return name
	default:
		return strings.ToUpper(from[:1]) + from[1:] + name
	}
}

// operation is one operation of the API: how it is described, the right it asks
// for, and how it is put to work.
type operation struct {
	huma.Operation
	right    access.Right
	register func(*api, huma.Operation)
}

// op makes an operation. The address is a method and a path below Base; the
// name is its id in the document and stays as it is for ever.
func op[I, O any](right access.Right, address, name, summary string, do func(context.Context, *I) (*O, error)) operation {
	method, below, _ := strings.Cut(address, " ")
	return operation{
		Operation: huma.Operation{Method: method, Path: Base + below, OperationID: name, Summary: summary},
		right:     right,
		register: func(a *api, o huma.Operation) {
			huma.Register(a.huma, o, func(ctx context.Context, in *I) (*O, error) {
				out, err := do(ctx, in)
				return out, a.problem(ctx, o.OperationID, err)
			})
		},
	}
}

// with changes an operation's description.
func (o operation) with(change func(*huma.Operation)) operation {
	change(&o.Operation)
	return o
}

// operations are all that there are. One that is not here does not exist.
func (a *api) operations() []operation {
	return slices.Concat(
		[]operation{
			op(access.SignedIn, "GET /me", "me", "Who asks, and what they may", a.me),
			op(access.IncidentList, "GET /status", "status", "Whether mail is taken, and how full the quarantine is", a.status),
			op(access.IncidentList, "GET /overview", "overview", "What happened within a time, in numbers", a.overview),
			op(access.IncidentList, "GET /senders", "senders", "Of whom something was held", a.senders),
			op(access.AuditRead, "GET /audit", "audit", "The audit trail, newest first", a.audit),
		},
		a.incidentOperations(),
		a.decisionOperations(),
		a.bulkOperations(),
		a.messageOperations(),
		a.policyOperations(),
		a.accountOperations(),
		a.lookOperations(),
		a.exceptionOperations(),
		[]operation{a.sourceOperation(), a.reportOperation(), a.scanOperation(), a.eventsOperation()},
	)
}

// register puts operations to work. One without a right that there is, or whose
// types cannot be described, is an error.
func (a *api) register(all []operation) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("api: %v", fault) // how huma says that a type cannot be described
		}
	}()
	for _, o := range all {
		if known := append(access.Rights(), access.Public, access.SignedIn); !slices.Contains(known, o.right) {
			return fmt.Errorf("api: operation %s asks for no right that there is: %q", o.OperationID, o.right)
		}
		if _, twice := a.rights[o.OperationID]; twice || o.OperationID == "" {
			return fmt.Errorf("api: operation %q: the name is there twice, or missing", o.OperationID)
		}
		a.rights[o.OperationID] = o.right
		o.Description = strings.TrimSpace(o.Description + "\n\nAsks for the right `" + string(o.right) + "`.")
		o.Extensions = map[string]any{"x-right": o.right}
		if o.right != access.Public {
			o.Security = []map[string][]string{{"token": {}}, {"session": {}}}
		}
		o.register(a, o.Operation)
	}
	return nil
}

// document describes the operations, in JSON.
func (a *api) document() ([]byte, error) {
	d := a.huma.OpenAPI()
	d.Info.Description = "Held mail, and the decisions about it. Errors are problems (RFC 9457)."
	d.Webhooks = webhooks(d.Components.Schemas)
	d.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token."},
		"session": {Type: "apiKey", In: "cookie", Name: access.CookieName, Description: "The session of whoever is signed in to the console."},
	}
	for _, schema := range d.Components.Schemas.Map() {
		for name := range schema.Properties {
			a.words[name] = true
		}
	}
	for _, item := range d.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if o == nil {
				continue
			}
			for _, p := range o.Parameters {
				a.words[p.Name] = true
			}
		}
	}
	delete(d.Components.Schemas.Map()["ErrorDetail"].Properties, "value") // see silence
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("api: writing the document: %w", err)
	}
	return text, nil
}
