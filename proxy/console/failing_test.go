package console_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// failing is a store that cannot be read.
type failing struct{}

var errLocked = errors.New("database is locked: list@isp.example")

func (failing) Content(context.Context, string) (*quarantine.Content, error) {
	return nil, errLocked
}

func (failing) Record(context.Context, string, quarantine.Act, string, string) error {
	return errLocked
}

func (failing) List(context.Context, quarantine.Query) ([]quarantine.Message, quarantine.Cursor, error) {
	return nil, "", errLocked
}

func (failing) Get(context.Context, string) (quarantine.Message, error) {
	return quarantine.Message{Received: time.Now()}, errLocked
}

func (failing) Overview(context.Context, time.Time) (quarantine.Overview, error) {
	return quarantine.Overview{}, errLocked
}

func (failing) IncidentPage(context.Context, quarantine.IncidentQuery) (quarantine.IncidentPage, error) {
	return quarantine.IncidentPage{}, errLocked
}

func (failing) Incident(context.Context, string) (quarantine.Incident, error) {
	return quarantine.Incident{}, errLocked
}

func (failing) Senders(context.Context, quarantine.SenderQuery) ([]quarantine.Sender, quarantine.Cursor, error) {
	return nil, "", errLocked
}

func (failing) AuditLog(context.Context, quarantine.AuditLogQuery) (quarantine.AuditPage, error) {
	return quarantine.AuditPage{}, errLocked
}

func (failing) Changes(context.Context) (quarantine.Change, error) {
	return quarantine.Change{}, errLocked
}

func (failing) Stats(context.Context) (quarantine.Stats, error) { return quarantine.Stats{}, errLocked }

func TestStoreThatFailsIsToldWithoutItsWords(t *testing.T) {
	server, _ := newConsole(t, failing{})
	for _, path := range []string{"/", "/incidents", "/incidents/IN-0000-0000", "/messages/BH-0000-0000", "/senders", "/audit"} {
		resp, body := page(t, server.URL+path, "")
		if resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "The quarantine could not be read") {
			t.Errorf("%s: %s\n%s", path, resp.Status, body)
		}
		if strings.Contains(body, "locked") || strings.Contains(body, "isp.example") {
			t.Errorf("%s: the page tells outsiders the cause:\n%s", path, body)
		}
	}
}

// numbers is a store of which the numbers are counted, or cannot be read.
type numbers struct {
	console.Store
	err   error
	asked atomic.Int64
}

func (n *numbers) Stats(ctx context.Context) (quarantine.Stats, error) {
	n.asked.Add(1)
	if n.err != nil {
		return quarantine.Stats{}, n.err
	}
	return n.Store.Stats(ctx)
}

func TestEachPageReadsTheNumbersOnce(t *testing.T) {
	store, m, _ := newStore(t)
	counted := &numbers{Store: store}
	server, _ := newConsole(t, counted)
	for _, path := range []string{"/", "/incidents", "/incidents/" + m.Incident, "/messages/" + m.ID, "/senders", "/audit", "/help"} {
		counted.asked.Store(0)
		if page(t, server.URL+path, ""); counted.asked.Load() != 1 {
			t.Errorf("%s reads the numbers %d times", path, counted.asked.Load())
		}
	}
}

// A menu without its number would say that nothing waits.
func TestNoPageIsShownWithoutItsNumbers(t *testing.T) {
	store, m, _ := newStore(t)
	server, _ := newConsole(t, &numbers{Store: store, err: errLocked})
	for _, path := range []string{"/", "/incidents", "/incidents/" + m.Incident, "/senders", "/audit", "/help"} {
		if resp, body := page(t, server.URL+path, ""); resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "could not be read") {
			t.Errorf("%s: %s\n%s", path, resp.Status, body)
		}
	}
}

// A browser that does not wait for its page, as an open one does when it is
// closed, is no fault of the quarantine's.
func TestBrowserThatLeavesIsNoError(t *testing.T) {
	store, _, _ := newStore(t)
	var logged bytes.Buffer
	m := metrics.New(prometheus.NewRegistry(), metrics.Names{})
	accounts := accountsStore(t)
	h, err := console.New(console.Config{Store: store, Access: newDoor(accounts), Accounts: accounts, Metrics: m, Log: slog.New(slog.NewTextHandler(&logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	h = signedIn(h, session(t, accounts, "ana", access.Chief))
	ctx, leave := context.WithCancel(t.Context())
	leave()
	for _, path := range []string{"/", "/incidents", "/audit", "/help"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil))
	}
	if logged.Len() != 0 {
		t.Errorf("the log says: %s", logged.String())
	}
	if got := testutil.ToFloat64(m.HTTPRequests.WithLabelValues("GET /audit", "4xx")); got != 1 {
		t.Errorf("%v requests are counted as left, want 1", got)
	}
}
