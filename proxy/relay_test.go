package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
	"github.com/emersion/go-smtp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// sink is an upstream that keeps what it gets. Its answers can be set.
type sink struct {
	mu       sync.Mutex
	messages []received
	rcpt     func(to string) error
	data     func() error
	forget   bool // keep nothing: for benchmarks
}

type received struct {
	from    string
	to      []string
	mail    smtp.MailOptions
	rcpt    []smtp.RcptOptions
	content []byte
}

type sinkSession struct {
	*sink
	msg received
}

func (s *sink) NewSession(*smtp.Conn) (smtp.Session, error) { return &sinkSession{sink: s}, nil }
func (s *sinkSession) Reset()                               { s.msg = received{} }
func (s *sinkSession) Logout() error                        { return nil }

func (s *sinkSession) Mail(from string, opts *smtp.MailOptions) error {
	s.msg = received{from: from, mail: *opts}
	return nil
}

func (s *sinkSession) Rcpt(to string, opts *smtp.RcptOptions) error {
	if s.rcpt != nil {
		if err := s.rcpt(to); err != nil {
			return err
		}
	}
	s.msg.to = append(s.msg.to, to)
	s.msg.rcpt = append(s.msg.rcpt, *opts)
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.data != nil {
		if err := s.data(); err != nil {
			return err
		}
	}
	s.msg.content = content
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.forget {
		s.messages = append(s.messages, s.msg)
	}
	return nil
}

func (s *sink) got() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.messages
}

// store is a quarantine in memory that can be made to fail.
type store struct {
	mu   sync.Mutex
	held [][]byte
	last proxy.Held // what it was told beside
	err  error
	wait chan struct{} // if set, Hold returns only when it is closed
}

func (s *store) Hold(_ context.Context, h proxy.Held, content io.Reader) (proxy.Kept, error) {
	b, err := io.ReadAll(content)
	if err != nil {
		return proxy.Kept{}, err
	}
	if s.wait != nil {
		<-s.wait
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return proxy.Kept{}, s.err
	}
	s.held, s.last = append(s.held, b), h
	return proxy.Kept{ID: "BH-TEST-0001", Incident: "IN-TEST-0001"}, nil
}

func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held)
}

// inspectFunc is an inspector made of a function.
type inspectFunc func(context.Context, extract.Source) (*rules.Evidence, error)

func (f inspectFunc) Inspect(ctx context.Context, m extract.Source, _ extract.Limits) (*rules.Evidence, error) {
	return f(ctx, m)
}

// inspectedBy has messages read by another inspector.
func inspectedBy(cfg *proxy.Config, in proxy.Inspector) {
	with := cfg.InForce()
	with.Inspector = in
	cfg.InForce = func() proxy.Rules { return with }
}

// rig is a relay between raw sockets and a sink.
type rig struct {
	sink    *sink
	store   *store
	log     *bytes.Buffer
	logLock sync.Mutex
	reg     *prometheus.Registry
	metrics *metrics.Metrics
	addr    string
	server  *proxy.Server
}

func (r *rig) Write(p []byte) (int, error) {
	r.logLock.Lock()
	defer r.logLock.Unlock()
	return r.log.Write(p)
}

func (r *rig) logged() string {
	r.logLock.Lock()
	defer r.logLock.Unlock()
	return r.log.String()
}

