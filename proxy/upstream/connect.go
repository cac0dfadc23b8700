package upstream

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// connect makes a new link that is ready for MAIL: dialled, greeted, encrypted
// as configured, and with the relay's own credentials given.
func (s *Server) connect(ctx context.Context) (*link, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Timeouts.Connect,
		fmt.Errorf("no connection within %s: %w", s.config.Timeouts.Connect, context.DeadlineExceeded))
	defer cancel()
	l, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, l); err != nil {
		l.quit()
		return nil, err
	}
	return l, nil
}

// dial opens the connection, under TLS if that is implicit.
func (s *Server) dial(ctx context.Context) (*link, error) {
	nc, err := new(net.Dialer).DialContext(ctx, s.target.network, s.target.address)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, failed(StageDial, err)
	}
	l := newLink(nc, false)
	if s.target.security == implicit {
		if err := s.encrypt(ctx, l); err != nil {
			return nil, &Error{Stage: StageDial, Err: err}
		}
	}
	return l, nil
}

// prepare takes the link from the greeting to where MAIL may follow.
func (s *Server) prepare(ctx context.Context, l *link) error {
	greeting, err := l.await(ctx, s.config.Timeouts.Connect)
	if err != nil {
		return failed(StageGreeting, err)
	}
	if !greeting.OK() {
		return refused(StageGreeting, greeting)
	}
	if err := s.hello(ctx, l); err != nil {
		return err
	}
	if err := s.startTLS(ctx, l); err != nil {
		return err
	}
	if s.config.Username == "" {
		if !s.mayAuth(l) {
			l.extensions = l.extensions.without("AUTH")
		}
		return nil
	}
	if err := s.authOwn(ctx, l); err != nil {
		return err
	}
	l.extensions = l.extensions.without("AUTH")
	return nil
}

// hello introduces us and learns the extensions. A server that knows no EHLO
// is tried with HELO (RFC 5321 section 3.2); LMTP has LHLO alone.
func (s *Server) hello(ctx context.Context, l *link) error {
	verb := "EHLO "
	if s.target.lmtp() {
		verb = "LHLO "
	}
	reply, err := l.command(ctx, s.config.Timeouts.Connect, verb+s.config.Hello)
	if err != nil {
		return failed(StageHello, err)
	}
	if reply.OK() {
		l.extensions = parseExtensions(reply)
		return nil
	}
	if s.target.lmtp() || reply.Temporary() {
		return refused(StageHello, reply)
	}
	if reply, err = l.command(ctx, s.config.Timeouts.Connect, "HELO "+s.config.Hello); err != nil {
		return failed(StageHello, err)
	}
	if !reply.OK() {
		return refused(StageHello, reply)
	}
	l.extensions = Extensions{}
	return nil
}

// startTLS encrypts a link as the URL asks (RFC 3207). What was learned or
// received in clear before the handshake is thrown away: anybody on the path
// can have written it.
func (s *Server) startTLS(ctx context.Context, l *link) error {
	if s.target.security != required && s.target.security != opportunistic {
		return nil
	}
	if !l.extensions.Has("STARTTLS") {
		if s.target.security == opportunistic {
			return nil
		}
		return &Error{Stage: StageStartTLS, Err: fmt.Errorf("%w: STARTTLS is not offered", ErrTLS)}
	}
	reply, err := l.command(ctx, s.config.Timeouts.Connect, "STARTTLS")
	switch {
	case err != nil:
		return failed(StageStartTLS, err)
	case !reply.OK() && s.target.security == opportunistic:
		return nil
	case !reply.OK():
		return refused(StageStartTLS, reply)
	}
	if err := s.encrypt(ctx, l); err != nil {
		return &Error{Stage: StageStartTLS, Err: err}
	}
	return s.hello(ctx, l)
}

// encrypt does the handshake on a link and verifies the server's name. The
// link's buffers, and what an attacker put into them, are replaced.
func (s *Server) encrypt(ctx context.Context, l *link) error {
	secured := tls.Client(l.nc, s.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		return l.fail(fmt.Errorf("%w: %w", ErrTLS, l.cause(ctx, err)))
	}
	*l = *newLink(secured, true)
	return nil
}
