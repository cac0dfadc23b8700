package console

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// contentPolicy lets a page use what the console itself serves, as files, and
// nothing else; a script can make markup by one named policy only.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types bulkhead"

// guard sets the headers that every answer has, refuses foreign names, and
// counts requests.
func (c *console) guard(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		counted := &status{ResponseWriter: w, code: http.StatusOK}
		route := ""
		switch {
		case !c.known(r.Host):
			turnAway(counted, r, http.StatusMisdirectedRequest, "This name is not the console's: set admin.hosts.")
		case c.cross.Check(r) != nil:
			turnAway(counted, r, http.StatusForbidden, "Another web page has asked for this; open the console itself.")
		default:
			mux.ServeHTTP(counted, r)
			route = r.Pattern
		}
		if route == "" {
			route = "other"
		}
		c.cfg.Metrics.HTTPRequests.WithLabelValues(route, strconv.Itoa(counted.code/100)+"xx").Inc()
	})
}

// turnAway refuses a request before anything answers it: to a program as a
// problem (RFC 9457).
func turnAway(w http.ResponseWriter, r *http.Request, code int, why string) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, why, code)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(code), "status": code, "detail": why}) //nolint:errcheck // the client has gone
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

// Unwrap lets http.ResponseController reach the writer below, to flush events.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

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
