package quarantine_test

import (
	"crypto/sha256"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/prometheus/client_golang/prometheus"
)

// firstPageMost is the most that a browser loads for the first page, in bytes,
// with the style and the scripts, nothing compressed.
const firstPageMost = 200_000

// The pages of the console over 1,000,000 messages, as a browser loads them; -short
// takes 20,000. ms/page is what a person waits for.
func BenchmarkConsoleOverAMillion(b *testing.B) {
	store := quarantine.Million(b)
	get := newReader(b, store)
	beside := 0
	for _, size := range besideOf(get("/"), get) {
		beside += size
	}
	for _, page := range []struct{ name, at, has string }{
		{"overview", "/", "Waiting for a decision"},
		{"chart", "/overview/hours.svg", "<svg"},
		{"incidents, open", "/incidents", `<th scope="row">`},
		{"incidents, all", "/incidents?q=", `<th scope="row">`},
		{"incidents, open, most people", "/incidents?q=state:open&sort=people", `<th scope="row">`},
		{"senders", "/senders", `<th scope="row">`},
	} {
		b.Run(page.name, func(b *testing.B) {
			var body string
			for b.Loop() {
				body = get(page.at)
			}
			if !strings.Contains(body, page.has) {
				b.Fatalf("the page lacks %q:\n%s", page.has, body)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/page")
			b.ReportMetric(float64(len(body)), "B/page")
			if page.at == "/" || page.at == "/incidents" {
				b.ReportMetric(float64(len(body)+beside), "B/first")
				if n := len(body) + beside; n > firstPageMost {
					b.Errorf("the first page takes %d bytes, want at most %d", n, firstPageMost)
				}
			}
		})
	}
}

var (
	loaded   = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+|/overview/hours[^"]+)"`)
	imported = regexp.MustCompile(`from '\./([a-z]+\.js)'`)
)

// besideOf gives the sizes of what a page loads beside itself, by address.
func besideOf(page string, get func(string) string) map[string]int {
	sizes := map[string]int{}
	var load func(address string)
	load = func(address string) {
		if _, has := sizes[address]; has {
			return
		}
		body := get(address)
		sizes[address] = len(body)
		for _, found := range imported.FindAllStringSubmatch(body, -1) {
			load(path.Join(path.Dir(address), found[1]))
		}
	}
	for _, found := range loaded.FindAllStringSubmatch(page, -1) {
		load(html.UnescapeString(found[1]))
	}
	return sizes
}

// newReader starts a console over a store, and returns how its pages are read by
// somebody who is signed in.
func newReader(b *testing.B, store *quarantine.Store) func(at string) string {
	b.Helper()
	accounts, err := quarantine.Open(b.Context(), b.TempDir(), quarantine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { accounts.Close() }) // it goes
	if err := accounts.AddAccount(b.Context(), quarantine.Account{Name: "ana", Role: string(access.Chief), Password: "none"}, "test"); err != nil {
		b.Fatal(err)
	}
	hash := sha256.Sum256([]byte("secret"))
	err = accounts.BeginSession(b.Context(), quarantine.Session{Hash: hash[:], Name: "ana", Role: string(access.Chief), Method: string(access.Password), Ends: time.Now().Add(time.Hour)})
	if err != nil {
		b.Fatal(err)
	}
	h, err := console.New(console.Config{
		Store: store, Metrics: metrics.New(prometheus.NewRegistry(), metrics.Names{}), Log: slog.New(slog.DiscardHandler), Version: "1",
		Access: access.New(access.Config{Keeper: accounts, Idle: time.Hour, Longest: time.Hour}), Accounts: accounts,
	})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	return func(at string) string {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+at, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: access.CookieName, Value: "secret"})
		resp, err := server.Client().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close() // read to its end
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(at, resp.Status, err, string(body))
		}
		return string(body)
	}
}
