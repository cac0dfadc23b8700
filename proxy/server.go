package proxy

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/milter"
	"github.com/bulkhead-dlp/bulkhead/proxy/run"
	"github.com/bulkhead-dlp/bulkhead/proxy/tracing"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/emersion/go-smtp"
)

// Inspector turns a message into evidence. An error means that nothing may be
// concluded about the message.
type Inspector interface {
	Inspect(ctx context.Context, message extract.Source, limits extract.Limits) (*rules.Evidence, error)
}

// Rules are all that a message is judged by. What is read and what is decided
// of it are of one version, however often others are put in force meanwhile.
type Rules struct {
	Inspector Inspector
	Policies  *rules.Policies
}

// Quarantine keeps held messages.
type Quarantine interface {
	// Hold keeps a copy for review. When it returns without error the copy, and
	// the run that it is of, are on stable storage. The error is ErrFull if
	// there is no room, and run.ErrOvertaken if another relay has held a run of
	// the sender that Held.Run does not count.
	Hold(ctx context.Context, h Held, content io.Reader) (Kept, error)
}

// Kept names a held copy and the incident that it is in.
type Kept struct{ ID, Incident string }

// Held is what a quarantine keeps of a message beside its content.
type Held struct {
	Envelope   rules.Envelope
	MailParams []string   // as they were put to the upstream
	RcptParams [][]string // one list for each recipient
	// Run is the run that the message belongs to, and Incident the incident
	// that its copies are kept in, "" if there is none yet.
	Run      run.Record
	Incident string
	Client   netip.Addr
	Received time.Time
	Size     int64
	Verdict  rules.Verdict
	Findings []rules.Finding
}

// Config is what a Server is made of. Every field without a comment that says
// otherwise is required.
type Config struct {
	// Hostname is the name the relay goes by in greetings and Received lines.
	Hostname string
	// Dial opens a transaction with the upstream.
	Dial func(context.Context) (upstream.Conn, error)
	// InForce gives what a message is judged by, whole: it is asked once for
	// each message, as its reading begins.
	InForce    func() Rules
	Limits     extract.Limits
	Quarantine Quarantine
	Metrics    *metrics.Metrics
	Log        *slog.Logger

	// OneRecipient makes clients send each recipient's copy apart (452 4.5.3 to
	// the second RCPT, RFC 5321 section 4.5.3.1.10). It is for an LMTP
	// upstream, which answers for each recipient where SMTP has one reply.
	OneRecipient bool
	// Wire holds the bounds of a client's connection.
	Wire wire.Config
	// MaxSize is the largest message taken, in bytes.
	MaxSize int64
	// MaxHops is the number of Received lines beyond which a message loops.
	MaxHops int
	// Deadline bounds the inspection of one message.
	Deadline time.Duration
	// Inspections is how many messages are inspected at once; 0 means one for
	// each processor.
	Inspections int
	// SpoolDir holds messages that are larger than SpoolMemory bytes while
	// they are in work.
	SpoolDir    string
	SpoolMemory int
	// Runs knows the messages before this one; nil for a tracker without a
	// ledger.
	Runs *run.Tracker
	// RunAnswer is what the client is told of later copies of a held run; "" is
	// RunAccept.
	RunAnswer RunAnswer
	// Tell is told of every message when it is known what became of it;
	// nil for nobody. It must not wait, and keeps nothing of what it is given.
	Tell func(*Judged)
	// Tracer is told of messages and their stages; nil for nobody.
	Tracer *tracing.Tracer
	// Now is the clock.
	Now func() time.Time
}

// Server is the relay.
type Server struct {
	cfg   Config
	slots *slots
	hands *hands    // for inspections
	lines sync.Pool // of *bufio.Reader, for headers
	// memory is what messages are kept in.
	memory spoolMemory
	// stages are those of a message, by name.
	stages map[string]*stage

	mu        sync.Mutex
	offered   upstream.Extensions // what the upstream offered last
	offeredAt time.Time
	listeners []*wire.Listener
	milters   []*milter.Server
	down      bool
}

// Door is a listening address and who may come in by it.
type Door struct {
	// TLS makes STARTTLS known; with Implicit, TLS begins at the first octet.
	TLS      *tls.Config
	Implicit bool
	// TLSReady reports whether TLS has a certificate yet; nil: always.
	TLSReady func() bool
	// Networks are the clients that may relay without authentication.
	Networks []netip.Prefix
	// Proxies are the load balancers that say by the PROXY protocol who the
	// client is. With any, nobody else may come in.
	Proxies []netip.Prefix
	// XClient are the clients that may say by XCLIENT whom they speak for, and so
	// who may relay; XForward those that may say by XFORWARD where a message comes
	// from.
	XClient, XForward []netip.Prefix
	// InsecureAuth lets clients authenticate without TLS.
	InsecureAuth bool
}

