package main

import (
	"cmp"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"
)

// moody is an upstream with troubles, each with every seventeenth transaction.
// None of them comes between keeping a message and saying so, after which no
// client can know (RFC 1047).
type moody struct {
	*mailbox
	sessions, mails atomic.Int64
	had             [5]atomic.Int64
}

const (
	greets421 = iota
	defersMail
	defersRcpt
	defersContent
	cutsContent
)

func (u *moody) listen(t testing.TB) {
	l, err := net.Listen("tcp", u.address)
	if err != nil {
		t.Error(err)
		return
	}
	server := smtp.NewServer(u)
	serveSMTP(t, server, l)
}

func (u *moody) NewSession(c *smtp.Conn) (smtp.Session, error) {
	if u.sessions.Add(1)%5 == 1 {
		u.had[greets421].Add(1)
		return nil, &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "The post office is closed"}
	}
	return &moodySession{mailboxSession: mailboxSession{mailbox: u.mailbox}, upstream: u, conn: c}, nil
}

type moodySession struct {
	mailboxSession
	upstream *moody
	conn     *smtp.Conn
	mood     int
}

// in reports whether this is the transaction's trouble.
func (s *moodySession) in(trouble int) bool {
	if s.mood != trouble {
		return false
	}
	s.upstream.had[trouble].Add(1)
	return true
}

var errNotNow = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The post office is busy"}

func (s *moodySession) Mail(from string, o *smtp.MailOptions) error {
	s.mood = int(s.upstream.mails.Add(1) % 17)
	if s.in(defersMail) {
		return errNotNow
	}
	return s.mailboxSession.Mail(from, o)
}

func (s *moodySession) Rcpt(to string, o *smtp.RcptOptions) error {
	if s.in(defersRcpt) {
		return errNotNow
	}
	return s.mailboxSession.Rcpt(to, o)
}

func (s *moodySession) Data(r io.Reader) error {
	switch {
	case s.in(defersContent):
		_, err := io.Copy(io.Discard, r)
		return cmp.Or[error](err, errNotNow)
	case s.in(cutsContent):
		return s.conn.Conn().Close()
	}
	return s.mailboxSession.Data(r)
}
