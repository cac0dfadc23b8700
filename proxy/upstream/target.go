package upstream

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// The schemes of Config.URL.
const (
	schemeSMTP     = "smtp"
	schemeStartTLS = "smtp+starttls"
	schemeSMTPS    = "smtps"
	schemeLMTP     = "lmtp"
	schemeLMTPUnix = "lmtp+unix"
	schemeMaildir  = "maildir"
)

// security is how a connection becomes encrypted.
type security int

const (
	clear         security = iota
	opportunistic          // STARTTLS if offered
	required               // STARTTLS or nothing
	implicit               // TLS from the first byte
)

// target is a parsed Config.URL.
type target struct {
	scheme   string
	network  string // "tcp" or "unix"
	host     string // name for the certificate, "" for a path
	address  string // what is dialled, or the path
	security security
	username string
	password string
}

var errURLForm = errors.New("upstream url: want smtp://, smtp+starttls://, smtps:// or lmtp:// with HOST[:PORT], " +
	"lmtp+unix:///PATH or maildir:PATH")

// parseTarget reads Config.URL. Its errors never repeat the input, which may
// hold a password.
func parseTarget(raw string) (target, error) {
	scheme, rest, found := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	if !found {
		return target{}, errURLForm
	}
	switch scheme {
	case schemeMaildir, schemeLMTPUnix:
		return parsePath(scheme, strings.TrimPrefix(rest, "//"))
	case schemeSMTP, schemeStartTLS, schemeSMTPS, schemeLMTP:
		return parseHost(scheme, raw)
	}
	return target{}, errURLForm
}

// parsePath reads the schemes whose rest is a file path, taken literally.
func parsePath(scheme, path string) (target, error) {
	if path == "" {
		return target{}, fmt.Errorf("upstream url: %s: the path is missing", scheme)
	}
	if scheme == schemeLMTPUnix && !filepath.IsAbs(path) {
		return target{}, fmt.Errorf("upstream url: %s: the path must begin with /", scheme)
	}
	if strings.ContainsRune(path, 0) {
		return target{}, fmt.Errorf("upstream url: %s: the path must not contain NUL", scheme)
	}
	return target{scheme: scheme, network: "unix", address: filepath.Clean(path)}, nil
}

func parseHost(scheme, raw string) (target, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" {
		return target{}, errURLForm
	}
	t := target{scheme: scheme, network: "tcp", host: u.Hostname()}
	if t.host == "" || strings.ContainsAny(t.host, " \r\n\x00") {
		return target{}, fmt.Errorf("upstream url: %s: the host is missing or not a host name", scheme)
	}
	if u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return target{}, fmt.Errorf("upstream url: %s: nothing may follow HOST:PORT but ?starttls=", scheme)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{schemeSMTP: "25", schemeStartTLS: "587", schemeSMTPS: "465", schemeLMTP: "24"}[scheme]
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return target{}, fmt.Errorf("upstream url: %s: the port must be 1 to 65535", scheme)
	}
	t.address = net.JoinHostPort(t.host, port)
	t.username = u.User.Username()
	t.password, _ = u.User.Password()
	t.security, err = parseSecurity(scheme, u.RawQuery)
	return t, err
}

// parseSecurity reads ?starttls=, the only parameter there is.
func parseSecurity(scheme, query string) (security, error) {
	base := map[string]security{schemeStartTLS: required, schemeSMTPS: implicit}[scheme]
	if query == "" {
		return base, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil || len(values) != 1 || len(values["starttls"]) != 1 {
		return 0, fmt.Errorf("upstream url: %s: the only parameter is starttls, once", scheme)
	}
	if base != clear {
		return 0, fmt.Errorf("upstream url: %s: starttls goes with smtp:// and lmtp:// only", scheme)
	}
	switch values.Get("starttls") {
	case "off":
		return clear, nil
	case "opportunistic":
		return opportunistic, nil
	case "required":
		return required, nil
	}
	return 0, fmt.Errorf("upstream url: %s: starttls must be off, opportunistic or required", scheme)
}

// lmtp reports whether the target speaks LMTP instead of SMTP.
func (t target) lmtp() bool { return t.scheme == schemeLMTP || t.scheme == schemeLMTPUnix }

// local reports whether bytes to the target stay on this machine.
func (t target) local() bool {
	if t.network == "unix" || strings.EqualFold(t.host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(t.host)
	return err == nil && ip.Unmap().IsLoopback()
}

// String gives the URL without credentials.
func (t target) String() string {
	switch t.scheme {
	case schemeMaildir:
		return schemeMaildir + ":" + t.address
	case schemeLMTPUnix:
		return schemeLMTPUnix + "://" + t.address
	}
	mode := ""
	if t.scheme == schemeSMTP || t.scheme == schemeLMTP {
		mode = map[security]string{opportunistic: "?starttls=opportunistic", required: "?starttls=required"}[t.security]
	}
	return t.scheme + "://" + t.address + mode
}
