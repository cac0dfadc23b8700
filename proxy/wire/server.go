package wire

import (
	"github.com/emersion/go-smtp"
)

// Prepare sets the fields of a go-smtp server that wire has taken over:
// limits, times and TLS are off, since they are kept here, and every extension
// is on, since [Conn.SetExtensions] decides what a client may use. Domain,
// Backend and ErrorLog stay the caller's.
func Prepare(s *smtp.Server) {
	s.LMTP = false
	s.TLSConfig = nil
	s.AllowInsecureAuth = true
	s.MaxRecipients = 0
	s.MaxMessageBytes = 0
	s.MaxLineLength = 0
	s.ReadTimeout = 0
	s.WriteTimeout = 0
	s.Debug = nil
	s.EnableSMTPUTF8 = true
	s.EnableREQUIRETLS = true
	s.EnableBINARYMIME = true
	s.EnableDSN = true
	s.EnableRRVS = false
	s.EnableDELIVERBY = false
	s.EnableMTPRIORITY = false
}

// Of returns the wire connection under a go-smtp connection, or nil if the
// server does not listen through a [Listener].
func Of(c *smtp.Conn) *Conn {
	s, _ := c.Conn().(*seat)
	if s == nil {
		return nil
	}
	return s.client.Load()
}
