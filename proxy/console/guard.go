package console

import (
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
			http.Error(counted, "This name is not the console's: set admin.hosts.", http.StatusMisdirectedRequest)
		case c.cross.Check(r) != nil:
			http.Error(counted, "Another web page has asked for this; open the console itself.", http.StatusForbidden)
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