// New makes a server. It does no input or output.
func New(cfg Config) *Server {
	if cfg.Inspections <= 0 {
		cfg.Inspections = runtime.GOMAXPROCS(0)
	}
	if cfg.Runs == nil {
		cfg.Runs = run.New(run.Config{Quiet: time.Hour, Window: 24 * time.Hour, Metrics: cfg.Metrics, Log: cfg.Log, Now: cfg.Now})
	}
	return &Server{cfg: cfg, slots: newSlots(cfg.Inspections, cfg.Deadline, cfg.Log), hands: newHands(), stages: stagesOf(cfg.Metrics)}
}

// newSMTP makes the go-smtp server behind one door. What go-smtp would bound
// by itself is bounded by wire, where it can be answered as the standard says.
func (s *Server) newSMTP(door Door) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return s.newSession(c, door)
	}))
	wire.Prepare(server)
	server.ErrorLog = faultLog{s.cfg.Log}
	return server
}

// faultLog takes what go-smtp reports of its own. Its text can hold content,
// so only the fact is logged.
type faultLog struct{ log *slog.Logger }

func (f faultLog) Printf(format string, _ ...any) { f.log.Warn("smtp session fault", "kind", format) }
func (f faultLog) Println(...any)                 { f.log.Warn("smtp session fault") }

// Serve accepts clients on l until Shutdown.
func (s *Server) Serve(l net.Listener, door Door) error {
	cfg := s.cfg.Wire
	cfg.Hostname, cfg.Proxies, cfg.XClient, cfg.XForward = s.cfg.Hostname, door.Proxies, door.XClient, door.XForward
	cfg.TLS, cfg.Implicit, cfg.TLSReady = door.TLS, door.Implicit, door.TLSReady
	cfg.Hooks = hooks(s.cfg.Metrics, s.cfg.Log)
	listener := wire.NewListener(l, cfg)
	s.mu.Lock()
	if s.down {
		s.mu.Unlock()
		return l.Close()
	}
	s.listeners = append(s.listeners, listener)
	s.mu.Unlock()
	err := s.newSMTP(door).Serve(listener)
	if errors.Is(err, net.ErrClosed) || errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

// Shutdown stops accepting, lets transactions finish until ctx ends, and
// closes what is left with 421.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	var doors []interface{ Shutdown(context.Context) error }
	for _, l := range s.listeners {
		doors = append(doors, l)
	}
	for _, m := range s.milters {
		doors = append(doors, m)
	}
	s.down = true
	s.mu.Unlock()
	errs := make([]error, len(doors))
	var wg sync.WaitGroup
	for i, d := range doors {
		wg.Go(func() { errs[i] = d.Shutdown(ctx) })
	}
	wg.Wait()
	s.hands.stop()
	return errors.Join(errs...)
}

// Inspections is how many messages are inspected at once.
func (s *Server) Inspections() int { return s.cfg.Inspections }

// Ready returns an error if no message can be taken through, whatever the
// upstream and the store say: on the way down, or when every inspection slot
// is held by an inspection that does not end.
func (s *Server) Ready() error {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	switch {
	case down:
		return errGoingDown
	case s.slots.stuck():
		return errBusy
	}
	return nil
}

// Stuck returns an error if every inspection slot is held by an inspection that
// does not end: no message is taken through until the program is started again.
func (s *Server) Stuck() error {
	if s.slots.stuck() {
		return errBusy
	}
	return nil
}

// dial opens an upstream transaction and remembers what the upstream offers.
func (s *Server) dial(ctx context.Context) (upstream.Conn, error) {
	began := s.cfg.Now()
	conn, err := s.cfg.Dial(ctx)
	if err != nil {
		s.cfg.Metrics.UpstreamReachable.Set(0)
		s.cfg.Metrics.Upstream.WithLabelValues("unreachable").Inc()
		return nil, fmt.Errorf("opening an upstream transaction: %w", err)
	}
	s.cfg.Metrics.UpstreamReachable.Set(1)
	s.cfg.Metrics.UpstreamDuration.Observe(s.cfg.Now().Sub(began).Seconds())
	s.mu.Lock()
	s.offered, s.offeredAt = conn.Extensions(), s.cfg.Now()
	s.mu.Unlock()
	return conn, nil
}

// offersFor is how long the upstream's extensions are taken to be the same
// without asking again.
const offersFor = time.Minute

// known returns the extensions that the upstream offered last, and whether
// that is recent.
func (s *Server) known() (upstream.Extensions, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offered, s.offered != nil && s.cfg.Now().Sub(s.offeredAt) < offersFor
}

// newRef makes a reference by which a fault is found in the log.
func newRef() string {
	var b [5]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return base32.StdEncoding.EncodeToString(b[:])
}
