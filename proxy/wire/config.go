package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"time"
)

// Errors by which a session decides. They are returned by [Body.Read], or are
// the cause of a cancelled context, and may be wrapped: use errors.Is.
var (
	// ErrClientGone: the client closed or reset the connection while it had
	// a reply to wait for.
	ErrClientGone = errors.New("client has gone")
	// ErrTooLarge: the message is over the limit set by SetMaxSize. Answer
	// 552 5.3.4.
	ErrTooLarge = errors.New("message is too large")
	// ErrLineEnds: the message has a lone CR, a lone LF or a NUL, which the
	// policy refuses. It is returned in place of io.EOF, when the whole
	// message has been read. Answer 554 5.6.0.
	ErrLineEnds = errors.New("message has a lone CR, a lone LF or a NUL")
	// ErrTooSlow: the message came slower than Limits allow, or stalled. The
	// client is answered 421 by wire whatever the session returns.
	ErrTooSlow = errors.New("message comes too slowly")
)

// LineEnds says what becomes of a lone CR or LF in a message. A receiver that
// takes one for a line end sees other lines than we do (SMTP smuggling), so
// neither policy ever lets one through. A NUL is refused under both.
type LineEnds int

const (
	// Refuse makes Body return ErrLineEnds.
	Refuse LineEnds = iota
	// Normalise makes each lone CR and each lone LF a CRLF.
	Normalise
)

// Config is what a [Listener] keeps to. The zero value of a field stands for
// its default.
type Config struct {
	// Hostname is the name in the greeting and in the reply to EHLO.
	// Default "localhost".
	Hostname string
	// Greeting is the text after the host name in the 220 greeting.
	// Default "ESMTP ready".
	Greeting string
	// Extensions are the EHLO keywords, with their parameters, of a session
	// that does not call SetExtensions. Default none.
	Extensions []string
	// TLS makes STARTTLS known; with Implicit, TLS begins at the first octet.
	TLS      *tls.Config
	Implicit bool
	// Proxies are the networks whose connections begin with a header of the
	// PROXY protocol, version 1 or 2, that says who the client is. With any, a
	// connection without one, or from elsewhere, is closed without a word: who
	// may say it must say it, and nobody else may come in by this door.
	Proxies []netip.Prefix
	// TLSReady reports whether there is a certificate yet; nil: always. Until
	// then STARTTLS is not offered, and answered 454 (RFC 3207 section 4).
	TLSReady func() bool
	// XClient and XForward are the networks whose XCLIENT, and whose XFORWARD, is
	// believed. Default none.
	XClient, XForward []netip.Prefix
	// LineEnds is the policy for lone CR and LF. Default Refuse.
	LineEnds LineEnds
	Limits   Limits
	Timeouts Timeouts
	Hooks    Hooks
}

// Limits bound what one client, and all of them, may use.
type Limits struct {
	// Connections at once, and those from one IPv4 address or one IPv6 /64,
	// which is what one IPv6 client has. Default 1000, 200.
	Connections, PerClient int
	// CommandLine is the longest command line in octets with its CRLF, at
	// most 65536. Default 4096 (RFC 5321 4.5.3.1.4 asks for 512 and room for extensions).
	CommandLine int
	// AuthLine is the same for AUTH and its continuation lines. Default
	// 12288 (RFC 4954 section 4).
	AuthLine int
	// Errors is how many protocol errors end a connection. Default 10.
	Errors int
	// AuthFailures is how many failed AUTH end a connection. Default 3.
	AuthFailures int
	// Refusals is how many MAIL and RCPT that the session refused for good, or
	// that were too many here, end a connection. Default 1000.
	Refusals int
	// EmptyCommands is how many NOOP, RSET, VRFY, EHLO and HELO without a message
	// between them end a connection. Default 1000.
	EmptyCommands int
	// Recipients is how many one message may have; to more the client is told
	// 452 4.5.3 (RFC 5321 section 4.5.3.1.8 asks for 100 at least). Default 1000.
	Recipients int
	// PerMinute bounds how much one client may do. Default no bound.
	PerMinute Rates
	// Discard is how many octets of a message are read past its size limit
	// to tell the client 552; after them it is cut off. Default 16 MiB.
	Discard int64
}

