package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/emersion/go-smtp"
)

// session is one client's SMTP session after EHLO. go-smtp passes no context
// to its methods, so the session holds the connection's.
type session struct {
	server *Server
	door   Door
	smtp   *smtp.Conn
	wire   *wire.Conn
	helo   string // the name that the client gave last

	// mu is held by each method: with BDAT, go-smtp calls Reset and Logout
	// while Data still waits for a chunk in a goroutine of its own.
	mu    sync.Mutex
	user  string        // who authenticated, "" if nobody
	bound bool          // with the upstream, on conn and no other
	auth  *authRelay    // the exchange begun last, nil if none
	cut   error         // why nothing could be offered at EHLO, nil if it could
	conn  upstream.Conn // nil until a transaction needs it
	tx    transaction
}

// transaction is the envelope so far.
type transaction struct {
	envelope   rules.Envelope
	mailParams []string
	rcptParams [][]string
	utf8       bool
	open       bool         // MAIL was accepted
	forwarded  *wire.Origin // where the message comes from, nil if from the client
}

var (
	_ smtp.Session     = (*session)(nil)
	_ smtp.AuthSession = (*session)(nil)
)

// newSession is called at EHLO or HELO.
func (s *Server) newSession(c *smtp.Conn, door Door) (smtp.Session, error) {
	ss := &session{server: s, door: door, smtp: c, wire: wire.Of(c), helo: c.Hostname()}
	ss.user = ss.wire.Client().Login
	offered, recent := s.known()
	if !recent {
		conn, err := s.dial(ss.wire.Context())
		if err != nil {
			// The client is told at MAIL, as a temporary fault.
			s.cfg.Log.Warn("upstream unreachable", "error", err)
			if offered == nil {
				ss.cut = err
			}
		} else {
			ss.conn = conn
			offered = conn.Extensions()
		}
	}
	size := s.cfg.MaxSize
	if n := offered.Size(); n > traceRoom && n-traceRoom < size {
		size = n - traceRoom
	}
	ss.wire.SetMaxSize(size)
	ss.wire.SetExtensions(ss.extensions(offered, size))
	return ss, nil
}

// traceRoom is what our own header lines may add to a message.
const traceRoom = 1024

// passedOn are the extensions that we offer when the upstream does, because
// their parameters simply travel on.
var passedOn = []string{"8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "BINARYMIME", "REQUIRETLS"}

// extensions returns the EHLO keywords for this client: ours, and of the
// upstream's those that can be passed on, so that nothing has to be
// downgraded.
func (ss *session) extensions(offered upstream.Extensions, size int64) []string {
	list := []string{"PIPELINING", "ENHANCEDSTATUSCODES", fmt.Sprintf("SIZE %d", size)}
	for _, keyword := range passedOn {
		if keyword == "BINARYMIME" && !offered.Has("CHUNKING") {
			continue // there is no way to send it (RFC 3030 section 3)
		}
		if offered.Has(keyword) {
			list = append(list, keyword)
		}
	}
	if mechs := ss.mechanisms(offered); len(mechs) > 0 {
		list = append(list, "AUTH "+strings.Join(mechs, " "))
	}
	return list
}

// Mail implements smtp.Session: the reverse-path is put to the upstream, and
// its answer is the client's. The path is the wire's, with its quotes, and not
// go-smtp's, which has lost them.
func (ss *session) Mail(_ string, opts *smtp.MailOptions) error {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if !ss.mayRelay() && ss.cut != nil {
		return ss.fail(ss.cut) // AUTH could not be offered: not the client's fault
	}
	if !ss.mayRelay() {
		ss.server.cfg.Metrics.Connections.WithLabelValues("not_allowed").Inc()
		return ss.fail(errNotAllowed)
	}
	ss.abandonAuth()
	conn, err := ss.upstream()
	if err != nil {
		return ss.fail(err)
	}
	params, err := mailParams(opts)
	if err != nil {
		return answer(501, [3]int{5, 5, 4}, "An AUTH parameter that cannot be passed on unchanged")
	}
	if err := offersAll(conn.Extensions(), params); err != nil {
		return ss.fail(err)
	}
	forwarded := ss.wire.Forwarded()
	ss.forward(conn, forwarded)
	r, err := conn.Mail(ss.wire.Context(), ss.wire.Path(), withRoom(params))
	if err != nil {
		ss.dropUpstream()
		return ss.fail(err)
	}
	if r.OK() {
		ss.tx = transaction{mailParams: params, open: true, utf8: opts.UTF8, forwarded: forwarded,
			envelope: rules.Envelope{From: ss.wire.Path(), Authenticated: ss.user}}
	}
	return ss.relay(r)
}

// Rcpt implements smtp.Session.
func (ss *session) Rcpt(_ string, opts *smtp.RcptOptions) error {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.conn == nil {
		return ss.fail(errors.New("upstream transaction is gone"))
	}
	if ss.server.cfg.OneRecipient && len(ss.tx.envelope.Recipients) > 0 {
		return answer(452, [3]int{4, 5, 3}, "One recipient at a time: send the others their own copy")
	}
	params := rcptParams(opts)
	r, err := ss.conn.Rcpt(ss.wire.Context(), ss.wire.Path(), params)
	if err != nil {
		ss.dropUpstream()
		return ss.fail(err)
	}
	if r.OK() {
		ss.tx.envelope.Recipients = append(ss.tx.envelope.Recipients, ss.wire.Path())
		ss.tx.rcptParams = append(ss.tx.rcptParams, params)
	}
	return ss.relay(r)
}

// Data implements smtp.Session: the way of the message is deliver.
func (ss *session) Data(r io.Reader) error {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	body := ss.wire.Body(r)
	defer body.Close() //nolint:errcheck // only frees the wire
	return ss.server.deliver(ss, ss.submission(), body)
}

// Reset implements smtp.Session: it ends the transaction here and upstream. It
// is called for EHLO too.
func (ss *session) Reset() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.tx.open && ss.conn != nil {
		if err := ss.conn.Reset(ss.wire.Context()); err != nil {
			ss.dropUpstream()
		}
	}
	ss.tx = transaction{}
	ss.helo = ss.smtp.Hostname()
}

