package milter

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/d--j/go-milter"
)

// Bounds on the recipients of a message, and on the octets of their paths and
// parameters; mail servers have bounds of their own, such as Postfix's 1000.
const (
	maxRecipients      = 50_000
	maxRecipientOctets = 16 << 20
)

// session is what one connection of a mail server has told: mostly that of one
// SMTP session, with any number of messages after each other.
type session struct {
	milter.NoOpMilter
	server *Server
	link   *link
	spaced bool // header values come with their leading space

	client  netip.Addr
	helo    string
	message *Message // nil outside of a transaction
	octets  int      // of its recipients
	intake  *intake  // nil before its first field
}

var _ milter.Milter = (*session)(nil)

// step runs a step of the conversation. A panic ends the message with a
// temporary failure, and an error the connection: io.EOF, since go-milter logs
// other errors itself.
func (ss *session) step(run func() (*milter.Response, error)) (r *milter.Response, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			ss.server.cfg.Log.Error("milter session broke off", "kind", fmt.Sprintf("%T", fault))
			ss.leave()
			r, err = milter.RespTempFail, nil
		}
	}()
	if r, err = run(); err != nil {
		ss.server.cfg.Log.Warn("milter connection broke off", "error", err)
		err = io.EOF
	}
	return r, err
}

// NewConnection implements milter.Milter.
func (ss *session) NewConnection(milter.Modifier) error {
	ss.leave()
	ss.client, ss.helo = netip.Addr{}, ""
	return nil
}

// Connect implements milter.Milter.
func (ss *session) Connect(_, _ string, _ uint16, address string, _ milter.Modifier) (*milter.Response, error) {
	ss.leave()
	// An address that is none, such as a Unix socket's, stays the zero Addr.
	client, _ := netip.ParseAddr(strings.Trim(address, "[]"))
	ss.client = client.Unmap().WithZone("")
	return milter.RespContinue, nil
}

// Helo implements milter.Milter.
func (ss *session) Helo(name string, _ milter.Modifier) (*milter.Response, error) {
	ss.helo = name
	return milter.RespContinue, nil
}

// MailFrom implements milter.Milter.
func (ss *session) MailFrom(from, params string, _ milter.Modifier) (*milter.Response, error) {
	return ss.step(func() (*milter.Response, error) {
		ss.leave()
		ss.octets = 0
		ss.message = &Message{
			From: from, MailParams: repeated(params, "BODY", "SMTPUTF8", "REQUIRETLS", "RET", "ENVID"),
			Client: ss.client, Helo: ss.helo, Watch: ss.link.watch,
		}
		ss.link.setBusy(true)
		return milter.RespContinue, nil
	})
}

// RcptTo implements milter.Milter.
func (ss *session) RcptTo(to, params string, _ milter.Modifier) (*milter.Response, error) {
	return ss.step(func() (*milter.Response, error) {
		m := ss.message
		if m == nil || ss.intake != nil {
			return nil, errOrder
		}
		if ss.octets += len(to) + len(params); len(m.To) == maxRecipients || ss.octets > maxRecipientOctets {
			return milter.RejectWithCodeAndReason(452, "4.5.3 Too many recipients")
		}
		m.To = append(m.To, to)
		m.RcptParams = append(m.RcptParams, repeated(params, "NOTIFY", "ORCPT"))
		return milter.RespContinue, nil
	})
}

// repeated returns those of a command's parameters that have one of these names.
func repeated(params string, names ...string) []string {
	var list []string
	for _, p := range strings.Fields(params) {
		name, value, has := strings.Cut(p, "=")
		name = strings.ToUpper(name)
		if !slices.Contains(names, name) {
			continue
		}
		if has {
			name += "=" + value
		}
		list = append(list, name)
	}
	return list
}

// Header implements milter.Milter. What is wrong with a field is told at the end
// of the message: mail servers do not wait for an answer here.
func (ss *session) Header(name, value string, m milter.Modifier) (*milter.Response, error) {
	return ss.step(func() (*milter.Response, error) {
		if err := ss.open(m); err != nil {
			return nil, err
		}
		if !ss.spaced {
			value = " " + value
		}
		ss.intake.take(func(c *content) error { return c.field(name, value) })
		return milter.RespContinue, nil
	})
}

// Headers implements milter.Milter.
func (ss *session) Headers(m milter.Modifier) (*milter.Response, error) {
	return ss.step(func() (*milter.Response, error) {
		if err := ss.open(m); err != nil {
			return nil, err
		}
		ss.intake.take((*content).endHeader)
		return milter.RespContinue, nil
	})
}

