// Package metrics declares every figure that Bulkhead exposes to Prometheus,
// in one place.
//
// What is always true: every label takes its values from a closed set, or from
// the configuration's own policy names; never from a message, an address or a
// file name. Known label values start at zero, so that a rate over them is
// right from the first event.
package metrics

import (
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// maxPolicies is how many policy names become label values; the rest are
// counted as "other".
const maxPolicies = 50

// Metrics holds every collector.
type Metrics struct {
	Connections     *prometheus.CounterVec
	OpenConnections prometheus.Gauge
	Replies         *prometheus.CounterVec
	Authentications *prometheus.CounterVec

	MilterConnections     *prometheus.CounterVec
	OpenMilterConnections prometheus.Gauge
	MilterAnswers         *prometheus.CounterVec

	Messages      *prometheus.CounterVec
	PolicyMatches *prometheus.CounterVec
	PolicyWaivers *prometheus.CounterVec
	Faults        *prometheus.CounterVec
	InFlight      *prometheus.GaugeVec
	Size          prometheus.Histogram
	Subjects      prometheus.Histogram
	Duration      *prometheus.HistogramVec
	Stage         *prometheus.HistogramVec

	Parts       *prometheus.CounterVec
	PartsUnread *prometheus.CounterVec
	SubjectHeld prometheus.Counter
	Fields      *prometheus.CounterVec
	Findings    *prometheus.CounterVec
	LastMessage prometheus.Gauge

	Runs                *prometheus.CounterVec
	RunsActive          prometheus.Gauge
	Stopped             prometheus.Counter
	DeliveredBeforeHold prometheus.Counter
	LedgerDropped       prometheus.Counter
	PassedUnknown       prometheus.Counter

	Upstream          *prometheus.CounterVec
	UpstreamDuration  prometheus.Histogram
	UpstreamReachable prometheus.Gauge

	Decisions         *prometheus.CounterVec
	ReleaseRecipients *prometheus.CounterVec
	Notifications     *prometheus.CounterVec
	Reveals           *prometheus.CounterVec
	HTTPRequests      *prometheus.CounterVec
	Events            *prometheus.CounterVec
	Traces            *prometheus.CounterVec
	Logins            *prometheus.CounterVec

	policies      atomic.Pointer[[]string] // replaced, never changed
	fields, kinds map[string]bool
}

// Names are the label values that come from outside this package.
type Names struct {
	Policies []string // from the configuration
	Formats  []string // every format of rules/extract
	Reasons  []string // every reason for not reading
	Fields   []string // every type of field that says something of a person
	Kinds    []string // everything that people's data can be found in
	Version  string   // of the program
	Revision string   // of the source
}

var (
	sizeBuckets     = []float64{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20}
	durationBuckets = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	subjectBuckets  = []float64{0, 1, 5, 10, 25, 50, 100, 500, 1e3, 5e3, 2e4, 1e5}
)

// New makes the collectors and registers them. It panics if one is registered
// already, which is a programming error.
func New(reg prometheus.Registerer, names Names) *Metrics {
	m := &Metrics{}
	m.policies.Store(&[]string{})
	m.AddPolicies(names.Policies)
	m.newSMTP(reg)
	m.newMilter(reg)
	m.newMessages(reg, names)
	m.newFound(reg, names)
	m.newRuns(reg)
	m.newUpstream(reg)
	m.newReview(reg)
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bulkhead_build_info", Help: "Constant 1, labelled with the program's version and source revision.",
		ConstLabels: prometheus.Labels{"version": names.Version, "revision": names.Revision},
	})
	build.Set(1)
	reg.MustRegister(build)
	return m
}

func (m *Metrics) newSMTP(reg prometheus.Registerer) {
	m.Connections = counter(reg, "smtp_connections_total", "SMTP connections by what became of them.", "result")
	zero(m.Connections, []string{"accepted", "over_limit", "not_allowed", "not_proxied", "tls_failed"})
	m.OpenConnections = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bulkhead_smtp_connections", Help: "SMTP connections open now.",
	})
	m.Replies = counter(reg, "smtp_replies_total", "SMTP replies given to clients, by command and class.", "command", "class")
	zero(m.Replies, []string{"connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "other"},
		[]string{"2xx", "3xx", "4xx", "5xx"})
	m.Authentications = counter(reg, "smtp_auth_total", "SMTP authentications put to the upstream, by result.", "result")
	zero(m.Authentications, []string{"ok", "refused", "unavailable"})
	reg.MustRegister(m.OpenConnections)
}

