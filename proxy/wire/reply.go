package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// Say sets the reply to the command in hand, which takes the place of
// go-smtp's with all its lines: so the words of another server go on as they
// are. reply has one or more lines, each with its code, each ended by CRLF.
// What is not such a reply is ignored. The session must still return nil or an
// error of the same sort; of two codes the higher wins, so that a refusal is
// never told as success. Say does not change a 354 or 334.
//
// Within Data it may be called from the goroutine that runs it, until it
// returns or the Body is closed.
func (c *Conn) Say(reply string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = reply
}

// SetExtensions sets the keywords that EHLO lists, each with its parameters
// ("SIZE 1000", "AUTH PLAIN LOGIN"), and so what the client may use; the order
// is kept. STARTTLS is added by wire. Call it before EHLO is answered, such as
// in NewSession. Extensions that go-smtp does not know do not begin to work by
// being listed; it knows PIPELINING, ENHANCEDSTATUSCODES, 8BITMIME, BINARYMIME,
// CHUNKING, SMTPUTF8, DSN, REQUIRETLS, SIZE and AUTH.
func (c *Conn) SetExtensions(list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exts = append([]string(nil), list...)
}

// offers reports whether the client has said EHLO and may use an extension.
func (c *Conn) offers(keyword string) bool {
	if c.hello != "EHLO" {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.exts {
		if name, _, _ := strings.Cut(e, " "); strings.EqualFold(name, keyword) {
			return true
		}
	}
	return false
}

// Write takes go-smtp's replies, which come line by line, and sends each as a
// whole. It never fails: go-smtp ignores errors, and its next read tells.
func (c *Conn) Write(p []byte) (int, error) {
	c.reply = append(c.reply, p...)
	if !wholeReply(c.reply) {
		return len(p), nil
	}
	c.answer(c.reply)
	c.reply = c.reply[:0]
	return len(p), nil
}

// wholeReply reports whether the last line is there and is the last.
func wholeReply(b []byte) bool {
	text, ok := bytes.CutSuffix(b, []byte("\r\n"))
	if !ok {
		return false
	}
	last := text[bytes.LastIndexByte(text, '\n')+1:]
	return len(last) < 4 || last[3] != '-'
}

// replyCode returns the code of a reply, or 0.
func replyCode[T string | []byte](reply T) int {
	if len(reply) < 3 {
		return 0
	}
	code, err := strconv.Atoi(string(reply[:3]))
	if err != nil || code < 200 || code > 599 {
		return 0
	}
	return code
}

// validReply reports whether a reply of the session can be sent: whole lines,
// one code, nothing that could be read as a second reply.
func validReply(reply string) bool {
	text, ok := strings.CutSuffix(reply, "\r\n")
	if !ok || replyCode(text) == 0 {
		return false
	}
	for last := false; !last; {
		var line string
		var found bool
		line, text, found = strings.Cut(text, "\r\n")
		last = !found
		if strings.ContainsAny(line, "\r\n\x00") || !strings.HasPrefix(line, reply[:3]) {
			return false
		}
		more := len(line) > 3 && line[3] == '-'
		if len(line) > 3 && line[3] != ' ' && !more || more == last {
			return false
		}
	}
	return true
}

// answer sends what the client is to hear in place of go-smtp's reply, and
// takes note of what the reply means.
func (c *Conn) answer(theirs []byte) {
	command := c.command
	if command == "" && !c.open() {
		return
	}
	c.endWatch()
	code := replyCode(theirs)
	text, said := c.wording(code, theirs)
	c.settle(code)
	if text == "" {
		return
	}
	sent := replyCode(text)
	if c.link.write(text) == nil {
		c.link.l.cfg.Hooks.Reply(verbOf(command), sent)
	}
	// Whoever says 421 closes the channel (RFC 5321 section 3.8).
	c.final = c.final || sent == 421
	if last := c.count(command, sent, said); last != "" || c.final {
		c.hangUp(VerbOther, last)
	}
}

// open makes the connection ready for its greeting.
func (c *Conn) open() bool {
	k := c.link
	return !k.l.cfg.Implicit || k.tls != nil || k.handshake() == nil
}

// wording chooses the text of a reply, "" for none.
func (c *Conn) wording(code int, theirs []byte) (text string, said bool) {
	if c.override != "" {
		text, c.override = c.override+"\r\n", ""
		return text, false
	}
	if c.command == "" {
		if c.resumed {
			return "", false // RFC 3207: no second greeting after STARTTLS
		}
		cfg := c.link.l.cfg
		return "220 " + cfg.Hostname + " " + cfg.Greeting + "\r\n", false
	}
	if code >= 300 && code < 400 {
		return string(theirs), false
	}
	if c.command == "BDAT" && !c.tx.last && code == 250 {
		return string(theirs), false // what was said is for the end of the message
	}
	if code/100 == 2 && c.endsMessage() && !c.bodyWhole() {
		return "451 4.3.0 Message was not read to its end\r\n", false
	}
	if own := c.take(); validReply(own) {
		if replyCode(own) >= code {
			return own, true
		}
		return string(theirs), false
	}
	switch {
	case code == 250 && (c.command == "EHLO" || c.command == "HELO"):
		return c.welcome(), false
	case code == 250 && c.command == "MAIL":
		return "250 2.1.0 Sender accepted\r\n", false
	case code == 250 && c.command == "RCPT":
		return "250 2.1.5 Recipient accepted\r\n", false
	case bytes.HasPrefix(theirs, []byte("451 4.0.0 ")), bytes.HasPrefix(theirs, []byte("554 5.0.0 Error: transaction failed: ")):
		// go-smtp's words for an error that is not an *SMTPError: the text
		// of the error is for us alone.
		return "451 4.3.0 Local error in processing\r\n", false
	case code == 500 && (c.command == "MAIL" || c.command == "RCPT"):
		return "501" + string(theirs[3:]), false // go-smtp's code for a bad parameter
	}
	return string(theirs), false
}

func (c *Conn) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.said
	c.said = ""
	return said
}

// welcome is our reply to EHLO and HELO: go-smtp always lists extensions that
// the session may not have.
func (c *Conn) welcome() string {
	lines := []string{c.link.l.cfg.Hostname + " greets " + c.name}
	if c.command == "EHLO" {
		c.mu.Lock()
		for _, e := range c.exts {
			if !strings.EqualFold(e, "STARTTLS") {
				lines = append(lines, e)
			}
		}
		c.mu.Unlock()
		if c.canStartTLS() {
			lines = append(lines, "STARTTLS")
		}
		if c.mayXClient() {
			lines = append(lines, "XCLIENT "+strings.Join(xclientNames, " "))
		}
		if c.mayXForward() {
			lines = append(lines, "XFORWARD "+strings.Join(xforwardNames, " "))
		}
	}
	var b strings.Builder
	for i, line := range lines {
		sep := "-"
		if i == len(lines)-1 {
			sep = " "
		}
		b.WriteString("250" + sep + line + "\r\n")
	}
	return b.String()
}

// verbOf names a command for the hooks.
func verbOf(command string) Verb {
	switch command {
	case "":
		return VerbConnect
	case "EHLO", "HELO":
		return VerbEhlo
	case "STARTTLS":
		return VerbStartTLS
	case "AUTH":
		return VerbAuth
	case "MAIL":
		return VerbMail
	case "RCPT":
		return VerbRcpt
	case "DATA", "BDAT", endOfData:
		return VerbData
	}
	return VerbOther
}