// Logout implements smtp.Session.
func (ss *session) Logout() error {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.abandonAuth()
	if ss.conn == nil {
		return nil
	}
	conn := ss.conn
	ss.conn = nil
	return conn.Close()
}

// upstream returns the session's upstream transaction, opened now if need be.
// Where the client had authenticated and that connection is lost, there is no
// other: on a new one it would send as the relay, and not as itself.
func (ss *session) upstream() (upstream.Conn, error) {
	if ss.conn != nil {
		return ss.conn, nil
	}
	if ss.bound {
		return nil, errLoginLost
	}
	conn, err := ss.server.dial(ss.wire.Context())
	if err != nil {
		return nil, err
	}
	ss.conn = conn
	return conn, nil
}

func (ss *session) dropUpstream() {
	if ss.conn != nil {
		ss.conn.Close() //nolint:errcheck // it failed before, and that error is the one that counts
		ss.conn = nil
	}
	ss.tx.open = false
}

// fail logs an error's cause and returns the reply for the client.
func (ss *session) fail(err error) error {
	ref := newRef()
	ss.server.cfg.Log.Info("command refused", "ref", ref, "client", ss.client(), "error", err)
	return reply(err, ref)
}

// client returns the client's address, the zero Addr for a Unix socket.
func (ss *session) client() netip.Addr { return ss.wire.Client().Addr }

// mayRelay reports whether the client may send: it authenticated, or its
// network is allowed.
func (ss *session) mayRelay() bool {
	if ss.user != "" {
		return true
	}
	return slices.ContainsFunc(ss.door.Networks, func(p netip.Prefix) bool { return p.Contains(ss.client()) })
}

// offersAll reports an error unless the upstream offers what the parameters
// need.
func offersAll(offered upstream.Extensions, params []string) error {
	for _, p := range params {
		name, value, _ := strings.Cut(p, "=")
		need := map[string]string{"SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN", "REQUIRETLS": "REQUIRETLS"}[name]
		if name == "BODY" && value != "7BIT" {
			need = value // 8BITMIME or BINARYMIME, named as the keyword is
		}
		if need != "" && !offered.Has(need) {
			return fmt.Errorf("%s: %w", name, errNotSupported)
		}
	}
	return nil
}

// withRoom adds our own header lines to a declared size (RFC 1870).
func withRoom(params []string) []string {
	out := slices.Clone(params)
	for i, p := range out {
		if n, err := strconv.ParseInt(strings.TrimPrefix(p, "SIZE="), 10, 64); err == nil && strings.HasPrefix(p, "SIZE=") {
			out[i] = fmt.Sprintf("SIZE=%d", n+traceRoom)
		}
	}
	return out
}
