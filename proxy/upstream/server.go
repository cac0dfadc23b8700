package upstream

import (
	"context"
	"crypto/tls"
	"sync"
)

// Server is the upstream: where it is, how it is spoken to, and the idle
// connections to it. Its methods may be called from many goroutines at once.
type Server struct {
	config Config
	target target
	tls    *tls.Config
	idle   pool
	blocks sync.Pool // of *blocks
}

// New checks the configuration. It does no I/O: a server that is down is not
// an error here. Errors name the field that is wrong.
func New(config Config) (*Server, error) {
	t, err := parseTarget(config.URL)
	if err != nil {
		return nil, err
	}
	config, err = config.complete(t)
	if err != nil {
		return nil, err
	}
	secure := &tls.Config{}
	if config.TLS != nil {
		secure = config.TLS.Clone()
	}
	if secure.ServerName == "" {
		secure.ServerName = t.host
	}
	if secure.ClientSessionCache == nil {
		secure.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	return &Server{
		config: config,
		target: t,
		tls:    secure,
		idle:   pool{size: config.PoolSize, keep: config.PoolIdle},
		blocks: sync.Pool{New: func() any { return newBlocks() }},
	}, nil
}

// Dial gives a connection on which MAIL may follow: an idle one, or a new one
// that has been greeted, encrypted and authenticated as configured. The
// caller closes it. An idle connection can turn out to have been closed by the
// server; the first command then silently moves to a new one, once.
func (s *Server) Dial(ctx context.Context) (Conn, error) {
	if s.target.scheme == schemeMaildir {
		return s.openMaildir()
	}
	l, err := s.idle.take()
	if err != nil {
		return nil, &Error{Stage: StageDial, Err: err}
	}
	if l == nil {
		if l, err = s.connect(ctx); err != nil {
			return nil, err
		}
	}
	return &conn{server: s, link: l}, nil
}

// Probe makes a new connection up to where MAIL may follow, and ends it: the
// check for readiness. Nothing is sent through it.
func (s *Server) Probe(ctx context.Context) error {
	if s.target.scheme == schemeMaildir {
		_, err := s.openMaildir()
		return err
	}
	l, err := s.connect(ctx)
	if err != nil {
		return err
	}
	l.quit()
	return nil
}

// AnswersEach reports whether the server answers a message once for each
// recipient, as LMTP does (RFC 2033 section 4.2), and not once for all.
func (s *Server) AnswersEach() bool { return s.target.lmtp() }

// String gives the URL without credentials.
func (s *Server) String() string { return s.target.String() }

// Close ends the idle connections. Those in use end when they are closed, and
// no new ones are given out.
func (s *Server) Close() error {
	s.idle.close()
	return nil
}
