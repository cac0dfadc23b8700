package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/milter"
	"github.com/bulkhead-dlp/bulkhead/proxy/run"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// deliver is the way of a message, from its first byte to the client's reply:
// it is received, inspected, put to its run and judged, and then passed on,
// held or rejected.
// There is no other way, and no reply of success before the upstream's own or
// the stable storage's.
func (s *Server) deliver(f front, from submission, body io.Reader) error {
	m := s.newMessage(f, from)
	defer m.spool.Close() //nolint:errcheck // an unlinked file: nothing is left either way
	defer m.leaveRun()
	defer s.observe(m)

	// 1. Receive: the bytes as they come, under the wire's bounds.
	m.enter("spool")
	if err := s.receive(m, body); err != nil {
		return m.fault("receive", err)
	}
	// From here on the work stops when the client has gone.
	ctx, stop := f.watch()
	defer stop()
	m.ended = s.cfg.Now()

	// 2. Inspect: what is in it, whoever it goes to.
	m.enter("inspect")
	evidence, err := s.inspect(ctx, m)
	if err != nil {
		return m.fault("inspect", err)
	}

	// 3. Run: which messages of this sender it is a copy of.
	m.enter("run")
	m.evidence = evidence
	if err := s.join(ctx, m); err != nil {
		return m.fault(joinStage(err), err)
	}

	// 4. Decide: what it means for these recipients.
	m.enter("decide")
	if m.verdict, err = s.decide(m); err != nil {
		return m.fault("inspect", err)
	}

	// 5. Brake: a copy of a held run is stopped, whatever its own verdict.
	stopped, err := s.brake(ctx, m)
	if err != nil {
		return m.fault("store", err)
	}
	m.judged = true
	if stopped != "" {
		f.giveUp()
		return f.say(stopped)
	}

	// 6. Act.
	switch m.verdict.Action {
	case rules.Pass, rules.Tag:
		// Where the ledger is away it comes so far only by choice: see run.Config.
		m.unknown = m.run.Unknown()
		m.enter("upstream")
		gone, err := f.pass(ctx, m)
		if err != nil {
			return m.fault("upstream", err)
		}
		if gone {
			m.run.Delivered()
		}
		return f.relay(m.reply)
	case rules.Hold:
		m.enter("store")
		if m.kept, err = s.hold(ctx, m); err != nil {
			return m.fault("store", err)
		}
		return f.say(heldReply(m))
	case rules.Reject:
		f.giveUp()
		return f.say(rejectedReply(&m.verdict))
	}
	return m.fault("inspect", fmt.Errorf("action %d is not known", m.verdict.Action))
}

// message is one message on its way.
type message struct {
	front        front
	from         submission
	ref          string
	spool        *spool
	began, ended time.Time // first byte, final dot
	timer        stageTimer
	rules        Rules // that it is judged by, from its inspection on
	evidence     *rules.Evidence
	run          *run.Copy
	brake        run.Brake
	verdict      rules.Verdict
	judged       bool
	stopped      bool           // its run is held
	unknown      error          // why it was not known whether it is, when it went on
	deferred     bool           // and it is not kept
	reply        upstream.Reply // the upstream's to the content; zero if it was not sent there
	kept         Kept           // the held copy
	code         int            // the reply's
	failed       string         // the stage where it failed, "" if it did not
	err          error
}

func (s *Server) newMessage(f front, from submission) *message {
	return &message{
		front: f, from: from, ref: newRef(), began: s.cfg.Now(), spool: newSpool(s.cfg.SpoolDir, s.cfg.SpoolMemory, &s.memory),
		timer: stageTimer{stages: s.stages, now: s.cfg.Now, traced: s.cfg.Tracer != nil},
	}
}

// enter begins a stage of the message's way, and ends the one before.
func (m *message) enter(stage string) { m.timer.enter(stage) }