func (m *Metrics) newMessages(reg prometheus.Registerer, names Names) {
	actions := []string{"pass", "tag", "hold", "reject", "fault"}
	m.Messages = counter(reg, "messages_total", "Messages judged, by action and completeness of the reading.", "action", "completeness")
	zero(m.Messages, actions, []string{"complete", "partial", "unscanned"})
	m.PolicyMatches = counter(reg, "policy_matches_total", "Messages that a policy matched, by policy and its action.", "policy", "action")
	m.PolicyWaivers = counter(reg, "policy_waivers_total", "Messages that a policy matched and that the allow list let pass it, by policy and its action.", "policy", "action")
	m.Faults = counter(reg, "message_faults_total", "Messages that could not be judged or passed on, by stage and reason.", "stage", "reason")
	zero(m.Faults, []string{"receive", "inspect", "store", "upstream", "audit"},
		[]string{"timeout", "limit", "panic", "unavailable", "io", "client_gone", "other"})
	m.InFlight = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "bulkhead_messages_in_flight", Help: "Messages in work now, by stage.",
	}, []string{"stage"})
	for _, stage := range stages {
		m.InFlight.WithLabelValues(stage)
	}
	m.Size = histogram(reg, "message_size_bytes", "Size of messages as received.", sizeBuckets)
	m.Subjects = histogram(reg, "message_third_party_subjects", "Distinct third-party people found in a message.", subjectBuckets)
	m.Duration = histogramVec(reg, "message_duration_seconds", "Time from the final dot to the reply, by action.", "action", actions)
	m.Stage = histogramVec(reg, "stage_duration_seconds", "Time that a stage of a message took.", "stage", stages)
	m.Parts = counter(reg, "parts_total", "Parts met in messages, by format and how far they were read.", "format", "outcome")
	zero(m.Parts, names.Formats, []string{"read", "partial", "unread"})
	m.PartsUnread = counter(reg, "parts_unread_total", "Parts that were not read, or not wholly, by reason.", "reason")
	zero(m.PartsUnread, names.Reasons)
	m.SubjectHeld = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "bulkhead_quarantine_held_subjects_total",
		Help: "Third-party people in messages that were held, summed over copies.",
	})
	m.LastMessage = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bulkhead_last_message_timestamp_seconds", Help: "When the last message was answered, as Unix time; 0 if none was since the start.",
	})
	reg.MustRegister(m.InFlight, m.SubjectHeld, m.LastMessage)
}

// stages are the stages of a message that are timed.
var stages = []string{"spool", "inspect", "run", "decide", "store", "upstream"}

// Stages returns the stages of a message that are timed.
func Stages() []string { return slices.Clone(stages) }

func (m *Metrics) newUpstream(reg prometheus.Registerer) {
	m.Upstream = counter(reg, "upstream_transactions_total", "Messages offered to the upstream, by result.", "result")
	zero(m.Upstream, []string{"accepted", "deferred", "refused", "unknown", "unreachable"})
	m.UpstreamDuration = histogram(reg, "upstream_connect_duration_seconds", "Time to a ready upstream connection.", durationBuckets)
	m.UpstreamReachable = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bulkhead_upstream_reachable", Help: "1 if the last connection to the upstream came about, else 0; one is tried each minute.",
	})
	reg.MustRegister(m.UpstreamReachable)
}

func (m *Metrics) newReview(reg prometheus.Registerer) {
	m.Decisions = counter(reg, "decisions_total", "Decisions, made by whatever process, since this one started: on messages, and on whole incidents, whose messages count as well.", "decision", "scope")
	zero(m.Decisions, []string{"release", "refuse", "delete", "expire"}, []string{"message", "incident"})
	m.ReleaseRecipients = counter(reg, "release_recipients_total", "Recipients of released messages, by result.", "result")
	zero(m.ReleaseRecipients, []string{"accepted", "deferred", "refused", "unknown"})
	m.Notifications = counter(reg, "notifications_total", "Notices of held mail, by channel and what became of them.", "channel", "result")
	zero(m.Notifications, []string{"mail", "webhook", "slack", "sender"}, []string{"ok", "failed", "dropped"})
	m.Reveals = counter(reg, "reveals_total", "Requests to see or take content of held mail in full, by kind and whether they were granted.", "kind", "result")
	zero(m.Reveals, []string{"evidence", "preview", "download"}, []string{"allowed", "denied"})
	m.Events = counter(reg, "events_total", "Events for other programs, by target and what became of them: ok, or dropped because too many waited.", "target", "result")
	zero(m.Events, []string{"file", "syslog", "webhook"}, []string{"ok", "dropped"})
	m.Traces = counter(reg, "traces_total", "Traces of messages, by what became of them: sent, failed because the collector did not take them, or dropped because too many waited.", "result")
	zero(m.Traces, []string{"sent", "failed", "dropped"})
	m.Logins = counter(reg, "console_logins_total", "Log-ins to the console, and API tokens that were refused, by method and result.", "method", "result")
	zero(m.Logins, []string{"password", "oidc", "token"}, []string{"ok", "refused", "limited"})
	m.HTTPRequests = counter(reg, "http_requests_total", "Requests to the console and the API, by route and class.", "route", "class")
}

// Policy returns the label value for a policy's name.
func (m *Metrics) Policy(name string) string {
	if slices.Contains(*m.policies.Load(), name) {
		return name
	}
	return "other"
}

// AddPolicies makes label values of the names of policies that are new in
// force, as far as the bound on them leaves room: names that were have series
// already. One caller at a time.
func (m *Metrics) AddPolicies(names []string) {
	all := slices.Clone(*m.policies.Load())
	for _, name := range names {
		if len(all) < maxPolicies && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	m.policies.Store(&all)
}

// Class returns the label value for a reply code's class, such as "2xx".
func Class(code int) string {
	if code < 200 || code > 599 {
		return "5xx"
	}
	return string(rune('0'+code/100)) + "xx"
}
