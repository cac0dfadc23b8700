package wire

import (
	"net/netip"
)

// XCLIENT and XFORWARD are Postfix's, by which a mail server or proxy says whom it
// speaks for (its XCLIENT_README and XFORWARD_README). They are believed of the
// networks in Config only, and to others are commands that nobody knows.
//
// Whose word counts is decided by the client's address, as it is by then: a proxy that
// hands its client's own commands on after XCLIENT has taken the right to say more
// away with it.

func (c *Conn) mayXClient() bool { return within(c.link.l.cfg.XClient, c.client.Addr) }

func (c *Conn) mayXForward() bool { return within(c.link.l.cfg.XForward, c.client.Addr) }

// xclient makes the connection another client's. As after STARTTLS, go-smtp sees the
// end of its connection, and gets a new one that begins with the greeting: nothing
// that was said before it can be taken for the other client's.
func (c *Conn) xclient(arg string) ruling {
	if c.tx.open {
		return refuse("503 5.5.1 Not within a transaction")
	}
	before := c.client
	before.Login = "" // a login is told with each, or there is none
	client, refusal := parseOrigin(before, arg, xclientNames)
	if refusal != "" {
		return refuse(refusal)
	}
	if len(c.link.in.unread()) > 0 {
		// It is whose commands these are that the reply decides.
		return ruling{reply: "503 5.5.1 Wait for the reply to XCLIENT", end: true}
	}
	switch c.link.l.assign(c.link, client) {
	case Accepted:
		c.handOver(false)
		return ruling{}
	case TooFast:
		return ruling{reply: "421 4.7.0 Too many connections in a minute: try again later", end: true}
	default:
		return ruling{reply: "421 4.7.0 Too many connections", end: true}
	}
}

// xforward notes where the next message comes from. It changes nobody's rights.
func (c *Conn) xforward(arg string) ruling {
	if c.tx.open {
		return refuse("503 5.5.1 Not within a transaction")
	}
	var before Origin // what is not told is not known, and never the client's own
	if c.forwarded != nil {
		before = *c.forwarded
	}
	told, refusal := parseOrigin(before, arg, xforwardNames)
	if refusal != "" {
		return refuse(refusal)
	}
	c.forwarded = &told
	return ruling{reply: "250 2.0.0 Ok"}
}

// addrOf makes the origin of a client of whom only the address is known.
func addrOf(client netip.AddrPort) Origin { return Origin{Addr: client.Addr(), Port: client.Port()} }
