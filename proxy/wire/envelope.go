package wire

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// ruleMail judges MAIL and writes it anew, so that go-smtp and we cannot read
// two different things in it.
func (c *Conn) ruleMail(arg string) ruling {
	if c.tx.open {
		return refuse("503 5.5.1 Sender was given already")
	}
	arg, ok := cutPrefixFold(arg, "FROM:")
	if !ok {
		return refuse("501 5.5.2 Syntax is MAIL FROM:<address>")
	}
	path, rest, err := splitPath(strings.TrimLeft(arg, " \t"))
	if err != nil {
		return refuse("501 5.5.2 Syntax is MAIL FROM:<address>")
	}
	params, refusal := splitParams(rest)
	if refusal != "" {
		return refuse(refusal)
	}
	c.tx = transaction{path: path}
	line := "MAIL FROM:<" + path + ">"
	for _, p := range params {
		out, refusal := c.mailParam(p)
		if refusal != "" {
			return refuse(refusal)
		}
		line += out
	}
	if path != "" {
		if err := checkMailbox(path, c.tx.utf8); err != nil {
			return refuse(pathReply(err, "5.1.7"))
		}
	}
	if !c.may(mailing) {
		return refuse("450 4.7.1 Too many messages in a minute: try again later")
	}
	return hand(line)
}

// ruleRcpt does the same for RCPT.
func (c *Conn) ruleRcpt(arg string) ruling {
	if !c.tx.open {
		return refuse("503 5.5.1 Send MAIL first")
	}
	if c.tx.chunks {
		return refuse("503 5.5.1 Go on with BDAT")
	}
	arg, ok := cutPrefixFold(arg, "TO:")
	if !ok {
		return refuse("501 5.5.2 Syntax is RCPT TO:<address>")
	}
	path, rest, err := splitPath(strings.TrimLeft(arg, " \t"))
	if err != nil || path == "" {
		return refuse("501 5.5.2 Syntax is RCPT TO:<address>")
	}
	params, refusal := splitParams(rest)
	if refusal != "" {
		return refuse(refusal)
	}
	if strings.EqualFold(path, "postmaster") {
		// RFC 5321 4.5.1: must be taken, though go-smtp wants a domain.
		path += "@" + c.link.l.cfg.Hostname
	}
	if err := checkMailbox(path, c.tx.utf8); err != nil {
		return refuse(pathReply(err, "5.1.3"))
	}
	line := "RCPT TO:<" + path + ">"
	for _, p := range params {
		if (p.key != "NOTIFY" && p.key != "ORCPT") || !c.offers("DSN") {
			return refuse(unknownParam)
		}
		if p.value == "" {
			return refuse(badParam)
		}
		line += " " + p.key + "=" + p.value
	}
	if c.tx.rcpts >= c.link.l.cfg.Limits.Recipients {
		return refuse("452 4.5.3 Too many recipients: send to the others apart")
	}
	if !c.may(naming) {
		return refuse("450 4.7.1 Too many recipients in a minute: try again later")
	}
	c.tx.path = path
	return hand(line)
}

const (
	// RFC 5321 4.1.1.11; go-smtp says 500.
	unknownParam = "555 5.5.4 Parameter not recognised"
	badParam     = "501 5.5.4 Parameter has a bad value"
)

func pathReply(err error, code string) string {
	if errors.Is(err, ErrPathUTF8) {
		return "553 5.6.7 Address is not ASCII and SMTPUTF8 was not asked for"
	}
	return "553 " + code + " Address is not valid"
}

type param struct{ key, value string }

// splitParams splits esmtp-params. Each may come once.
func splitParams(s string) (list []param, refusal string) {
	seen := make(map[string]bool)
	for _, field := range strings.Fields(s) {
		key, value, hasValue := strings.Cut(field, "=")
		key = strings.ToUpper(key)
		if seen[key] || hasValue && (value == "" || strings.Contains(value, "=")) {
			return nil, badParam
		}
		seen[key] = true
		list = append(list, param{key, value})
	}
	return list, ""
}

// mailParam judges one parameter of MAIL, and returns it as go-smtp is to see
// it, with a space before it.
func (c *Conn) mailParam(p param) (out, refusal string) {
	needs := map[string]string{
		"SIZE": "SIZE", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "RET": "DSN",
		"ENVID": "DSN", "AUTH": "AUTH", "REQUIRETLS": "REQUIRETLS",
	}
	value := strings.ToUpper(p.value)
	if p.key == "AUTH" && !c.offers("AUTH") && c.mayXForward() && isAuthValue(p.value) {
		// Postfix passes on what its own client wrote, who could authenticate
		// there. As where a server does not have it, it ends here (RFC 4954
		// section 5).
		return "", ""
	}
	if p.key == "BODY" && value == "BINARYMIME" {
		needs["BODY"] = "BINARYMIME"
	}
	if ext, ok := needs[p.key]; !ok || !c.offers(ext) {
		return "", unknownParam
	}
	flag := p.key == "SMTPUTF8" || p.key == "REQUIRETLS"
	if flag != (p.value == "") {
		return "", badParam
	}
	switch p.key {
	case "SIZE":
		return c.sizeParam(p.value)
	case "BODY":
		if value != "7BIT" && value != "8BITMIME" && value != "BINARYMIME" {
			return "", badParam
		}
		c.tx.binary = value == "BINARYMIME"
	case "AUTH":
		if !isAuthValue(p.value) {
			return "", badParam
		}
	case "SMTPUTF8":
		c.tx.utf8 = true
		return " SMTPUTF8", ""
	case "REQUIRETLS":
		if c.link.tls == nil {
			return "", "530 5.7.0 REQUIRETLS needs TLS" // RFC 8689 section 4
		}
		return " REQUIRETLS", ""
	}
	return " " + p.key + "=" + p.value, ""
}

// sizeParam judges SIZE= (RFC 1870). go-smtp takes 32 bits only: a larger size
// that is within our limit is not told to it.
func (c *Conn) sizeParam(value string) (out, refusal string) {
	const mostDigits = 20
	if strings.Trim(value, "0123456789") != "" || len(value) > mostDigits {
		return "", badParam
	}
	size, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		size = math.MaxUint64 // 20 digits that do not fit
	}
	if limit := c.sizeLimit(); limit > 0 && size > uint64(limit) {
		return "", "552 5.3.4 Message is too large"
	}
	c.tx.size = size
	if size > math.MaxUint32 {
		return "", ""
	}
	return " SIZE=" + value, ""
}

// isAuthValue reports whether s is "<>" or a mailbox, in xtext (RFC 4954
// section 5). go-smtp takes any octets for a domain.
func isAuthValue(s string) bool {
	if s == "<>" {
		return true
	}
	mailbox, ok := unxtext(s)
	return ok && checkMailbox(mailbox, false) == nil
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
