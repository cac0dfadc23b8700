package configs

import (
	"net/netip"
	"path/filepath"
	"strings"
	"time"
)

// Milter is where mail servers that keep the delivery ask about each message, by
// the milter protocol. It is off without an address.
type Milter struct {
	// Listen is HOST:PORT, or "unix:" and the path of a socket.
	Listen string `yaml:"listen"`
	// Allow are the networks that mail servers may ask from by TCP.
	Allow []netip.Prefix `yaml:"allow"`
	// MaxConnections at once; a mail server has one for each of its own clients.
	MaxConnections int `yaml:"max_connections"`
	// IdleTimeout is how long a mail server may be silent.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
}

func defaultMilter() Milter {
	return Milter{
		Allow:          []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		MaxConnections: 1000, IdleTimeout: 10 * time.Minute,
	}
}

// On reports whether mail servers may ask.
func (m *Milter) On() bool { return m.Listen != "" }

// Network gives the address as net.Listen wants it.
func (m *Milter) Network() (network, address string) {
	if path, is := strings.CutPrefix(m.Listen, "unix:"); is {
		return "unix", path
	}
	return "tcp", m.Listen
}

func (c *Config) checkMilter(wrong report) {
	m := &c.Milter
	if !m.On() {
		return
	}
	switch network, address := m.Network(); {
	case network == "unix" && !filepath.IsAbs(address):
		wrong("milter.listen", "%q: want unix: with the whole path of a socket, such as unix:/run/bulkhead/milter.sock", m.Listen)
	case network == "tcp":
		checkAddress("milter.listen", address, wrong)
		if len(m.Allow) == 0 {
			wrong("milter.allow", "none: want the networks that mail servers ask from")
		}
	}
	if m.MaxConnections <= 0 {
		wrong("milter.max_connections", "%d: want more than 0", m.MaxConnections)
	}
	if m.IdleTimeout < time.Second {
		wrong("milter.idle_timeout", "%v: want a time longer than the mail server's own for its clients, such as 10m", m.IdleTimeout)
	}
}
