package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/bulkhead-dlp/bulkhead/proxy/wire"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/prometheus/client_golang/prometheus"
)

// observe counts a message and logs it in one line: kinds, counts and places,
// never a value or an address.
func (s *Server) observe(m *message) {
	now := s.cfg.Now()
	mt := s.cfg.Metrics
	action, completeness := "fault", rules.Complete.String()
	attrs := append(make([]slog.Attr, 0, 16),
		slog.String("ref", m.ref), slog.String("client", m.from.client.String()),
		slog.Int64("bytes", m.spool.size), slog.Duration("took", now.Sub(m.began)))
	if m.from.via.IsValid() {
		attrs = append(attrs, slog.String("via", m.from.via.String()), slog.String("ident", m.from.ident))
	}
	if m.judged {
		x := &m.verdict.Exposure
		completeness = x.Completeness.String()
		if m.failed == "" {
			action = m.verdict.Action.String()
			done := action
			if m.deferred {
				done = "defer"
			}
			m.run.Judged(done, &m.verdict)
		}
		attrs = append(attrs, slog.String("action", action), slog.String("policy", m.verdict.Policy),
			slog.Int64("subjects", x.Subjects), slog.Int64("records", x.Records), slog.Any("fields", x.Fields),
			slog.String("completeness", completeness), slog.Int("recipients", len(m.from.envelope.Recipients)))
		mt.Subjects.Observe(float64(x.Subjects))
		for _, match := range m.verdict.Matches {
			mt.PolicyMatches.WithLabelValues(mt.Policy(match.Policy), match.Action.String()).Inc()
		}
	}
	for _, w := range m.verdict.Waived {
		mt.PolicyWaivers.WithLabelValues(mt.Policy(w.Policy), w.Action.String()).Inc()
		attrs = append(attrs, slog.Any("allowed_by", w.Entries))
	}
	if m.from.queue != "" {
		attrs = append(attrs, slog.String("queue", m.from.queue))
	}
	if m.run != nil {
		attrs = append(attrs, slog.String("run", m.run.Run()), slog.Bool("stopped", m.stopped))
	}
	if m.unknown != nil && m.failed == "" {
		mt.PassedUnknown.Inc()
		attrs = append(attrs, slog.Bool("run_unknown", true))
	}
	if m.kept.ID != "" {
		attrs = append(attrs, slog.String("id", m.kept.ID), slog.String("incident", m.kept.Incident))
		mt.SubjectHeld.Add(float64(m.verdict.Exposure.Subjects))
	}
	level := slog.LevelInfo
	if m.failed != "" {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("stage", m.failed), slog.Int("code", m.code), slog.String("error", m.err.Error()))
		mt.Faults.WithLabelValues(m.failed, faultReason(m.err)).Inc()
	}
	mt.Messages.WithLabelValues(action, completeness).Inc()
	mt.LastMessage.Set(float64(now.Unix()))
	mt.Size.Observe(float64(m.spool.size))
	if !m.ended.IsZero() {
		mt.Duration.WithLabelValues(action).Observe(now.Sub(m.ended).Seconds())
	}
	m.timer.enter("")
	if result := upstreamResult(m.reply, m.err); result != "" {
		mt.Upstream.WithLabelValues(result).Inc()
	}
	s.observeFound(m)
	if id := s.span(m, action, now); id != "" {
		attrs = append(attrs, slog.String("trace_id", id))
	}
	s.cfg.Log.LogAttrs(context.Background(), level, "verdict", attrs...)
	s.logFaults(m)
	if s.cfg.Tell != nil {
		s.cfg.Tell(m.told(action, now))
	}
}

// logFaults says where code of ours panicked, so that it can be mended: places
// in the code, never what was read there.
func (s *Server) logFaults(m *message) {
	tell := func(what string, f *rules.Fault) {
		s.cfg.Log.Error(what, "ref", m.ref, "format", f.Format, "kind", f.Kind, "places", f.Places)
	}
	if f := (*rules.Fault)(nil); errors.As(m.err, &f) {
		tell("judging a message broke down; it was not taken", f)
	}
	if m.evidence == nil {
		return
	}
	for _, f := range m.evidence.Faults {
		tell("the reader of a part broke down; the part is unread", f)
	}
}

