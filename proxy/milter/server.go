package milter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/d--j/go-milter"
)

// Server answers mail servers.
type Server struct {
	cfg Config

	mu        sync.Mutex
	listeners []net.Listener
	links     map[*link]struct{}
	down      bool
	served    sync.WaitGroup // connections
}

// New makes a server. It does no input or output.
func New(cfg Config) *Server {
	return &Server{cfg: cfg.withDefaults(), links: map[*link]struct{}{}}
}

// retry is how long Serve waits when no connection can be had, as when the
// process has no file descriptor left.
const retry = time.Second

// Serve takes connections on l until Shutdown, which makes it return nil.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close() //nolint:errcheck // closed by Shutdown mostly
	if !s.listens(l) {
		return nil
	}
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.take(conn)
		case errors.Is(err, net.ErrClosed):
			return nil
		default:
			s.cfg.Log.Error("no mail server can be taken", "error", err)
			time.Sleep(retry)
		}
	}
}

func (s *Server) listens(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.down {
		s.listeners = append(s.listeners, l)
	}
	return !s.down
}

// take serves a connection, if it may be.
func (s *Server) take(conn net.Conn) {
	if !s.mayConnect(conn.RemoteAddr()) {
		s.cfg.Hooks.Connected(NotAllowed)
		conn.Close() //nolint:errcheck // not served
		return
	}
	var k *link
	k = newLink(conn, s.cfg.Idle, func() { s.forget(k) })
	s.mu.Lock()
	full := s.down || len(s.links) >= s.cfg.Connections
	if !full {
		s.links[k] = struct{}{}
		s.served.Add(1)
	}
	s.mu.Unlock()
	if full {
		s.cfg.Hooks.Connected(OverLimit)
		conn.Close() //nolint:errcheck // not served
		return
	}
	s.cfg.Hooks.Connected(Accepted)
	go s.serve(k)
}

func (s *Server) forget(k *link) {
	s.mu.Lock()
	delete(s.links, k)
	s.mu.Unlock()
	s.cfg.Hooks.Closed()
	s.served.Done()
}

// mayConnect reports whether a mail server at this address is served. All are by
// a Unix socket, which has no addresses.
func (s *Server) mayConnect(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return true
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	return slices.ContainsFunc(s.cfg.Networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// noAnswer are the steps that a message is not answered at: mail servers that
// offer it do not wait there.
const noAnswer = milter.OptNoConnReply | milter.OptNoHeloReply | milter.OptNoDataReply | milter.OptNoHeaderReply | milter.OptNoEOHReply

// wanted are the options that are used where the mail server offers them. Of the
// rest of the protocol all is needed.
const wanted = noAnswer | milter.OptNoUnknown | milter.OptHeaderLeadingSpace

// serve speaks with one mail server. go-milter's server knows no connection when
// it makes a Milter, so that each connection has one of its own.
func (s *Server) serve(k *link) {
	library := milter.NewServer(
		milter.WithAction(milter.OptAddHeader),
		milter.WithNegotiationCallback(k.negotiate),
		milter.WithDynamicMilter(func(_ uint32, _ milter.OptAction, p milter.OptProtocol, _ milter.DataSize) milter.Milter {
			return &session{server: s, link: k, spaced: p&milter.OptHeaderLeadingSpace != 0}
		}))
	_ = library.Serve(&single{k: k}) // its error is that of single
	if k.fault != nil {
		s.cfg.Log.Warn("milter connection broke off", "error", k.fault)
	}
}

// negotiate takes of the options what the mail server offers. Without a way to
// add a header a message could not be tagged.
func (k *link) negotiate(mtaVersion, version uint32, offered, needed milter.OptAction, protocol, _ milter.OptProtocol, _ milter.DataSize,
) (uint32, milter.OptAction, milter.OptProtocol, milter.DataSize, error) {
	if mtaVersion < 2 || offered&needed != needed {
		k.fault = fmt.Errorf("the mail server offers version %d and actions %#x: want version 2 or later, and the action to add a header", mtaVersion, uint32(offered))
		return 0, 0, 0, 0, io.EOF // go-milter logs other errors itself
	}
	return min(mtaVersion, version), needed, wanted & protocol, milter.DataSize64K, nil
}

// single is a listener with one connection.
type single struct {
	k     *link
	given bool
}

// Accept implements net.Listener: after the connection it waits for its end.
func (l *single) Accept() (net.Conn, error) {
	if !l.given {
		l.given = true
		return l.k, nil
	}
	<-l.k.closed
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (l *single) Close() error { return nil }

// Addr implements net.Listener.
func (l *single) Addr() net.Addr { return l.k.LocalAddr() }

// Shutdown takes no more connections, ends those that wait, lets transactions
// finish until ctx ends, and closes what is left: its messages are failed for
// now by the mail server.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.down = true
	for _, l := range s.listeners {
		l.Close() //nolint:errcheck // Serve tells
	}
	for k := range s.links {
		k.endSoon()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.served.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.links {
		k.Conn.Close() //nolint:errcheck // its Read ends, and then it is closed in order
	}
	return ctx.Err()
}
