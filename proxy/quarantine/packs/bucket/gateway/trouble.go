package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Trouble is what happens to a request. The zero value is none.
type Trouble struct {
	Status int           // it is answered with this, and not carried out
	Code   string        // of S3, with Status
	Wait   time.Duration // it is late by
	Refuse bool          // its connection breaks before it is carried out
	Lose   bool          // its connection breaks after: the answer is lost
}

// Road leads to a server, and can be troubled.
type Road struct {
	// Endpoint is where it begins.
	Endpoint string
	mu       sync.Mutex
	trouble  func(*http.Request) Trouble
	ended    chan struct{}
}

// Between gives a road to a server, to the end of the test.
func Between(t testing.TB, g *Gateway) *Road {
	t.Helper()
	target, err := url.Parse(g.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	r := &Road{ended: make(chan struct{})}
	// The host stays as it was signed.
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.pass(proxy, w, req) }))
	t.Cleanup(func() {
		close(r.ended) // whoever waits goes
		server.Close()
	})
	r.Endpoint = server.URL
	return r
}

// Meet has each request meet what f says; nil for none.
func (r *Road) Meet(f func(*http.Request) Trouble) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = f
}

func (r *Road) pass(proxy http.Handler, w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	f := r.trouble
	r.mu.Unlock()
	var t Trouble
	if f != nil {
		t = f(req)
	}
	select {
	case <-time.After(t.Wait):
	case <-req.Context().Done():
		return
	case <-r.ended:
		return
	}
	switch {
	case t.Refuse:
		panic(http.ErrAbortHandler)
	case t.Status != 0:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(t.Status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>trouble</Message></Error>", t.Code) // the client reads it, or has gone
	case t.Lose:
		proxy.ServeHTTP(httptest.NewRecorder(), req)
		panic(http.ErrAbortHandler)
	default:
		proxy.ServeHTTP(w, req)
	}
}