// newRig starts a relay; change may set its configuration first.
func newRig(t testing.TB, change func(*proxy.Config)) *rig {
	t.Helper()
	r := &rig{sink: &sink{}, store: &store{}, log: &bytes.Buffer{}, reg: prometheus.NewRegistry()}
	up := smtp.NewServer(r.sink)
	up.EnableSMTPUTF8, up.EnableDSN, up.EnableBINARYMIME = true, true, true
	l := listen(t)
	go up.Serve(l)
	t.Cleanup(func() { up.Close() })
	server, err := upstream.New(upstream.Config{URL: "smtp://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	specs, err := rules.ParsePolicies(policies.Name, policies.Default())
	if err != nil {
		t.Fatal(err)
	}
	p, err := rules.CompilePolicies(specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.metrics = metrics.New(r.reg, proxy.MetricNames(p))
	cfg := proxy.Config{
		Hostname: "relay.example", Dial: server.Dial,
		InForce: func() proxy.Rules { return proxy.Rules{Inspector: realInspector(t), Policies: p} }, Limits: extract.DefaultLimits(), Quarantine: r.store,
		Metrics: r.metrics, Log: slog.New(slog.NewTextHandler(r, nil)),
		MaxSize: 16 << 20, MaxHops: 20, Deadline: 20 * time.Second,
		SpoolDir: t.TempDir(), SpoolMemory: 64 << 10, Now: time.Now,
	}
	if change != nil {
		change(&cfg)
	}
	r.server = proxy.New(cfg)
	relay := listen(t)
	r.addr = relay.Addr().String()
	door := proxy.Door{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	done := make(chan error, 1)
	go func() { done <- r.server.Serve(relay, door) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r.server.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		server.Close()
	})
	return r
}

var loadInspector = sync.OnceValues(func() (*rules.Inspector, error) { return rules.NewInspector(nil) })

func realInspector(t testing.TB) *rules.Inspector {
	t.Helper()
	in, err := loadInspector()
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// peer is a client on a raw socket.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func (r *rig) dial(t *testing.T) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	p := &peer{t, conn, bufio.NewReader(conn)}
	p.want("220")
	p.cmd("EHLO client.example", "250")
	return p
}

// reply reads a whole reply.
func (p *peer) reply() string {
	p.t.Helper()
	var b strings.Builder
	for {
		line, err := p.r.ReadString('\n')
		if err != nil {
			p.t.Fatalf("reading a reply: %v after %q", err, b.String())
		}
		b.WriteString(line)
		if len(line) < 4 || line[3] != '-' {
			return b.String()
		}
	}
}

func (p *peer) want(prefix string) string {
	p.t.Helper()
	reply := p.reply()
	if !strings.HasPrefix(reply, prefix) {
		p.t.Fatalf("reply %q, want %s", reply, prefix)
	}
	return reply
}

func (p *peer) cmd(line, want string) string {
	p.t.Helper()
	fmt.Fprintf(p.conn, "%s\r\n", line)
	return p.want(want)
}

func (p *peer) envelope() {
	p.t.Helper()
	p.cmd("MAIL FROM:<ana@sender.example>", "250")
	p.cmd("RCPT TO:<ben@reader.example>", "250")
}

// data sends a message and returns the reply after the dot.
func (p *peer) data(message string) string {
	p.t.Helper()
	p.cmd("DATA", "354")
	stuffed := strings.ReplaceAll(message, "\r\n.", "\r\n..")
	if strings.HasPrefix(stuffed, ".") {
		stuffed = "." + stuffed
	}
	fmt.Fprintf(p.conn, "%s.\r\n", stuffed)
	return p.reply()
}

func message(body string) string {
	return "From: ana@sender.example\r\nTo: ben@reader.example\r\nSubject: hello\r\n\r\n" + body
}

// leak is a body with the records of n people.
func leak(n int) string {
	var b strings.Builder
	b.WriteString("customer_id,full_name,email,phone\r\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,Maria Turner%d,maria.turner%d@post.example,+44 20 7946 %04d\r\n", 70_000+i, i, i, i)
	}
	return b.String()
}

// count returns a counter's value.
func count(c *prometheus.CounterVec, labels ...string) float64 {
	return testutil.ToFloat64(c.WithLabelValues(labels...))
}

var errBoom = errors.New("boom")

// dialTo makes upstream transactions with an address.
func dialTo(t *testing.T, addr string) func(context.Context) (upstream.Conn, error) {
	t.Helper()
	server, err := upstream.New(upstream.Config{URL: "smtp://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server.Dial
}