// Timeouts bound every wait for a client. Those for a command and for a reply may be
// a 64th longer, 5 s at most.
type Timeouts struct {
	// Command is the time for one whole command line to come. Default 5 min
	// (RFC 5321 4.5.3.2.7).
	Command time.Duration
	// FirstMail is the time from the connection to its first MAIL, however
	// many other commands come. Default 10 min.
	FirstMail time.Duration
	// Message is the time for one whole message. Default 30 min.
	Message time.Duration
	// Window is the time over which MinRate is averaged, and so the longest
	// stall inside a message. Only time spent waiting for the client counts.
	// Default 60 s.
	Window time.Duration
	// MinRate is the least octets a second inside a message. Default 1024.
	MinRate int64
	// Write is the time for one reply to be taken. Default 1 min.
	Write time.Duration
	// Handshake is the time for a TLS handshake. Default 30 s.
	Handshake time.Duration
	// Farewell is how long, once Shutdown is called, a command is waited for
	// from a client that has not had a message taken yet, or is within a
	// transaction. Default 3 s.
	Farewell time.Duration
	// Header is the time for the whole header of the PROXY protocol. Default 10 s.
	Header time.Duration
}

// Verb names a command for the hooks: a closed set, fit for a metric label.
type Verb string

// The verbs of Hooks.Reply. VerbData stands for DATA, BDAT and their ends.
const (
	VerbConnect  Verb = "connect"
	VerbEhlo     Verb = "ehlo"
	VerbStartTLS Verb = "starttls"
	VerbAuth     Verb = "auth"
	VerbMail     Verb = "mail"
	VerbRcpt     Verb = "rcpt"
	VerbData     Verb = "data"
	VerbOther    Verb = "other"
)

// Verbs returns every verb.
func Verbs() []Verb {
	return []Verb{VerbConnect, VerbEhlo, VerbStartTLS, VerbAuth, VerbMail, VerbRcpt, VerbData, VerbOther}
}

// Admission is what became of a new connection: a closed set.
type Admission string

// The admissions of Hooks.Accept.
const (
	Accepted         Admission = "accepted"
	TooMany          Admission = "too_many"
	TooManyPerClient Admission = "too_many_per_client"
	TooFast          Admission = "too_fast"
	GoingDown        Admission = "going_down"
	NotProxied       Admission = "not_proxied" // no proxy, or no header
)

// Hooks are told what happens, for metrics. They run on the connection's
// goroutine and must not block. Any may be nil.
type Hooks struct {
	// Accept is called once for each socket.
	Accept func(Admission)
	// Reply is called for each reply that was sent, with its code.
	Reply func(Verb, int)
	// Close is called once for each socket that was Accepted.
	Close func()
	// AcceptFailed is called when no socket could be accepted, as for want of
	// descriptors. It is tried again, at least once a second.
	AcceptFailed func(error)
	// NotProxied is called for each socket that Accept is told NotProxied of,
	// with who it came from and what is wrong.
	NotProxied func(net.Addr, error)
}

// withDefaults gives every unset field its default.
func (c Config) withDefaults() Config {
	set(&c.Hostname, "localhost")
	set(&c.Greeting, "ESMTP ready")
	set(&c.Limits.Connections, 1000)
	set(&c.Limits.PerClient, 200)
	set(&c.Limits.CommandLine, 4096)
	set(&c.Limits.AuthLine, max(12288, c.Limits.CommandLine))
	// A line is looked at whole, in a buffer that can be this large.
	c.Limits.CommandLine = min(c.Limits.CommandLine, bodyWindow)
	c.Limits.AuthLine = min(c.Limits.AuthLine, bodyWindow)
	set(&c.Limits.Errors, 10)
	set(&c.Limits.AuthFailures, 3)
	set(&c.Limits.Refusals, 1000)
	set(&c.Limits.EmptyCommands, 1000)
	set(&c.Limits.Recipients, 1000)
	set(&c.Limits.Discard, 16<<20)
	set(&c.Timeouts.Command, 5*time.Minute)
	set(&c.Timeouts.FirstMail, 10*time.Minute)
	set(&c.Timeouts.Message, 30*time.Minute)
	set(&c.Timeouts.Window, time.Minute)
	set(&c.Timeouts.MinRate, 1024)
	set(&c.Timeouts.Write, time.Minute)
	set(&c.Timeouts.Handshake, 30*time.Second)
	set(&c.Timeouts.Farewell, 3*time.Second)
	set(&c.Timeouts.Header, 10*time.Second)
	if c.TLSReady == nil {
		c.TLSReady = func() bool { return true }
	}
	if c.Hooks.Accept == nil {
		c.Hooks.Accept = func(Admission) {}
	}
	if c.Hooks.Reply == nil {
		c.Hooks.Reply = func(Verb, int) {}
	}
	if c.Hooks.Close == nil {
		c.Hooks.Close = func() {}
	}
	if c.Hooks.AcceptFailed == nil {
		c.Hooks.AcceptFailed = func(error) {}
	}
	if c.Hooks.NotProxied == nil {
		c.Hooks.NotProxied = func(net.Addr, error) {}
	}
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
