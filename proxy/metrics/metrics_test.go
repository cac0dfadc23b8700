package metrics_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestNamesFollowPrometheusPractice(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	metrics.New(reg, metrics.Names{Policies: []string{"bulk"}, Formats: []string{"csv"}, Reasons: []string{"encrypted"}})
	metrics.WatchQuarantine(reg, func(context.Context) (metrics.Depth, error) { return metrics.Depth{Free: 1}, nil })
	metrics.SetBounds(reg, metrics.Bounds{Deadline: time.Minute, Inspections: 2, Reserve: 1 << 20})
	metrics.NewCertificates(reg).Shown("0", nil)
	r := metrics.NewReloads(reg, []string{"customers"})
	r.Index("customers", true)
	r.IndexIs("customers", 5, time.Unix(7, 0))
	r.RuleSet("1")
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// A rate over a series that appears with its first event misses that event.
func TestKnownLabelValuesStartAtZero(t *testing.T) {
	reg := prometheus.NewRegistry()
	metrics.New(reg, metrics.Names{Formats: []string{"csv", "pdf"}, Reasons: []string{"encrypted"},
		Fields: []string{"contact.email"}, Kinds: []string{"csv", "text"}})
	for name, want := range map[string]int{
		"bulkhead_messages_total":       5 * 3,
		"bulkhead_smtp_replies_total":   8 * 4,
		"bulkhead_message_faults_total": 5 * 7,
		"bulkhead_parts_total":          2 * 3,
		"bulkhead_parts_unread_total":   1,
		"bulkhead_smtp_auth_total":      3,
		"bulkhead_fields_total":         1,
		"bulkhead_findings_total":       2,
		"bulkhead_reveals_total":        3 * 2,
	} {
		if got, err := testutil.GatherAndCount(reg, name); err != nil || got != want {
			t.Errorf("%s has %d series at start, want %d (%v)", name, got, want, err)
		}
	}
}

// A version that is no longer in force is no series any more.
func TestOneRuleSetIsInForce(t *testing.T) {
	reg := prometheus.NewRegistry()
	r := metrics.NewReloads(reg, nil)
	r.RuleSet("1")
	r.RuleSet("2")
	want := "# HELP bulkhead_ruleset_info Constant 1, labelled with the version of the rules, indexes and policies in force.\n" +
		"# TYPE bulkhead_ruleset_info gauge\nbulkhead_ruleset_info{version=\"2\"} 1\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "bulkhead_ruleset_info"); err != nil {
		t.Error(err)
	}
}

func TestReloadsWithoutFiguresDoNothing(*testing.T) {
	var r *metrics.Reloads
	r.Index("x", true)
	r.IndexIs("x", 1, time.Now())
	r.RuleSet("1")
	r.Reloaded(true, time.Now())
	r.Tried("index", true)
	r.Allowed(1, 2)
}

// Policy names come from the configuration: their number is bounded.
func TestPolicyLabelsAreBounded(t *testing.T) {
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("policy-%d", i))
	}
	m := metrics.New(prometheus.NewRegistry(), metrics.Names{Policies: names})
	for name, want := range map[string]string{"policy-0": "policy-0", "policy-49": "policy-49", "policy-50": "other", "": "other", "no such": "other"} {
		if got := m.Policy(name); got != want {
			t.Errorf("policy %q is counted as %q, want %q", name, got, want)
		}
	}
}

// Field types that say nothing of a person are not counted, and what is found in
// a form of no known name is counted all the same.
func TestFoundLabelsAreBounded(t *testing.T) {
	m := metrics.New(prometheus.NewRegistry(), metrics.Names{Fields: []string{"contact.email"}, Kinds: []string{"csv"}})
	if email, number := m.Field("contact.email"), m.Field("context.number"); email != "contact.email" || number != "" {
		t.Errorf("fields are counted as %q and %q", email, number)
	}
	if csv, other := m.Kind("csv"), m.Kind("no such"); csv != "csv" || other != "other" {
		t.Errorf("findings are counted as %q and %q", csv, other)
	}
}

// Each listener has its own series, up to a bound.
func TestCertificatesAreToldByListener(t *testing.T) {
	reg := prometheus.NewRegistry()
	c := metrics.NewCertificates(reg)
	for i := range 10 {
		c.Shown(strconv.Itoa(i), nil)
	}
	c.Shown("console", &x509.Certificate{NotBefore: time.Unix(100, 0), NotAfter: time.Unix(900, 0)})
	const name = "bulkhead_certificate_not_after_timestamp_seconds"
	if n, err := testutil.GatherAndCount(reg, name); err != nil || n != 10 {
		t.Errorf("ten listeners and the console have %d series, want 10 (%v)", n, err)
	}
}