// BodyChunk implements milter.Milter. A message that is answered already is
// ended here, so that the rest of a large one need not come.
func (ss *session) BodyChunk(chunk []byte, m milter.Modifier) (*milter.Response, error) {
	return ss.step(func() (*milter.Response, error) {
		if err := ss.open(m); err != nil {
			return nil, err
		}
		if ss.intake.take((*content).endHeader) && ss.intake.take(func(c *content) error { return c.write(chunk) }) {
			return milter.RespContinue, nil
		}
		return ss.conclude(m)
	})
}

// EndOfMessage implements milter.Milter.
func (ss *session) EndOfMessage(m milter.Modifier) (*milter.Response, error) {
	return ss.step(func() (*milter.Response, error) {
		if err := ss.open(m); err != nil {
			return nil, err
		}
		ss.message.Queue = m.Get(milter.MacroQueueId)
		ss.intake.finish()
		return ss.conclude(m)
	})
}

// open begins the content of the message, if it has not begun.
func (ss *session) open(macros milter.Macros) error {
	m := ss.message
	if m == nil || len(m.To) == 0 {
		return errOrder
	}
	if ss.intake == nil {
		m.User = macros.Get(milter.MacroAuthAuthen)
		m.TLS = macros.Get(milter.MacroTlsVersion) != ""
		if !m.Client.IsValid() {
			client, _ := netip.ParseAddr(macros.Get(milter.MacroClientAddr))
			m.Client = client.Unmap().WithZone("")
		}
		ss.intake = ss.server.newIntake(m)
	}
	return nil
}

// conclude waits for the answer and gives it.
func (ss *session) conclude(m milter.Modifier) (*milter.Response, error) {
	in := ss.intake
	ticker := time.NewTicker(ss.server.cfg.Progress)
	defer ticker.Stop()
	for {
		select {
		case a := <-in.answer:
			ss.intake = nil
			ss.leave()
			r, err := response(a, m)
			if err != nil {
				ss.server.cfg.Log.Error("answering a mail server", "error", err)
				a, r = Answer{}, milter.RespTempFail
			}
			ss.server.cfg.Hooks.Answered(a.Action)
			return r, nil
		case <-ticker.C:
			_ = m.Progress() // if it has gone, the watch tells
		}
	}
}

// Abort implements milter.Milter.
func (ss *session) Abort(milter.Modifier) error {
	ss.leave()
	return nil
}

// Cleanup implements milter.Milter.
func (ss *session) Cleanup(milter.Modifier) { ss.leave() }

// leave ends the transaction, and gives up a message that is not answered.
func (ss *session) leave() {
	if ss.intake != nil {
		ss.intake.abandon()
	}
	ss.message, ss.intake = nil, nil
	ss.link.setBusy(false)
}

// response puts an answer in the protocol's terms.
func response(a Answer, m milter.Modifier) (*milter.Response, error) {
	switch a.Action {
	case Accept:
		if a.Tag != "" {
			// 1 is below the mail server's own Received line (Postfix, Sendmail).
			if err := m.InsertHeader(1, "X-Bulkhead-Tag", " "+a.Tag); err != nil {
				return nil, fmt.Errorf("tagging: %w", err)
			}
		}
		return milter.RespAccept, nil
	case Discard:
		return milter.RespDiscard, nil
	case Refuse:
		return refusal(a.Reply)
	}
	return milter.RespTempFail, nil
}

// refusal makes a reply of the lines of an SMTP reply. The enhanced code stands
// in each of them, and is put there again by go-milter.
func refusal(reply string) (*milter.Response, error) {
	lines := strings.Split(strings.TrimRight(reply, "\r\n"), "\r\n")
	enhanced := ""
	for i, line := range lines {
		if len(line) < 4 {
			return nil, fmt.Errorf("line %d of a reply is too short", i+1)
		}
		text := line[4:]
		if code, _, ok := strings.Cut(text, " "); ok && i == 0 && strings.Count(code, ".") == 2 {
			enhanced = code + " "
		}
		if i > 0 {
			text = strings.TrimPrefix(text, enhanced)
		}
		lines[i] = text
	}
	code, err := strconv.ParseUint(reply[:3], 10, 16)
	if err != nil {
		return nil, fmt.Errorf("a reply's code: %w", err)
	}
	return milter.RejectWithCodeAndReason(uint16(code), strings.Join(lines, "\n"))
}
