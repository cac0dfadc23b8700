package upstream

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the server's side of one scripted connection.
type peer struct {
	t  *testing.T
	nc net.Conn
	r  *bufio.Reader
}

// serve plays one script for each connection, in their order, and gives the
// address. A connection without a script fails the test.
func serve(t *testing.T, scripts ...func(*peer)) string {
	t.Helper()
	return serveOn(t, "tcp", "127.0.0.1:0", scripts...)
}

func serveOn(t *testing.T, network, address string, scripts ...func(*peer)) string {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for i := 0; ; i++ {
			nc, err := listener.Accept()
			if err != nil {
				return
			}
			if i >= len(scripts) {
				t.Errorf("connection %d has no script", i+1)
				_ = nc.Close()
				continue
			}
			running.Go(func() {
				defer func() { _ = nc.Close() }()
				_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
				scripts[i](&peer{t: t, nc: nc, r: bufio.NewReader(nc)})
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return listener.Addr().String()
}

// say writes the lines in one write.
func (p *peer) say(lines ...string) {
	_, _ = p.nc.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
}

// line reads one line, or gives "" at the end.
func (p *peer) line() string {
	line, err := p.r.ReadString('\n')
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(line, "\r\n")
}

// hear demands this line.
func (p *peer) hear(want string) {
	p.t.Helper()
	if got := p.line(); got != want {
		p.t.Errorf("the server got %q, want %q", got, want)
	}
}

// turn demands the line and answers.
func (p *peer) turn(want string, answer ...string) {
	p.t.Helper()
	p.hear(want)
	p.say(answer...)
}

// greet plays the greeting and EHLO with the extensions.
func (p *peer) greet(extensions ...string) {
	p.t.Helper()
	p.say("220 mx.example ESMTP")
	p.turn("EHLO localhost", ehlo(extensions...)...)
}

func ehlo(extensions ...string) []string {
	lines := []string{"250-mx.example"}
	for _, extension := range extensions {
		lines = append(lines, "250-"+extension)
	}
	lines[len(lines)-1] = "250 " + lines[len(lines)-1][4:]
	return lines
}

// envelope plays MAIL and one RCPT.
func (p *peer) envelope() {
	p.t.Helper()
	p.turn("MAIL FROM:<ann@a.example>", "250 2.1.0 Ok")
	p.turn("RCPT TO:<bob@b.example>", "250 2.1.5 Ok")
}

// content reads up to and with the final dot, as it was on the wire.
func (p *peer) content() string {
	var wire strings.Builder
	for {
		line, err := p.r.ReadString('\n')
		wire.WriteString(line)
		if err != nil || line == ".\r\n" {
			return wire.String()
		}
	}
}

// quit plays the end.
func (p *peer) quit() {
	p.t.Helper()
	p.turn("QUIT", "221 2.0.0 Bye")
}

// newServer makes a Server that the test closes.
func newServer(t *testing.T, config Config) *Server {
	t.Helper()
	server, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// dial opens a connection to a scripted server that the test closes.
func dial(t *testing.T, config Config) Conn {
	t.Helper()
	c, err := newServer(t, config).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// begin does MAIL and RCPT, as in (*peer).envelope.
func begin(t *testing.T, c Conn) {
	t.Helper()
	want(t, "MAIL")(c.Mail(t.Context(), "ann@a.example", nil))
	want(t, "RCPT")(c.Rcpt(t.Context(), "bob@b.example", nil))
}

// want demands success.
func want(t *testing.T, what string) func(Reply, error) {
	t.Helper()
	return func(reply Reply, err error) {
		t.Helper()
		if err != nil || !reply.OK() {
			t.Fatalf("%s: %v, %v", what, reply, err)
		}
	}
}

func send(ctx context.Context, c Conn, content string) ([]Reply, error) {
	return c.Data(ctx, strings.NewReader(content), int64(len(content)))
}

// wantFailure demands an *Error of this stage.
func wantFailure(t *testing.T, err error, stage Stage, unknown bool) *Error {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if failure.Stage != stage || failure.Unknown != unknown {
		t.Fatalf("got stage %s, unknown %t (%v); want %s, %t", failure.Stage, failure.Unknown, err, stage, unknown)
	}
	return failure
}
