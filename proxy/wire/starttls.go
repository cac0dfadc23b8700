package wire

// canStartTLS reports whether STARTTLS would be taken now.
func (c *Conn) canStartTLS() bool {
	cfg := &c.link.l.cfg
	return cfg.TLS != nil && c.link.tls == nil && cfg.TLSReady()
}

// startTLS answers STARTTLS and changes to TLS. go-smtp then sees the end of
// its connection and logs the session out, and [Conn.Close] gives it a new one
// over the same socket: nothing that was said in the clear can be left over.
func (c *Conn) startTLS(arg string) ruling {
	switch {
	case arg != "":
		return refuse("501 5.5.4 STARTTLS takes no argument")
	case c.link.l.cfg.TLS == nil:
		return refuse("502 5.5.1 STARTTLS is not offered")
	case c.link.tls != nil:
		return refuse("503 5.5.1 TLS is in use already")
	case c.authed:
		return refuse("503 5.5.1 Not after AUTH")
	case !c.link.l.cfg.TLSReady():
		return refuse("454 4.7.0 TLS not available yet, try again later")
	case c.tx.open:
		return refuse("503 5.5.1 Not within a transaction")
	}
	if c.link.write("220 2.0.0 Ready to start TLS\r\n") != nil {
		return ruling{}
	}
	c.link.l.cfg.Hooks.Reply(VerbStartTLS, 220)
	if c.link.handshake() != nil {
		// There is no channel left to say anything on.
		return ruling{}
	}
	c.handOver(true)
	return ruling{}
}
