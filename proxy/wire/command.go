package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"
)

// ruling is what becomes of a command line: it is answered with reply, as the
// last word of the connection if end is set, or line is handed to go-smtp, or,
// where both are empty, all is done.
type ruling struct {
	reply string
	end   bool
	line  string
}

const notRecognised = "500 5.5.2 Command not recognised"

// unknown stands for a line that is no command we know.
const unknown = "?"

func refuse(reply string) ruling { return ruling{reply: reply} }

func hand(line string) ruling { return ruling{line: line} }

// lineFault is the reply to a line that is not even looked at.
type lineFault string

const (
	lineTooLong lineFault = "500 5.5.2 Line too long"
	lineOctets  lineFault = "500 5.5.2 Line has a lone CR or a NUL"
	lineEnd     lineFault = "500 5.5.2 Line must end with CRLF"
)

func (f lineFault) Error() string { return "command line: " + string(f) }

// nextCommand reads lines until one may go to go-smtp, and puts it in out. Its
// only error is io.EOF, when the connection is over.
func (c *Conn) nextCommand() error {
	for len(c.out) == 0 {
		c.link.narrow()
		if c.link.err != nil || c.isClosed() || c.handedOver() {
			return io.EOF
		}
		line, err := c.readLine()
		switch {
		case err != nil:
			c.badLine(err)
		case c.authing:
			c.give(string(line))
		default:
			c.judge(string(line))
		}
	}
	return nil
}

// judge hands a line to go-smtp, or answers it.
func (c *Conn) judge(line string) {
	verb, r := c.rule(line)
	if r.reply != "" {
		c.refuse(verb, r)
	}
	if r.line != "" {
		c.begin(verb)
		c.give(r.line)
	}
}

// give lets go-smtp read a line next.
func (c *Conn) give(line string) {
	c.line = append(append(c.line[:0], line...), "\r\n"...)
	c.out = c.line
}

// badLine says what there is to say when readLine fails.
func (c *Conn) badLine(err error) {
	var fault lineFault
	switch {
	case errors.Is(err, errGoingDown):
		c.hangUp(VerbOther, "421 4.3.2 Going down")
	case errors.Is(err, errIdle):
		c.hangUp(VerbOther, "421 4.4.2 Idle for too long")
	case !errors.As(err, &fault):
	case c.authing && fault != lineEnd:
		// go-smtp waits for a response: it is told that there is none.
		c.override = string(fault)
		c.out = []byte("*\r\n")
	default:
		// After a lone LF nobody can say where the next line begins: what
		// follows must not be run.
		c.refuse(unknown, ruling{reply: string(fault), end: fault == lineEnd})
	}
}

// readLine returns the next command line without its CRLF. It is valid until
// the next read.
func (c *Conn) readLine() ([]byte, error) {
	k, limits := c.link, c.link.l.cfg.Limits
	k.by = time.Now().Add(k.l.cfg.Timeouts.Command) // nobody else looks at it before the wait
	if first := k.opened.Add(k.l.cfg.Timeouts.FirstMail); !k.mailed && first.Before(k.by) {
		k.by = first
	}
	if c.departure() == leaves && k.isEnding() {
		return nil, errGoingDown
	}
	seen := 0
	for {
		in := k.in.unread()
		limit := limits.CommandLine
		if c.authing || len(in) >= 5 && strings.EqualFold(string(in[:5]), "AUTH ") {
			limit = limits.AuthLine
		}
		if i := bytes.IndexByte(in[seen:], '\n'); i >= 0 {
			line := in[:seen+i+1]
			k.in.drop(len(line))
			return checkLine(line, limit)
		}
		if seen = len(in); seen > limit {
			return nil, c.skipLine()
		}
		if seen == len(k.in.buf) {
			k.in.move(make([]byte, limit+1))
		}
		if err := k.fillCommand(c.departure()); err != nil {
			return nil, err
		}
	}
}

// departure says what becomes of the wait for the next command when the
// listener shuts down.
func (c *Conn) departure() departure {
	switch {
	case c.tx.chunks:
		return stays
	case c.link.served && !c.tx.open:
		return leaves
	}
	return hurries
}

func checkLine(line []byte, limit int) ([]byte, error) {
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	switch {
	case !ok:
		return nil, lineEnd
	case len(line) > limit:
		return nil, lineTooLong
	case bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, 0) >= 0:
		return nil, lineOctets
	}
	return text, nil
}