// fault notes why a message ends without a verdict carried out, and returns
// the client's reply. The message is given up: nothing is sent.
func (m *message) fault(stage string, err error) error {
	m.failed, m.err = stage, err
	m.front.giveUp()
	r := reply(err, m.ref)
	m.code = r.Code
	return r
}

func (s *Server) receive(m *message, body io.Reader) error {
	if _, err := m.spool.ReadFrom(body); err != nil {
		return fmt.Errorf("receiving: %w", err)
	}
	if s.hops(m) > s.cfg.MaxHops {
		return errLoop
	}
	return m.front.takes(m)
}

// decide judges what was read for these recipients, by the policies that were in
// force when it was read.
func (s *Server) decide(m *message) (v rules.Verdict, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = rules.Recovered(fault)
		}
	}()
	return m.rules.Policies.Decide(m.from.envelope, m.evidence, m.run.Recent())
}

// hold keeps a copy and gives the message up.
func (s *Server) hold(ctx context.Context, m *message) (Kept, error) {
	m.front.giveUp()
	kept, err := s.keep(ctx, m)
	// Where another relay has held a copy of the same mailing meanwhile, this one
	// goes to that incident. Each time a run is held that was not known here.
	for tries := 0; errors.Is(err, run.ErrOvertaken) && tries < overtakenOften; tries++ {
		if err = m.run.Overtaken(ctx); err == nil {
			m.brake, err = m.run.Brake(ctx)
		}
		if err != nil {
			return Kept{}, err
		}
		kept, err = s.keep(ctx, m)
	}
	if err == nil {
		m.run.Kept(kept.Incident)
	}
	return kept, err
}

// overtakenOften is how often a copy is tried to be kept while other runs of its
// sender are held.
const overtakenOften = 20

// keep puts a copy into the quarantine as it would have been sent, so that a
// release carries the trace line of the day it came.
func (s *Server) keep(ctx context.Context, m *message) (Kept, error) {
	from := &m.from
	held := Held{
		Envelope: from.envelope, MailParams: from.mailParams, RcptParams: from.rcptParams,
		Run: m.run.Hold(&m.verdict), Client: from.client, Received: m.began, Size: m.spool.size,
		Verdict: m.verdict, Findings: m.evidence.Findings,
	}
	m.run.Warn(ctx)
	if m.brake.Decision.State != run.Released {
		held.Incident = m.brake.Incident
	}
	head := s.trace(m)
	held.Size += int64(len(head))
	return s.cfg.Quarantine.Hold(ctx, held, m.content(head))
}

// content returns the message below header lines of ours.
func (m *message) content(head string) io.Reader { return &content{head: head, spool: m.spool} }

// content reads a message below header lines of ours.
type content struct {
	head  string // what is left of it
	spool *spool
	at    int64
}

func (c *content) Read(p []byte) (n int, err error) {
	n = copy(p, c.head)
	if c.head = c.head[n:]; n == len(p) {
		return n, nil
	}
	k, err := c.spool.ReadAt(p[n:], c.at)
	c.at += int64(k)
	return n + k, err
}

func (s *Server) trace(m *message) string {
	from := &m.from
	client := from.client
	if from.via.IsValid() {
		client = from.via // who forwards has a line of its own below
	}
	return trace{
		helo: from.helo, name: from.name, host: s.cfg.Hostname, id: m.ref, client: client,
		tls: from.tls, auth: from.envelope.Authenticated != "", utf8: from.utf8, now: m.began,
	}.line()
}

// sevenBit reports errEightBit if the content has a byte over 127.
func sevenBit(content io.ReaderAt, size int64) error {
	buf := make([]byte, 64<<10)
	for off := int64(0); off < size; off += int64(len(buf)) {
		n, err := content.ReadAt(buf, off)
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading the spool: %w", err)
		}
		for _, b := range buf[:n] {
			if b >= 0x80 {
				return errEightBit
			}
		}
	}
	return nil
}

// clientGone reports whether the client left before its reply.
func clientGone(err error) bool {
	return errors.Is(err, wire.ErrClientGone) || errors.Is(err, milter.ErrGone)
}
