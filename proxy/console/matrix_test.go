package console_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/prometheus/client_golang/prometheus"
)

// visitor is somebody who asks, and how a request says so.
type visitor struct {
	name   string
	person access.Person
	as     func(*http.Request)
}

// visitors are nobody, one of each role, those whose session or account has
// ended, and tokens.
func visitors(t *testing.T, accounts *quarantine.Store) []visitor {
	t.Helper()
	ctx := context.Background()
	all := []visitor{{name: "nobody", as: func(*http.Request) {}},
		{name: "a made-up cookie", as: func(r *http.Request) { r.AddCookie(&http.Cookie{Name: access.CookieName, Value: "x"}) }},
		{name: "a made-up token", as: func(r *http.Request) { r.Header.Set("Authorization", "Bearer bulkhead_x_y") }},
		{name: "a header of a proxy that is not trusted", as: func(r *http.Request) { r.Header.Set("X-Forwarded-User", "ana") }}}
	for _, role := range access.Roles() {
		cookie := session(t, accounts, string(role), role)
		all = append(all, visitor{string(role), access.Person{Name: string(role), Role: role}, func(r *http.Request) { r.AddCookie(cookie) }})
	}
	gone := session(t, accounts, "gone", access.Chief)
	if err := accounts.ChangeAccount(ctx, "gone", "test", func(a *quarantine.Account, _ []quarantine.Account) error { a.Disabled = true; return nil }); err != nil {
		t.Fatal(err)
	}
	all = append(all, visitor{name: "a disabled admin", as: func(r *http.Request) { r.AddCookie(gone) }})
	for label, x := range map[string]struct {
		scope []access.Right
		ends  time.Duration
	}{
		"an admin's token to scan":    {[]access.Right{access.Scan}, time.Hour},
		"an admin's token that ended": {access.Rights(), -time.Second},
	} {
		id, token, hash := access.NewToken()
		var scope []string
		for _, r := range x.scope {
			scope = append(scope, string(r))
		}
		err := accounts.AddToken(ctx, quarantine.APIToken{ID: id, Hash: hash, Name: "admin", Role: "admin", Scope: scope, Ends: time.Now().Add(x.ends)}, "test")
		if err != nil {
			t.Fatal(err)
		}
		v := visitor{name: label, as: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }}
		if x.ends > 0 {
			v.person = access.Person{Name: "admin", Role: access.Chief, Scope: x.scope}
		}
		all = append(all, v)
	}
	return all
}

// Every address of the console, for everybody: who has the right is served, who
// has not is told so, and a stranger is sent to log in.
func TestEveryRouteIsOpenToWhoHasItsRightOnly(t *testing.T) {
	testbed.SkipShort(t, "each route for each visitor takes long")
	store, m, _ := newStore(t)
	for _, route := range console.Routes() {
		if route.Right == "" {
			t.Errorf("%s asks for no right", route.Pattern)
		}
		method, path, _ := strings.Cut(route.Pattern, " ")
		if !strings.HasPrefix(path, "/") {
			method, path = http.MethodGet, route.Pattern
		}
		path = strings.NewReplacer("{$}", "", "/incidents/{id}", "/incidents/"+m.Incident, "{id}", m.ID, "{secret}", "x").Replace(path)
		t.Run(route.Pattern, func(t *testing.T) {
			accounts := accountsStore(t)
			h, err := console.New(console.Config{Store: store, Access: newDoor(accounts), Accounts: accounts, Log: slog.New(slog.DiscardHandler),
				Metrics: metrics.New(prometheus.NewRegistry(), metrics.Names{})})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range visitors(t, accounts) {
				ctx, end := context.WithTimeout(t.Context(), 300*time.Millisecond) // an open page follows for longer
				r := httptest.NewRequestWithContext(ctx, method, "http://localhost"+path, nil)
				v.as(r)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				end()
				refused := w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden ||
					strings.HasPrefix(w.Header().Get("Location"), "/login") && path != "/logout"
				if may := v.person.May(route.Right); may == refused {
					t.Errorf("%s: %d %s, and it may: %v", v.name, w.Code, w.Header().Get("Location"), may)
				}
				if refused && (strings.Contains(w.Body.String(), "isp.example") || strings.Contains(w.Body.String(), m.ID) && !strings.Contains(path, m.ID)) {
					t.Errorf("%s: the refusal shows mail", v.name)
				}
			}
		})
	}
}

// A page of another place cannot have a reviewer's browser change anything.
func TestForeignPagesChangeNothing(t *testing.T) {
	accounts := accountsStore(t)
	store, _, _ := newStore(t)
	h, err := console.New(console.Config{Store: store, Access: newDoor(accounts), Accounts: accounts, Log: slog.New(slog.DiscardHandler),
		Metrics: metrics.New(prometheus.NewRegistry(), metrics.Names{})})
	if err != nil {
		t.Fatal(err)
	}
	h = signedIn(h, session(t, accounts, "ana", access.Chief))
	for name, set := range map[string]map[string]string{
		"another site":      {"Sec-Fetch-Site": "cross-site"},
		"another subdomain": {"Sec-Fetch-Site": "same-site"},
		"an old browser":    {"Origin": "https://evil.example"},
	} {
		for _, route := range console.Routes() {
			path, is := strings.CutPrefix(route.Pattern, "POST ")
			if !is {
				continue
			}
			r := httptest.NewRequest(http.MethodPost, "http://localhost"+path, nil)
			for k, v := range set {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s, %s: %d", name, path, w.Code)
			}
		}
	}
	hash := sha256.Sum256([]byte("session of ana"))
	if _, err := accounts.Session(t.Context(), hash[:]); err != nil {
		t.Errorf("ana was logged out: %v", err)
	}
}
