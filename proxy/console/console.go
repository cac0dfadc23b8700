// Package console is the operators' web UI over the quarantine.
package console

import (
	"net/http"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// Config is what a console is made of.
type Config struct {
	Store    *quarantine.Store
	Policies *rules.Policies
	Version  string
}

// New makes the console.
func New(cfg Config) http.Handler { return http.NotFoundHandler() }
