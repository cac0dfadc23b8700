package proxy

import (
	"slices"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/tracing"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"go.opentelemetry.io/otel/attribute"
)

// span tells the tracer of a message at its end, and returns the trace's id; ""
// if it is not traced. The stages are those of the timer. Each attribute is a
// kind, a count, an id or a policy's name: what is added here is exported.
func (s *Server) span(m *message, action string, now time.Time) (traceID string) {
	usual := m.failed == "" && (action == rules.Pass.String() || action == rules.Tag.String())
	if !s.cfg.Tracer.Wants(usual) {
		return ""
	}
	root := tracing.Span{Name: "message", Began: m.began, Ended: now, Attributes: []attribute.KeyValue{
		attribute.String("bulkhead.message.ref", m.ref), attribute.Int64("bulkhead.message.bytes", m.spool.size),
		attribute.Int("bulkhead.message.recipients", len(m.from.envelope.Recipients)), attribute.String("bulkhead.action", action),
	}}
	add := func(more ...attribute.KeyValue) { root.Attributes = append(root.Attributes, more...) }
	if m.judged {
		x := &m.verdict.Exposure
		add(attribute.String("bulkhead.policy", m.verdict.Policy), attribute.String("bulkhead.completeness", x.Completeness.String()),
			attribute.Int64("bulkhead.subjects", x.Subjects), attribute.Int64("bulkhead.records", x.Records),
			attribute.StringSlice("bulkhead.fields", x.Fields))
	}
	if m.run != nil {
		add(attribute.String("bulkhead.run", m.run.Run()), attribute.Bool("bulkhead.run.held", m.stopped))
	}
	if m.kept.ID != "" {
		add(attribute.String("bulkhead.held.id", m.kept.ID), attribute.String("bulkhead.held.incident", m.kept.Incident))
	}
	if m.failed != "" {
		root.Failed = faultReason(m.err)
		add(attribute.String("error.type", root.Failed), attribute.String("bulkhead.fault.stage", m.failed), attribute.Int("bulkhead.reply.code", m.code))
	}
	stages := m.timer.passed
	for i := range stages {
		m.describe(&stages[i])
		root.Ended = stages[i].Ended // the last ends with the message
	}
	if n := len(stages); n > 0 {
		stages[n-1].Failed = root.Failed
	}
	return s.cfg.Tracer.Record(&root, stages)
}

// describe adds what a stage came to.
func (m *message) describe(stage *tracing.Span) {
	switch stage.Name {
	case "inspect":
		if m.evidence != nil {
			m.describeParts(stage)
		}
	case "upstream":
		if result := upstreamResult(m.reply, m.err); result != "" {
			stage.Attributes = append(stage.Attributes, attribute.String("bulkhead.upstream.result", result), attribute.Int("bulkhead.upstream.code", m.reply.Code))
		}
	}
}

// maxPartEvents is how many parts of a message are told of one by one.
const maxPartEvents = 32

// describeParts adds what was read of a message, and what was not.
func (m *message) describeParts(stage *tracing.Span) {
	e := m.evidence
	stage.Attributes = append(stage.Attributes, attribute.Int("bulkhead.parts", len(e.Parts)), attribute.Int("bulkhead.findings", len(e.Findings)))
	for i := range e.Parts[:min(len(e.Parts), maxPartEvents)] {
		p := &e.Parts[i]
		stage.Events = append(stage.Events, tracing.Event{Name: "part", At: stage.Ended, Attributes: []attribute.KeyValue{
			attribute.Int("bulkhead.part.number", i+1), attribute.String("bulkhead.part.format", string(p.Format)),
			attribute.String("bulkhead.part.outcome", string(p.Outcome)), attribute.Int64("bulkhead.part.bytes", p.Bytes),
		}})
	}
	var reasons []string
	for i := range e.Unread {
		if r := string(e.Unread[i].Reason); !slices.Contains(reasons, r) {
			reasons = append(reasons, r)
		}
	}
	if reasons != nil {
		stage.Attributes = append(stage.Attributes, attribute.StringSlice("bulkhead.unread.reasons", reasons))
	}
}