// hooks count what the wire tells.
func hooks(m *metrics.Metrics, log *slog.Logger) wire.Hooks {
	reply := countReplies(m)
	return wire.Hooks{
		Accept: func(a wire.Admission) {
			switch a {
			case wire.Accepted:
				m.OpenConnections.Inc()
				m.Connections.WithLabelValues("accepted").Inc()
			case wire.NotProxied:
				m.Connections.WithLabelValues("not_proxied").Inc()
			default:
				m.Connections.WithLabelValues("over_limit").Inc()
			}
		},
		Reply:        reply,
		Close:        m.OpenConnections.Dec,
		AcceptFailed: func(err error) { log.Error("no client can be accepted", "error", err) },
		NotProxied: func(from net.Addr, err error) {
			log.Info("connection closed", "from", from.String(), "error", err)
		},
	}
}

// countReplies returns what counts a reply. The series are looked up once: there
// are seven replies to a session of one message.
func countReplies(m *metrics.Metrics) func(wire.Verb, int) {
	type key struct {
		verb  wire.Verb
		class int
	}
	series := map[key]prometheus.Counter{}
	for _, verb := range wire.Verbs() {
		for class := 2; class <= 5; class++ {
			series[key{verb, class}] = m.Replies.WithLabelValues(string(verb), metrics.Class(class*100))
		}
	}
	return func(v wire.Verb, code int) {
		if known := series[key{v, code / 100}]; known != nil {
			known.Inc()
			return
		}
		m.Replies.WithLabelValues(string(v), metrics.Class(code)).Inc()
	}
}

// observeFound counts what was read of a message, and what was found.
func (s *Server) observeFound(m *message) {
	mt := s.cfg.Metrics
	if m.evidence == nil {
		return
	}
	for _, p := range m.evidence.Parts {
		mt.Parts.WithLabelValues(string(p.Format), string(p.Outcome)).Inc()
	}
	for _, u := range m.evidence.Unread {
		mt.PartsUnread.WithLabelValues(string(u.Reason)).Inc()
	}
	for i := range m.evidence.Findings {
		mt.Findings.WithLabelValues(mt.Kind(m.evidence.Findings[i].Kind)).Inc()
	}
	for _, name := range m.verdict.Exposure.Fields {
		if field := mt.Field(name); field != "" {
			mt.Fields.WithLabelValues(field).Inc()
		}
	}
}

// upstreamResult names an upstream's answer to a message, or why there is
// none, for the metric; "" if the message was not sent.
func upstreamResult(r upstream.Reply, err error) string {
	var down *upstream.Error
	switch {
	case errors.As(err, &down) && down.Unknown:
		return "unknown"
	case errors.As(err, &down):
		return "unreachable"
	case r.Code == 0:
		return ""
	case r.OK():
		return "accepted"
	case r.Temporary():
		return "deferred"
	}
	return "refused"
}

// faultReason names an error's kind for the metric.
func faultReason(err error) string {
	var fault *rules.Fault
	var network net.Error
	var path *os.PathError
	switch {
	case clientGone(err):
		return "client_gone"
	case errors.As(err, &fault):
		return "panic"
	case errors.Is(err, errDeadline), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.Is(err, errLoop), errors.Is(err, ErrFull), errors.Is(err, errBusy), isDiskFull(err):
		return "limit"
	case errors.As(err, &network):
		return "unavailable"
	case errors.As(err, &path):
		return "io"
	}
	return "other"
}

// MetricNames are the label values that the relay's metrics need.
func MetricNames(p *rules.Policies) metrics.Names {
	n := metrics.Names{Policies: p.Names()}
	for _, f := range extract.Formats() {
		n.Formats = append(n.Formats, string(f))
	}
	for _, r := range extract.Reasons() {
		n.Reasons = append(n.Reasons, string(r))
	}
	for _, t := range detect.Types() {
		if t.Category() != detect.Context {
			n.Fields = append(n.Fields, t.String())
		}
	}
	n.Kinds = rules.FindingKinds()
	return n
}
