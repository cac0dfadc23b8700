package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"os/user"
	"regexp"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

type sendmailCommand struct {
	To      []string      `arg:"" optional:"" name:"address" help:"Recipients."`
	Read    bool          `short:"t" name:"read-recipients" help:"Take the recipients from To, Cc and Bcc as well."`
	Dots    bool          `short:"i" name:"ignore-dots" help:"A line with a single dot does not end the message."`
	From    *string       `short:"f" placeholder:"ADDRESS" help:"The reverse-path; <> for none. Else the user at this host."`
	Name    string        `short:"F" placeholder:"NAME" help:"The sender's name, where the message has no From."`
	Config  string        `type:"existingfile" env:"BULKHEAD_CONFIG" placeholder:"FILE" help:"Configuration of the relay, for its address."`
	Listen  string        `placeholder:"ADDR" env:"BULKHEAD_LISTEN" help:"Address of the relay (127.0.0.1:2525)."`
	Timeout time.Duration `default:"15m" help:"For all of it."`

	// What programs pass to every sendmail, and what it means here.
	Sender  *string  `short:"r" name:"old-from" hidden:""`          // as -f
	Options []string `short:"o" name:"option" hidden:"" sep:"none"` // -oi is -i; others say how to queue, and there is no queue
	Mode    string   `short:"b" name:"mode" hidden:"" default:"m"`  // m: take a message; no other
	Notify  string   `short:"N" name:"dsn" hidden:""`
	Body    string   `short:"B" name:"body" hidden:""` // found out from the message
	Verbose bool     `short:"v" hidden:""`
	NoAlias bool     `short:"n" name:"no-alias" hidden:""`
}

// Help implements kong.HelpProvider.
func (sendmailCommand) Help() string {
	return `For programs that pipe mail: reads a message from standard input and gives it to
the relay, which inspects it. Also when bulkhead is called by the name sendmail
(a link to it). Bcc is removed; From, Date and Message-ID are added where they
are missing. Nothing is queued: when the relay cannot take the message, the
caller is told and has to try again.

Exit status, of sysexits.h: 0 taken (perhaps held for review), 64 usage, 65 the
message or an address is not well formed, 67 no such recipient, 69 refused, 70
its fate is not known, 74 it could not be read, 75 not now, 77 not allowed, 78 configuration.

Examples:
  bulkhead sendmail -t -i < message.eml
  ln -s /usr/local/bin/bulkhead /usr/sbin/sendmail`
}

// The exit statuses of sysexits.h.
const (
	exUsage       = 64
	exDataErr     = 65
	exNoUser      = 67
	exUnavailable = 69
	exSoftware    = 70
	exIOErr       = 74
	exTempFail    = 75
	exNoPerm      = 77
	exConfig      = 78
)

// errStatus ends a command with a status of its own.
type errStatus struct {
	status int
	err    error
}

func (e errStatus) Error() string { return e.err.Error() }
func (e errStatus) Unwrap() error { return e.err }

func failed(status int, format string, args ...any) error {
	return errStatus{status, fmt.Errorf(format, args...)}
}

// Run sends one message.
func (c sendmailCommand) Run(ctx context.Context, p program) error {
	if c.Mode != "m" {
		return failed(exUsage, "-b%.10s is not supported: a message is taken from standard input, and nothing else is done", c.Mode)
	}
	for _, o := range c.Options {
		c.Dots = c.Dots || o == "i"
	}
	if c.From == nil {
		c.From = c.Sender
	}
	cfg, _, err := configs.Load(c.Config, p.environ)
	if err != nil {
		return errStatus{exConfig, err}
	}
	address, err := c.address(&cfg)
	if err != nil {
		return err
	}
	host := hostname(&cfg)
	from, err := c.from(host)
	if err != nil {
		return err
	}
	m, err := readPiped(p.stdin, pipedOptions{host: host, from: from, name: c.Name, dots: c.Dots, now: time.Now()})
	if err != nil {
		return err
	}
	defer m.close()
	to, err := c.recipients(m, host)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	server, err := upstream.New(upstream.Config{URL: "smtp://" + address, Hello: host, Chunking: true})
	if err != nil {
		return errStatus{exConfig, err}
	}
	defer server.Close() //nolint:errcheck // idle connections only
	return m.send(ctx, server, from, to)
}

