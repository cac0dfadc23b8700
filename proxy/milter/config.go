package milter

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config is what a [Server] keeps to. Fields without a default are required.
type Config struct {
	Handler Handler
	Log     *slog.Logger
	// MaxSize is the largest message, in octets.
	MaxSize int64
	// Normalise makes a lone CR or LF a CRLF in what the Handler reads. Without
	// it such a message ends with ErrLineEnds; one with a NUL always does.
	Normalise bool
	// Networks are where mail servers may connect from; nobody else is served. A
	// Unix socket is guarded by its file's mode.
	Networks []netip.Prefix
	// Connections at once; what comes beyond them is closed. Default 1000.
	Connections int
	// Idle is how long a mail server may be silent. It has to be longer than the
	// mail server lets its own clients be, since it holds the connection as long
	// as theirs. Default 10 minutes.
	Idle time.Duration
	// Progress is how often a mail server that waits for an answer is told that
	// there will be one. Default 10 seconds.
	Progress time.Duration
	Hooks    Hooks
}

// Hooks are called as things happen, from many goroutines; nil ones are not.
type Hooks struct {
	// Connected is called for each connection: accepted, over_limit or not_allowed.
	Connected func(result string)
	// Closed is called when an accepted connection ends.
	Closed func()
	// Answered is called with the answer to each message.
	Answered func(Action)
}

func (c Config) withDefaults() Config {
	if c.Connections <= 0 {
		c.Connections = 1000
	}
	if c.Idle <= 0 {
		c.Idle = 10 * time.Minute
	}
	if c.Progress <= 0 {
		c.Progress = 10 * time.Second
	}
	if c.Hooks.Connected == nil {
		c.Hooks.Connected = func(string) {}
	}
	if c.Hooks.Closed == nil {
		c.Hooks.Closed = func() {}
	}
	if c.Hooks.Answered == nil {
		c.Hooks.Answered = func(Action) {}
	}
	return c
}

// The results that Hooks.Connected is called with.
const (
	Accepted   = "accepted"
	OverLimit  = "over_limit"
	NotAllowed = "not_allowed"
)
