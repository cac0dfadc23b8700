package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/client"
)

func newClient(t *testing.T, server *httptest.Server, transport http.RoundTripper) *client.Client {
	t.Helper()
	c, err := client.New(server.URL, "t0ken", transport)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyAddressesOfServersAreTaken(t *testing.T) {
	for server, ok := range map[string]bool{
		"https://bulkhead.example": true, "http://127.0.0.1:8025": true, "https://proxy.example/bulkhead/": true,
		"": false, "bulkhead.example": false, "ftp://bulkhead.example": false, "https://ana:secret@bulkhead.example": false, "https://": false, "https://x/?q=1": false,
	} {
		if _, err := client.New(server, "t0ken", nil); (err == nil) != ok {
			t.Errorf("%q: %v, want it taken: %v", server, err, ok)
		} else if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats a password", server)
		}
	}
	if _, err := client.New("https://bulkhead.example", "two\nlines", nil); err == nil {
		t.Error("a token with a line end is taken")
	}
}

// A token goes to the one server that was named, and nowhere that it leads to.
func TestRedirectionsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other server was asked") }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	var p *client.Problem
	if _, err := newClient(t, server, nil).Me(context.Background()); !errors.As(err, &p) || p.Status != http.StatusTemporaryRedirect {
		t.Errorf("got %v", err)
	}
}

// failing loses the first answers, as a connection does.
type failing struct {
	left int
}

func (f *failing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if f.left > 0 && err == nil {
		f.left--
		resp.Body.Close() // it is lost
		return nil, errors.New("connection lost")
	}
	return resp, err
}

// A decision whose answer is lost is asked for again under the same key, and
// what cannot be is not.
func TestLostAnswersAreAskedForAgain(t *testing.T) {
	keys := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys[r.URL.Path+" "+r.Header.Get("Idempotency-Key")]++
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer t0ken" {
			t.Errorf("asked with %q, %v", r.Header.Get("Authorization"), err)
		}
		var seen api.Seen
		if err := json.Unmarshal(body, &seen); err != nil || seen.Reason.Reason != "wrong file" {
			t.Errorf("asked for %s", body)
		}
		w.WriteHeader(http.StatusAccepted)
		json.NewEncoder(w).Encode(api.Job{Incident: "IN-7K2M-Q9XD", State: "running"}) // the client has gone
	}))
	defer server.Close()
	ctx, seen := context.Background(), api.Seen{Reason: api.Reason{Reason: "wrong file"}}
	j, err := newClient(t, server, &failing{2}).Refuse(ctx, "IN-7K2M-Q9XD", seen)
	if err != nil || j.Incident != "IN-7K2M-Q9XD" || len(keys) != 1 {
		t.Errorf("got %+v, %v, asked %v", j, err, keys)
	}
	for key, n := range keys {
		if n != 3 || strings.HasSuffix(key, " ") {
			t.Errorf("%q was asked %d times, want 3 under a key", key, n)
		}
	}
	if _, err := newClient(t, server, &failing{9}).Refuse(ctx, "IN-7K2M-Q9XD", seen); err == nil {
		t.Error("an answer that is lost for good is taken for one")
	}
	before := len(keys)
	if err := newClient(t, server, &failing{1}).Claim(ctx, "IN-7K2M-Q9XD", "wrong file"); err == nil || keys["/api/v1/incidents/IN-7K2M-Q9XD/claim "] != 1 || len(keys) != before+1 {
		t.Errorf("a claim was asked for again: %v, %v", err, keys)
	}
}

func TestProblemsAreTold(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, `{"title":"Unprocessable Entity","status":422,"detail":"validation failed","errors":[{"message":"expected length >= 1","location":"body.reason"}]}`) // the client has gone
	}))
	defer server.Close()
	_, err := newClient(t, server, nil).Scan(context.Background(), client.Question{Name: "x", Content: strings.NewReader("x")})
	if err == nil || err.Error() != "the server answered 422: validation failed; body.reason expected length >= 1" {
		t.Errorf("got %v", err)
	}
}
