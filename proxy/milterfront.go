package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/milter"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/emersion/go-smtp"
)

// MilterDoor is an address that mail servers ask at, and who may.
type MilterDoor struct {
	// Networks are where mail servers may connect from by TCP.
	Networks []netip.Prefix
	// Connections at once, and how long one may be silent.
	Connections int
	Idle        time.Duration
}

// ServeMilter answers mail servers on l until Shutdown.
func (s *Server) ServeMilter(l net.Listener, door MilterDoor) error {
	server := milter.New(milter.Config{
		Handler: milterJudge{s}, Log: s.cfg.Log, MaxSize: s.cfg.MaxSize, Normalise: s.cfg.Wire.LineEnds == wire.Normalise,
		Networks: door.Networks, Connections: door.Connections, Idle: door.Idle, Hooks: milterHooks(s.cfg.Metrics),
	})
	s.mu.Lock()
	if s.down {
		s.mu.Unlock()
		return l.Close()
	}
	s.milters = append(s.milters, server)
	s.mu.Unlock()
	return server.Serve(l)
}

func milterHooks(m *metrics.Metrics) milter.Hooks {
	return milter.Hooks{
		Connected: func(result string) {
			m.MilterConnections.WithLabelValues(result).Inc()
			if result == milter.Accepted {
				m.OpenMilterConnections.Inc()
			}
		},
		Closed:   m.OpenMilterConnections.Dec,
		Answered: func(a milter.Action) { m.MilterAnswers.WithLabelValues(a.String()).Inc() },
	}
}

// milterJudge has a message that a mail server asks about go the way of all.
type milterJudge struct{ server *Server }

// Judge implements milter.Handler.
func (j milterJudge) Judge(m *milter.Message) milter.Answer {
	f := &milterFront{message: m}
	err := j.server.deliver(f, f.submission(), m.Content)
	var refused *smtp.SMTPError
	switch {
	case err == nil:
		return f.answer
	case errors.As(err, &refused):
		e := refused.EnhancedCode
		return milter.Answer{
			Action: milter.Refuse,
			Reply:  fmt.Sprintf("%d %d.%d.%d %s\r\n", refused.Code, e[0], e[1], e[2], refused.Message),
		}
	}
	return milter.Answer{}
}

// milterFront is the front of one message that a mail server asks about: that
// delivers what passes, and forgets what is held once it is kept here.
type milterFront struct {
	message *milter.Message
	answer  milter.Answer
}

var _ front = (*milterFront)(nil)

func (f *milterFront) submission() submission {
	m := f.message
	s := submission{
		envelope:   rules.Envelope{From: m.From, Recipients: m.To, Authenticated: m.User},
		mailParams: m.MailParams, rcptParams: m.RcptParams,
		client: m.Client, helo: m.Helo, tls: m.TLS,
	}
	for _, p := range m.MailParams {
		s.utf8 = s.utf8 || p == "SMTPUTF8"
	}
	return s
}

// takes implements front. What the mail server has taken it can deliver; but what
// is held has to be released to these addresses, which no other check of ours
// has seen.
func (f *milterFront) takes(m *message) error {
	m.from.queue = f.message.Queue
	for _, path := range append([]string{f.message.From}, f.message.To...) {
		if err := upstream.CheckPath(path); err != nil {
			return err
		}
	}
	return nil
}

// watch implements front.
func (f *milterFront) watch() (context.Context, func()) { return f.message.Watch() }

// pass implements front. What the mail server adds to a message is its own
// affair, but for our tag.
func (f *milterFront) pass(ctx context.Context, m *message) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	f.answer = milter.Answer{Action: milter.Accept}
	if m.verdict.Action == rules.Tag {
		f.answer.Tag = tag(&m.verdict)
	}
	return true, nil
}

// giveUp implements front: nothing was begun.
func (f *milterFront) giveUp() {}

// say implements front. A reply of success is the one to a message that is held:
// the mail server's own client hears the mail server's.
func (f *milterFront) say(text string) error {
	f.answer = milter.Answer{Action: milter.Refuse, Reply: text}
	if strings.HasPrefix(text, "2") {
		f.answer = milter.Answer{Action: milter.Discard}
	}
	return nil
}

// relay implements front: the answer is pass's.
func (f *milterFront) relay(upstream.Reply) error { return nil }