// address is where the relay takes mail from this machine.
func (c sendmailCommand) address(cfg *configs.Config) (string, error) {
	address := c.Listen
	if address == "" {
		for _, l := range cfg.Listeners {
			if !l.TLS.Implicit {
				address = l.Address
				break
			}
		}
	}
	if address == "" {
		return "", failed(exConfig, "no listener takes mail without implicit TLS: name one with --listen")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", errStatus{exConfig, err}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port), nil
}

// from is the reverse-path.
func (c sendmailCommand) from(host string) (string, error) {
	if c.From != nil {
		if f := strings.TrimSpace(*c.From); f == "" || f == "<>" {
			return "", nil
		}
		from, err := pathOf(*c.From, host)
		if err != nil {
			return "", failed(exUsage, "-f: not an address")
		}
		return from, nil
	}
	name := fmt.Sprintf("uid%d", os.Getuid())
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	return name + "@" + host, nil
}

// pathOf is an address as it is put into an envelope: one without a domain is
// of this host.
func pathOf(text, host string) (string, error) {
	if !strings.ContainsAny(text, "@<") {
		text += "@" + host
	}
	a, err := mail.ParseAddress(text)
	if err != nil {
		return "", err
	}
	return a.Address, nil
}

// recipients are those of the command line and, with -t, of the header, each
// once.
func (c sendmailCommand) recipients(m *piped, host string) ([]string, error) {
	var all []string
	for i, text := range c.To {
		path, err := pathOf(text, host)
		if err != nil {
			return nil, failed(exDataErr, "recipient %d of the command line is not an address", i+1)
		}
		all = append(all, path)
	}
	if c.Read {
		read, err := m.recipients(host)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	seen := map[string]bool{}
	var once []string
	for _, path := range all {
		if !seen[path] {
			seen[path] = true
			once = append(once, path)
		}
	}
	if len(once) == 0 {
		return nil, failed(exUsage, "no recipient: give addresses, or -t for those of To, Cc and Bcc")
	}
	return once, nil
}

// heldName finds the name under which something was kept in a reply.
var heldName = regexp.MustCompile(`\b(?:BH|IN)-[0-9A-Z]{4}-[0-9A-Z]{4}\b`)

// send gives the message to the relay, for all recipients at once or, where it
// takes one at a time, one after the other.
func (m *piped) send(ctx context.Context, to *upstream.Server, from string, paths []string) error {
	status := exitOK
	var told []string
	place := map[string]int{}
	for i, path := range paths {
		place[path] = i + 1
	}
	for len(paths) > 0 {
		e := upstream.Envelope{From: from, MailParams: m.params(from, paths)}
		for _, path := range paths {
			e.Recipients = append(e.Recipients, upstream.Recipient{Path: path})
		}
		results, err := to.Send(ctx, e, m.content(), m.size)
		var again []string
		taken := false
		for _, r := range results {
			switch {
			case r.Outcome == upstream.Accepted:
				taken = true
				continue
			case r.Reply.Code == 452 && r.Reply.Enhanced() == "4.5.3":
				again = append(again, r.Path)
				continue
			}
			s, why := fate(r, err)
			status = max(status, s)
			told = append(told, fmt.Sprintf("recipient %d: %s", place[r.Path], why))
		}
		if len(again) > 0 && !taken {
			status = max(status, exTempFail)
			told = append(told, fmt.Sprintf("%d recipients: 452 4.5.3", len(again)))
			break
		}
		paths = again
	}
	if status == exitOK {
		return nil
	}
	return errStatus{status, errors.New(strings.Join(told, "\n"))}
}

// fate says what a recipient's result means to the caller. A reply's text may
// repeat an address: of it only the name of what was kept is told.
func fate(r upstream.Result, err error) (status int, why string) {
	why = strings.TrimSpace(fmt.Sprintf("%d %s", r.Reply.Code, r.Reply.Enhanced()))
	if name := heldName.FindString(strings.Join(r.Reply.Lines, " ")); name != "" {
		why += ", " + name
	}
	switch class := r.Reply.Enhanced(); {
	case r.Outcome == upstream.Unknown:
		return exSoftware, "it may have been taken or not: the connection was lost before the answer"
	case r.Reply.Code == 0:
		return exTempFail, fmt.Sprintf("the relay does not take it now: %v", err)
	case r.Reply.Temporary():
		return exTempFail, why
	case r.Reply.Code == 530 || r.Reply.Code == 535:
		return exNoPerm, why + ": the relay takes mail from this host only after a login; see listeners.allow"
	case strings.HasPrefix(class, "5.1."):
		return exNoUser, why
	case strings.HasPrefix(class, "5.6."), r.Reply.Code == 501:
		return exDataErr, why
	}
	return exUnavailable, why
}
