package wire_test

import (
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
)

// seats notes which connection of go-smtp each session is on.
type seats struct {
	*backend
	mu    sync.Mutex
	conns []*smtp.Conn
	names []string
}

func (s *seats) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	s.conns, s.names = append(s.conns, c), append(s.names, c.Hostname())
	s.mu.Unlock()
	return s.backend.NewSession(c)
}

// TestSeatIsTakenAgainOnlyWhereTheLastClientLeftItClean has one client come after
// another: what go-smtp may still know of the first must not meet the second.
func TestSeatIsTakenAgainOnlyWhereTheLastClientLeftItClean(t *testing.T) {
	for _, c := range []struct {
		name  string
		says  func(*client)
		clean bool
	}{
		{"a message", func(c *client) { c.message("one\r\n") }, true},
		{"two messages", func(c *client) { c.message("one\r\n"); c.message("two\r\n") }, true},
		{"nothing", func(*client) {}, true},
		{"a transaction given up", func(c *client) { c.envelope(); c.cmd("RSET", "250") }, true},
		{"a binary one given up", func(c *client) { c.cmd("MAIL FROM:<a@corp.test> BODY=BINARYMIME", "250"); c.cmd("RSET", "250") }, true},
		{"a transaction", func(c *client) { c.envelope() }, false},
		{"a sender", func(c *client) { c.cmd("MAIL FROM:<a@corp.test>", "250") }, false},
		{"a login", func(c *client) { c.cmd("AUTH PLAIN "+login("right"), "235") }, false},
		{"a failed login", func(c *client) { c.cmd("AUTH PLAIN "+login("wrong"), "535") }, false},
		{"an error", func(c *client) { c.cmd("FOO", "500") }, false},
		{"chunks", func(c *client) {
			c.envelope()
			c.send("BDAT 5 LAST\r\nabcde")
			c.want("250")
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &seats{backend: &backend{}}
			s := serveBackend(t, wire.Config{}, b.backend, b)
			tries := 1
			if c.clean {
				tries = 50 // a client that is quicker than go-smtp gets another connection
			}
			for range tries {
				b.begin()
				first := hello(t, s)
				c.says(first)
				first.cmd("QUIT", "221")
				first.wantClosed()
				time.Sleep(2 * time.Millisecond)
				findsNothing(t, b, s)
				if b.conns[0] == b.conns[1] {
					if !c.clean {
						t.Error("the next client is on the same connection of go-smtp")
					}
					return
				}
			}
			if c.clean {
				t.Error("no client came to sit where the last one had")
			}
		})
	}
}

// findsNothing has a second client begin where a first one ended.
func findsNothing(t *testing.T, b *seats, s *server) {
	t.Helper()
	c := dial(t, s)
	for _, command := range []string{"MAIL FROM:<x@corp.test>", "RCPT TO:<y@rcpt.test>", "DATA"} {
		c.cmd(command, "503") // nothing of the first's EHLO, either
	}
	c.cmd("EHLO second.test", "250")
	c.cmd("RCPT TO:<y@rcpt.test>", "503")
	c.cmd("AUTH PLAIN "+login("right"), "235")
	c.message("mine\r\n")
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.names[1] != "second.test" {
		t.Errorf("the second calls itself %q", b.names[1])
	}
	all := s.taken()
	if last := all[len(all)-1]; string(last.data) != "mine\r\n" || strings.Join(last.to, " ") != "b@rcpt.test" {
		t.Errorf("the second's message is %q to %q", last.data, last.to)
	}
	if sessions, logouts := s.counts(); sessions != 2 || logouts != 1 {
		t.Errorf("%d sessions, %d ended", sessions, logouts)
	}
}

// begin forgets the sessions so far.
func (s *seats) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns, s.names = nil, nil
	s.backend.mu.Lock()
	defer s.backend.mu.Unlock()
	s.sessions, s.logouts = 0, 0
}

// login is the response of AUTH PLAIN for the test's user.
func login(password string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00user\x00" + password))
}

// message sends one.
func (c *client) message(content string) {
	c.t.Helper()
	c.envelope()
	c.cmd("DATA", "354")
	c.send(content + ".\r\n")
	c.want("250")
}

// TestClientsAtOnceHaveASeatEach: nobody waits for another's.
func TestClientsAtOnceHaveASeatEach(t *testing.T) {
	b := &seats{backend: &backend{}}
	s := serveBackend(t, wire.Config{}, b.backend, b)
	for range 3 {
		clients := []*client{hello(t, s), hello(t, s), hello(t, s)}
		for _, c := range clients {
			c.message("x\r\n")
		}
		for _, c := range clients {
			c.cmd("QUIT", "221")
			c.wantClosed()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	distinct := map[*smtp.Conn]bool{}
	for _, c := range b.conns {
		distinct[c] = true
	}
	if len(b.conns) != 9 || len(distinct) < 3 {
		t.Errorf("%d sessions on %d connections of go-smtp", len(b.conns), len(distinct))
	}
}