// skipLine reads past the rest of a line that is too long. A line that has no
// end within reason ends the connection.
func (c *Conn) skipLine() error {
	k := c.link
	for skipped := 0; skipped < bodyWindow; {
		in := k.in.unread()
		if i := bytes.IndexByte(in, '\n'); i >= 0 {
			k.in.drop(i + 1)
			if i == 0 || in[i-1] != '\r' {
				return lineEnd
			}
			return lineTooLong
		}
		// A CR is left, since its LF may be the next octet.
		n := len(bytes.TrimSuffix(in, []byte("\r")))
		k.in.drop(n)
		skipped += n
		if err := k.fillCommand(c.departure()); err != nil {
			return err
		}
	}
	c.hangUp(VerbOther, string(lineTooLong))
	return k.err
}

// rule looks at one command line and decides by what came before it.
func (c *Conn) rule(line string) (verb string, r ruling) {
	verb, arg, _ := strings.Cut(line, " ")
	verb, arg = strings.ToUpper(verb), strings.Trim(arg, " \t")
	switch verb {
	case "EHLO", "HELO":
		return verb, c.ruleHello(verb, arg)
	case "NOOP", "RSET", "QUIT":
		return verb, hand(verb)
	case "GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "HOST:":
		// A web page can make a browser send a form to a port on loopback,
		// and the form's text holds whole command lines.
		return unknown, ruling{reply: "500 5.5.1 This is not a web server", end: true}
	case "HELP", "EXPN", "SEND", "SOML", "SAML", "TURN", "ETRN":
		return unknown, refuse("502 5.5.1 Command not implemented")
	case "XCLIENT":
		if c.mayXClient() {
			return verb, c.xclient(arg)
		}
		return unknown, refuse(notRecognised)
	case "XFORWARD":
		if c.mayXForward() {
			return verb, c.xforward(arg)
		}
		return unknown, refuse(notRecognised)
	case "MAIL", "RCPT", "DATA", "BDAT", "VRFY", "AUTH", "STARTTLS":
	default:
		return unknown, refuse(notRecognised)
	}
	if verb == "BDAT" {
		return verb, c.ruleBdat(arg)
	}
	if c.hello == "" {
		return verb, refuse("503 5.5.1 Send EHLO first")
	}
	switch verb {
	case "MAIL":
		r = c.ruleMail(arg)
	case "RCPT":
		r = c.ruleRcpt(arg)
	case "DATA":
		r = c.ruleData(arg)
	case "AUTH":
		r = c.ruleAuth(arg)
	case "STARTTLS":
		r = c.startTLS(arg)
	case "VRFY":
		r = hand("VRFY " + arg)
	}
	return verb, r
}

func (c *Conn) ruleHello(verb, arg string) ruling {
	const longest = 255 // RFC 5321 4.5.3.1.2
	name, _, _ := strings.Cut(arg, " ")
	if name == "" || len(name) > longest {
		return refuse("501 5.5.4 " + verb + " needs a host name")
	}
	c.name = printable(name)
	return hand(verb + " " + c.name)
}

// printable replaces what is not graphic ASCII, so that a name can stand in a
// reply.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, s)
}

func (c *Conn) ruleData(arg string) ruling {
	switch {
	case arg != "":
		return refuse("501 5.5.4 DATA takes no argument")
	case !c.tx.open:
		return refuse("503 5.5.1 Send MAIL first")
	case c.tx.rcpts == 0:
		return refuse("503 5.5.1 No valid recipients")
	case c.tx.chunks:
		return refuse("503 5.5.1 Go on with BDAT")
	case c.tx.binary:
		return refuse("503 5.5.1 BINARYMIME needs BDAT")
	}
	return hand("DATA")
}

func (c *Conn) ruleAuth(arg string) ruling {
	switch {
	case c.authed:
		return refuse("503 5.5.1 Already authenticated")
	case c.tx.open:
		return refuse("503 5.5.1 Not within a transaction")
	case !c.offers("AUTH") && c.canStartTLS():
		return refuse("530 5.7.0 Must issue a STARTTLS command first")
	case !c.offers("AUTH"):
		return refuse("502 5.5.1 AUTH is not offered")
	case arg == "":
		return refuse("501 5.5.4 AUTH needs a mechanism")
	}
	return hand("AUTH " + arg)
}
