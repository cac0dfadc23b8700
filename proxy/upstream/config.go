package upstream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Config says which server takes the mail and how it is spoken to. A Config
// prints without its password.
type Config struct {
	// URL is one of
	//
	//	smtp://HOST[:25]                    in clear
	//	smtp://HOST[:25]?starttls=MODE      MODE off, opportunistic or required
	//	smtp+starttls://HOST[:587]          STARTTLS required, the same as starttls=required
	//	smtps://HOST[:465]                  TLS from the first byte (RFC 8314)
	//	lmtp://HOST[:24]                    LMTP (RFC 2033), also with ?starttls=
	//	lmtp+unix:///PATH                   LMTP over a Unix socket
	//	maildir:PATH                        no server: each message becomes a file
	//
	// Certificates are always verified against HOST. "opportunistic" uses
	// STARTTLS where it is offered and clear text where it is not; where TLS
	// was begun and fails, the connection fails and clear text is not tried.
	// HOST may carry USER:PASSWORD@, the same as Username and Password.
	URL string
	// TLS is the base of the TLS configuration; nil means the system's roots.
	TLS *tls.Config
	// Username and Password are the relay's own credentials, used with PLAIN
	// or LOGIN. Empty: none. They are for when clients do not bring theirs.
	Username string
	Password string
	// InsecureAuth allows credentials, the relay's or a client's, over an
	// unencrypted connection to another machine. Loopback is always allowed.
	InsecureAuth bool
	// Hello is the name given in EHLO; "" means "localhost".
	Hello string
	// Timeouts bound each wait; a zero one has its default.
	Timeouts Timeouts
	// PoolSize is how many idle connections are kept; 0 keeps none.
	PoolSize int
	// PoolIdle is how long one is kept idle; 0 means 30 seconds.
	PoolIdle time.Duration
	// Chunking prefers BDAT (RFC 3030) to DATA wherever it is offered.
	// BODY=BINARYMIME always goes by BDAT.
	Chunking bool
}

// Timeouts bound the waits for the upstream. Only Final is that of RFC 5321
// section 4.5.3.2: giving up early there makes duplicates. The others are
// shorter, since a client of the relay waits behind each.
type Timeouts struct {
	Connect time.Duration // dialling, greeting, EHLO, TLS and own AUTH together; 30 s
	Command time.Duration // the answer to a command; 2 min
	Data    time.Duration // progress of 64 KiB of content; 3 min
	Final   time.Duration // the answer to the final dot or last chunk; 10 min
}

func (t Timeouts) withDefaults() Timeouts {
	for _, field := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&t.Connect, 30 * time.Second},
		{&t.Command, 2 * time.Minute},
		{&t.Data, 3 * time.Minute},
		{&t.Final, 10 * time.Minute},
	} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
	return t
}

// String shows the settings without the credentials.
func (c Config) String() string {
	where := "(invalid)"
	if t, err := parseTarget(c.URL); err == nil {
		where = t.String()
	}
	secret := ""
	if c.Password != "" {
		secret = " password:[hidden]"
	}
	return fmt.Sprintf("{url:%s hello:%s own-credentials:%t%s pool:%d chunking:%t}",
		where, c.Hello, c.Username != "", secret, c.PoolSize, c.Chunking)
}

// GoString is String, so that %#v hides the password too.
func (c Config) GoString() string { return c.String() }

// MarshalText is String, so that JSON and YAML hide the password too.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is String, so that a logger hides the password too.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// complete checks the values and fills in the defaults. Errors name the field.
func (c Config) complete(t target) (Config, error) {
	if t.username != "" {
		if c.Username != "" {
			return c, errors.New("upstream username: given twice, in the url and by itself")
		}
		c.Username, c.Password = t.username, t.password
	}
	if c.Hello == "" {
		c.Hello = "localhost"
	}
	switch {
	case (c.Username == "") != (c.Password == ""):
		return c, errors.New("upstream username and password: one is missing")
	case c.Username != "" && t.scheme == schemeMaildir:
		return c, errors.New("upstream username: a maildir takes no credentials")
	case strings.ContainsRune(c.Username, 0) || strings.ContainsRune(c.Password, 0):
		return c, errors.New("upstream username and password: must not contain NUL")
	case checkWord(c.Hello) != nil:
		return c, errors.New("upstream hello: must be one word, a host name or an address literal")
	case c.PoolSize < 0:
		return c, errors.New("upstream pool size: must not be negative")
	case c.PoolIdle < 0:
		return c, errors.New("upstream pool idle time: must not be negative")
	case min(c.Timeouts.Connect, c.Timeouts.Command, c.Timeouts.Data, c.Timeouts.Final) < 0:
		return c, errors.New("upstream timeouts: must not be negative")
	}
	if c.PoolIdle == 0 {
		c.PoolIdle = 30 * time.Second
	}
	c.Timeouts = c.Timeouts.withDefaults()
	return c, nil
}