func TestReplyClassIsOneOfFour(t *testing.T) {
	for code, want := range map[int]string{200: "2xx", 250: "2xx", 354: "3xx", 451: "4xx", 599: "5xx", 0: "5xx", 199: "5xx", 600: "5xx", -1: "5xx"} {
		if got := metrics.Class(code); got != want {
			t.Errorf("%d is of class %s, want %s", code, got, want)
		}
	}
}

func TestQuarantineGaugesTellWhatIsRead(t *testing.T) {
	reg := prometheus.NewRegistry()
	intact := true
	depth := metrics.Depth{Held: 3, Bytes: 4096, Stored: 512, NextExpiry: time.Unix(1_800_000_000, 0), AuditRecords: 7, AuditFailures: 1, AuditIntact: &intact, Oldest: time.Unix(1_700_000_000, 0), Releases: 1, Incidents: 2, Free: 1 << 30}
	var failure error
	metrics.WatchQuarantine(reg, func(context.Context) (metrics.Depth, error) { return depth, failure })
	const want = `
# HELP bulkhead_audit_chain_intact 1 if the last look at the audit trail found it intact, 0 if it was changed; absent before the first.
# TYPE bulkhead_audit_chain_intact gauge
bulkhead_audit_chain_intact 1
# HELP bulkhead_audit_records_total Entries of the audit trail.
# TYPE bulkhead_audit_records_total counter
bulkhead_audit_records_total 7
# HELP bulkhead_audit_write_failures_total Entries of the audit trail that could not be written; what they were about was not done.
# TYPE bulkhead_audit_write_failures_total counter
bulkhead_audit_write_failures_total 1
# HELP bulkhead_quarantine_bytes Bytes of held content: logical as it was held, stored as it is on disk.
# TYPE bulkhead_quarantine_bytes gauge
bulkhead_quarantine_bytes{kind="logical"} 4096
bulkhead_quarantine_bytes{kind="stored"} 512
# HELP bulkhead_quarantine_next_expiry_timestamp_seconds When the first undecided message expires, as Unix time; 0 if none does.
# TYPE bulkhead_quarantine_next_expiry_timestamp_seconds gauge
bulkhead_quarantine_next_expiry_timestamp_seconds 1.8e+09
# HELP bulkhead_quarantine_incidents Incidents of the quarantine, by state.
# TYPE bulkhead_quarantine_incidents gauge
bulkhead_quarantine_incidents{state="open"} 2
# HELP bulkhead_quarantine_messages Messages in the quarantine that are not decided or not yet delivered, by state.
# TYPE bulkhead_quarantine_messages gauge
bulkhead_quarantine_messages{state="held"} 3
bulkhead_quarantine_messages{state="release_failed"} 1
# HELP bulkhead_quarantine_oldest_open_timestamp_seconds Arrival of the oldest undecided message, as Unix time; 0 if none.
# TYPE bulkhead_quarantine_oldest_open_timestamp_seconds gauge
bulkhead_quarantine_oldest_open_timestamp_seconds 1.7e+09
# HELP bulkhead_data_free_bytes Bytes left on the volume of the data folder.
# TYPE bulkhead_data_free_bytes gauge
bulkhead_data_free_bytes 1.073741824e+09
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "bulkhead_quarantine_messages", "bulkhead_quarantine_bytes",
		"bulkhead_quarantine_next_expiry_timestamp_seconds", "bulkhead_audit_records_total", "bulkhead_audit_write_failures_total", "bulkhead_audit_chain_intact",
		"bulkhead_quarantine_oldest_open_timestamp_seconds", "bulkhead_data_free_bytes"); err != nil {
		t.Error(err)
	}
	// What is not known is absent, so that an alert on its absence fires.
	depth.Free = 0
	if n, err := testutil.GatherAndCount(reg, "bulkhead_data_free_bytes"); err != nil || n != 0 {
		t.Errorf("free space that is not known has %d series (%v), want none", n, err)
	}
	failure = errors.New("locked")
	if n, err := testutil.GatherAndCount(reg, "bulkhead_quarantine_messages"); err != nil || n != 0 {
		t.Errorf("a quarantine that cannot be read has %d series (%v), want none", n, err)
	}
}
