package events

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/leodido/go-syslog/v4/rfc5424"
)

// facility is mail's (RFC 5424 section 6.2.1).
const facility = 2

// patience is how long a connection, or a batch on it, may take.
const patience = 10 * time.Second

// Syslog sends events to a syslog server: over UDP (RFC 5426) or a datagram
// socket a message each, over TCP and TLS (RFC 5425) behind their length in
// octets (RFC 6587 section 3.4.1). None of them acknowledges anything: what was
// on its way when a server went is lost, and counted as sent.
type Syslog struct {
	scheme, address, host string
	tls                   *tls.Config

	conn net.Conn      // nil until the first event
	gone chan struct{} // closed when the server has closed the connection
}

// NewSyslog makes the target of a URL: udp://HOST:PORT, tcp://HOST:PORT,
// tls://HOST:PORT or unix:///PATH. host is the relay's own name; roots, which
// may be nil, is how a server's certificate is verified.
func NewSyslog(target, host string, roots *tls.Config) (*Syslog, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	s := &Syslog{scheme: u.Scheme, address: u.Host, host: host, tls: roots}
	switch u.Scheme {
	case "udp", "tcp", "tls":
		if _, _, err := net.SplitHostPort(u.Host); err != nil {
			return nil, fmt.Errorf("syslog: %q: want HOST:PORT", u.Host)
		}
	case "unix":
		s.address = u.Path
	default:
		return nil, fmt.Errorf("syslog: %q: want udp://, tcp://, tls:// or unix://", u.Scheme)
	}
	return s, nil
}

// Name implements Target.
func (*Syslog) Name() string { return "syslog" }

// Send implements Target.
func (s *Syslog) Send(ctx context.Context, batch []Told) (int, error) {
	if err := s.connect(ctx); err != nil {
		return 0, fmt.Errorf("syslog: %w", err)
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, fmt.Errorf("syslog: %w", err)
	}
	for i := range batch {
		line, err := s.message(&batch[i])
		if err != nil {
			return i, err
		}
		if s.stream() {
			line = strconv.Itoa(len(line)) + " " + line
		}
		if _, err := io.WriteString(s.conn, line); err != nil {
			s.Close() //nolint:errcheck // the first error tells
			return i, fmt.Errorf("syslog: %w", err)
		}
	}
	return len(batch), nil
}

func (s *Syslog) stream() bool { return s.scheme == "tcp" || s.scheme == "tls" }

// message is an event in syslog's form (RFC 5424 section 6).
func (s *Syslog) message(e *Told) (string, error) {
	m := &rfc5424.SyslogMessage{}
	m.SetVersion(1)
	m.SetPriority(facility*8 + uint8(e.Severity))
	m.SetTimestamp(e.At.UTC().Format("2006-01-02T15:04:05.000000Z07:00"))
	m.SetHostname(s.host)
	m.SetAppname("bulkhead")
	m.SetProcID(strconv.Itoa(os.Getpid()))
	m.SetMsgID(e.ID)
	m.SetMessage(string(e.JSON))
	line, err := m.String()
	if err != nil {
		return "", fmt.Errorf("syslog: %w", err)
	}
	return line, nil
}

// connect makes a connection where there is none that holds.
func (s *Syslog) connect(ctx context.Context) error {
	if s.conn != nil {
		select {
		case <-s.gone:
			s.Close() //nolint:errcheck // the server has closed it
		default:
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	network := s.scheme
	var dial interface {
		DialContext(context.Context, string, string) (net.Conn, error)
	} = &net.Dialer{}
	switch s.scheme {
	case "unix":
		network = "unixgram"
	case "tls":
		network, dial = "tcp", &tls.Dialer{Config: s.tls}
	}
	conn, err := dial.DialContext(ctx, network, s.address)
	if err != nil {
		return err
	}
	s.conn, s.gone = conn, make(chan struct{})
	if s.stream() {
		go watch(conn, s.gone)
	}
	return nil
}

// watch reads what a server has no reason to send, and so learns when it closes:
// a write would notice only the one after.
func watch(conn net.Conn, gone chan<- struct{}) {
	var b [512]byte
	for {
		if _, err := conn.Read(b[:]); err != nil {
			close(gone)
			return
		}
	}
}

// Close implements Target.
func (s *Syslog) Close() error {
	if s.conn == nil {
		return nil
	}
	conn := s.conn
	s.conn = nil
	if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
