package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// message is what the test backend took with a 250.
type message struct {
	from string
	to   []string
	data []byte
}

// backend is a go-smtp backend that keeps what it gets. The function fields
// change what a session does.
type backend struct {
	exts []string
	max  int64

	onSession     func(*wire.Conn)
	onMail        func(*wire.Conn)
	onMailOptions func(*smtp.MailOptions)

	onRcpt func(*wire.Conn, string) error
	onData func(*wire.Conn, io.Reader) error // in place of reading and keeping
	onEnd  func(*wire.Conn) error            // after the message was read

	mu       sync.Mutex
	messages []message
	mails    []string // every path given to Mail and Rcpt
	sessions int
	logouts  int
}

func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	w := wire.Of(c)
	if b.onSession != nil {
		b.onSession(w)
	}
	b.mu.Lock()
	exts := b.exts
	b.mu.Unlock()
	w.SetExtensions(exts)
	w.SetMaxSize(b.max)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions++
	return &session{b: b, w: w}, nil
}

func (b *backend) taken() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]message(nil), b.messages...)
}

func (b *backend) paths() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.mails...)
}

func (b *backend) counts() (sessions, logouts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sessions, b.logouts
}

type session struct {
	b    *backend
	w    *wire.Conn
	mu   sync.Mutex
	from string
	to   []string
}

func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.to = "", nil
}

func (s *session) Logout() error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.logouts++
	return nil
}

func (s *session) note(path string) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.mails = append(s.b.mails, path)
}

func (s *session) Mail(from string, opts *smtp.MailOptions) error {
	quoted, err := wire.QuotePath(from, opts.UTF8)
	if err != nil || quoted != s.w.Path() {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 1, 7}, Message: "test: path differs"}
	}
	s.note(quoted)
	if s.b.onMail != nil {
		s.b.onMail(s.w)
	}
	if s.b.onMailOptions != nil {
		s.b.onMailOptions(opts)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = quoted
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.note(s.w.Path())
	if s.b.onRcpt != nil {
		if err := s.b.onRcpt(s.w, to); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, s.w.Path())
	return nil
}

func (s *session) Data(r io.Reader) error {
	s.mu.Lock()
	m := message{from: s.from, to: s.to}
	s.mu.Unlock()
	if s.b.onData != nil {
		return s.b.onData(s.w, r)
	}
	body := s.w.Body(r)
	defer body.Close()
	data, err := io.ReadAll(body)
	switch {
	case errors.Is(err, wire.ErrLineEnds):
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "line ends"}
	case errors.Is(err, wire.ErrTooLarge):
		return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "too large"}
	case err != nil:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not read"}
	}
	if s.b.onEnd != nil {
		if err := s.b.onEnd(s.w); err != nil {
			return err
		}
	}
	m.data = data
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.messages = append(s.b.messages, m)
	return nil
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user == "user" && password == "right" {
			return nil
		}
		return smtp.ErrAuthFailed
	}), nil
}

// allExts is what a session lists unless the test says otherwise.
func allExts() []string {
	return []string{"PIPELINING", "8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8", "DSN", "SIZE 0", "AUTH PLAIN", "ENHANCEDSTATUSCODES"}
}

type server struct {
	*backend
	addr string
	l    *wire.Listener
}

// serve starts a relay of cfg over b, and ends it with the test.
func serve(t testing.TB, cfg wire.Config, b *backend) *server {
	t.Helper()
	if b == nil {
		b = &backend{}
	}
	return serveBackend(t, cfg, b, b)
}

// serveBackend is serve with sessions of another making.
func serveBackend(t testing.TB, cfg wire.Config, b *backend, sessions smtp.Backend) *server {
	t.Helper()
	if b.exts == nil {
		b.exts = allExts()
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Hostname = "relay.test"
	l := wire.NewListener(inner, cfg)
	s := smtp.NewServer(sessions)
	wire.Prepare(s)
	s.ErrorLog = log.New(io.Discard, "", 0)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = l.Shutdown(ctx)
		if err := <-ended; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Errorf("serve: %v", err)
		}
		_ = s.Close()
	})
	return &server{backend: b, addr: inner.Addr().String(), l: l}
}

// client is a raw socket that speaks SMTP only as far as it is told to.
type client struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// dial connects and reads the greeting.
func dial(t testing.TB, s *server) *client {
	t.Helper()
	c := connect(t, s)
	c.want("220 relay.test")
	return c
}

func connect(t testing.TB, s *server) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{t: t, conn: conn, r: bufio.NewReader(conn)}
}

// hello also says EHLO.
func hello(t testing.TB, s *server) *client {
	t.Helper()
	c := dial(t, s)
	c.cmd("EHLO client.test", "250")
	return c
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, s); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// flood goes on sending until the connection is closed, or after some times.
func (c *client) flood(s string, times int, pause time.Duration) {
	conn := c.conn
	go func() {
		for range times {
			if _, err := io.WriteString(conn, s); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}()
}

// reply reads one reply with all its lines; "" means that the connection is
// closed.
func (c *client) reply() string {
	c.t.Helper()
	var b strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				c.t.Fatal("no reply in time")
			}
			return ""
		}
		b.WriteString(line)
		if len(line) < 4 || line[3] != '-' {
			return b.String()
		}
	}
}

// want reads a reply that begins with prefix.
func (c *client) want(prefix string) string {
	c.t.Helper()
	got := c.reply()
	if !strings.HasPrefix(got, prefix) || prefix == "" && got != "" {
		c.t.Fatalf("reply %q, want %q", got, prefix)
	}
	return got
}

func (c *client) cmd(line, prefix string) string {
	c.t.Helper()
	c.send(line + "\r\n")
	return c.want(prefix)
}

// wantClosed checks that nothing more is said.
func (c *client) wantClosed() {
	c.t.Helper()
	if got := c.reply(); got != "" {
		c.t.Fatalf("reply %q, want the connection closed", got)
	}
}

// envelope opens a transaction.
func (c *client) envelope() {
	c.t.Helper()
	c.cmd("MAIL FROM:<a@corp.test>", "250")
	c.cmd("RCPT TO:<b@rcpt.test>", "250")
}

// until waits for a condition that another goroutine brings about.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// wantMessages checks the content of all the messages that were taken.
func wantMessages(t testing.TB, s *server, want ...string) {
	t.Helper()
	got := s.taken()
	if len(got) != len(want) {
		t.Fatalf("%d messages taken, want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i].data, []byte(want[i])) {
			t.Errorf("message %d is %q, want %q", i, clip(string(got[i].data)), clip(want[i]))
		}
	}
}

func clip(s string) string {
	const most = 200
	if len(s) > most {
		return fmt.Sprintf("%s... (%d octets)", s[:most], len(s))
	}
	return s
}
