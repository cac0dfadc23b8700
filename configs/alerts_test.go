package configs_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
)

const rulesFile = "prometheus/bulkhead.rules.yml"

// ruleGroups is what the tests need of a file of rules.
type ruleGroups struct {
	Groups []struct {
		Rules []struct {
			Alert       string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

// alertCase is a history of series, a sample a minute in promtool's notation,
// and whether the alert fires at its end.
type alertCase struct {
	alert  string
	series map[string]string
	at     string
	fires  map[string]string // labels of the alert beside its severity; nil: it is silent
}

// target is what Prometheus adds to each series of a scrape.
func target(name, labels string) string {
	if labels != "" {
		labels += ","
	}
	return fmt.Sprintf(`%s{%sjob="bulkhead",instance="a:9425"}`, name, labels)
}

func with(more ...string) map[string]string {
	labels := map[string]string{"job": "bulkhead", "instance": "a:9425"}
	for i := 0; i < len(more); i += 2 {
		labels[more[i]] = more[i+1]
	}
	return labels
}

// job are the labels of what is summed over instances.
func job(more ...string) map[string]string {
	labels := with(more...)
	delete(labels, "instance")
	return labels
}

func alertCases() []alertCase {
	one := func(name, labels, values string) map[string]string {
		return map[string]string{target(name, labels): values}
	}
	messages := target("bulkhead_messages_total", `action="pass",completeness="complete"`)
	unread := target("bulkhead_messages_total", `action="hold",completeness="partial"`)
	faults := target("bulkhead_message_faults_total", `stage="inspect",reason="timeout"`)
	slow := func(name, labels, fast, all string) map[string]string {
		return map[string]string{target(name+"_bucket", labels+`le="10"`): fast, target(name+"_bucket", labels+`le="60"`): all, target(name+"_bucket", labels+`le="+Inf"`): all}
	}
	within := func(deadline string, series map[string]string) map[string]string {
		series[target("bulkhead_inspection_deadline_seconds", "")] = deadline
		return series
	}
	room := func(free, reserve string) map[string]string {
		return map[string]string{target("bulkhead_data_free_bytes", ""): free, target("bulkhead_quarantine_reserve_bytes", ""): reserve}
	}
	// A certificate is good from a time to a time, by a clock that starts at 0.
	certificate := func(from, to string) map[string]string {
		return map[string]string{target("bulkhead_certificate_not_before_timestamp_seconds", `listener="0"`): from + "x120",
			target("bulkhead_certificate_not_after_timestamp_seconds", `listener="0"`): to + "x120"}
	}
	return []alertCase{
		{"BulkheadDown", one("up", "", "1x5 0x10"), "10m", with()},
		{"BulkheadDown", one("up", "", "1x15"), "10m", nil},
		{"BulkheadDown", nil, "10m", job()},
		{"BulkheadUpstreamUnreachable", one("bulkhead_upstream_reachable", "", "0x10"), "5m", with()},
		{"BulkheadUpstreamUnreachable", one("bulkhead_upstream_reachable", "", "1x4 0x2 1x10"), "9m", nil},
		{"BulkheadFaults", map[string]string{messages: "0+100x30", faults: "0+5x30"}, "20m", job()},
		{"BulkheadFaults", map[string]string{messages: "0+1000x30", faults: "0+5x30"}, "20m", nil},
		{"BulkheadFaults", map[string]string{messages: "0+1x30", faults: "0 1x30"}, "20m", nil}, // one, of a few
		{"BulkheadLeakBeforeHold", one("bulkhead_run_messages_delivered_before_hold_total", "", "0x10 2x10"), "12m", with()},
		{"BulkheadLeakBeforeHold", one("bulkhead_run_messages_delivered_before_hold_total", "", "2x40"), "30m", nil},
		{"BulkheadRunBraked", one("bulkhead_run_messages_stopped_total", "", "0+50x10"), "8m", with()},
		{"BulkheadRunBraked", one("bulkhead_run_messages_stopped_total", "", "0+1x10"), "8m", nil},
		{"BulkheadRunHeld", one("bulkhead_runs_total", `outcome="held"`, "0x5 1x10"), "7m", with("outcome", "held")},
		{"BulkheadRunHeld", one("bulkhead_runs_total", `outcome="passed"`, "0+1x10"), "7m", nil},
		{"BulkheadReviewLate", one("bulkhead_quarantine_oldest_open_timestamp_seconds", "", "60x400"), "300m", with()},
		{"BulkheadReviewLate", one("bulkhead_quarantine_oldest_open_timestamp_seconds", "", "0x400"), "300m", nil},
		{"BulkheadExpirySoon", one("bulkhead_quarantine_next_expiry_timestamp_seconds", "", "80000x10"), "5m", with()},
		{"BulkheadExpirySoon", one("bulkhead_quarantine_next_expiry_timestamp_seconds", "", "0x10"), "5m", nil},
		{"BulkheadExpirySoon", one("bulkhead_quarantine_next_expiry_timestamp_seconds", "", "900000x10"), "5m", nil},
		{"BulkheadReleaseStuck", one("bulkhead_quarantine_messages", `state="release_failed"`, "1x20"), "15m", with("state", "release_failed")},
		{"BulkheadReleaseStuck", one("bulkhead_quarantine_messages", `state="held"`, "9x20"), "15m", nil},
		{"BulkheadDiskFull", room("900000000x30", "250000000x30"), "20m", with()},
		{"BulkheadDiskFull", room("1100000000x30", "250000000x30"), "20m", nil},
		{"BulkheadDiskFull", one("bulkhead_data_free_bytes", "", "90000000000-400000000x180"), "170m", with()},
		{"BulkheadDiskFull", one("bulkhead_data_free_bytes", "", "90000000000x180"), "170m", nil},
		{"BulkheadAuditBroken", one("bulkhead_audit_chain_intact", "", "0x5"), "2m", with()},
		{"BulkheadAuditBroken", one("bulkhead_audit_chain_intact", "", "1x5"), "2m", nil},
		{"BulkheadUnreadRising", map[string]string{messages: "0+100x3000", unread: "0x1440 0+40x1400"}, "1560m", job()},
		{"BulkheadUnreadRising", map[string]string{messages: "0+100x3000", unread: "0+40x3000"}, "1560m", nil},
		{"BulkheadSlow", slow("bulkhead_message_duration_seconds", `action="pass",`, "0+50x60", "0+100x60"), "40m", job()},
		{"BulkheadSlow", slow("bulkhead_message_duration_seconds", `action="pass",`, "0+100x60", "0+100x60"), "40m", nil},
		{"BulkheadInspectionNearDeadline", within("60x60", slow("bulkhead_stage_duration_seconds", `stage="inspect",`, "0+50x60", "0+100x60")), "40m", job("stage", "inspect")},
		{"BulkheadInspectionNearDeadline", within("600x60", slow("bulkhead_stage_duration_seconds", `stage="inspect",`, "0+50x60", "0+100x60")), "40m", nil},
		{"BulkheadInspectionNearDeadline", within("60x60", slow("bulkhead_stage_duration_seconds", `stage="store",`, "0+50x60", "0+100x60")), "40m", nil},
		// promtool's clock starts on Thursday, 1 January 1970, at midnight.
		{"BulkheadNoMail", map[string]string{messages: "5x900"}, "11h", job()},
		{"BulkheadNoMail", map[string]string{messages: "5x900"}, "5h", nil},    // at night
		{"BulkheadNoMail", map[string]string{messages: "5x4000"}, "59h", nil},  // on Saturday
		{"BulkheadNoMail", map[string]string{messages: "5+1x900"}, "11h", nil}, // it comes
		{"BulkheadCertificateEndsSoon", certificate("-6700000", "1000000"), "90m", with("listener", "0")},
		{"BulkheadCertificateEndsSoon", certificate("-500000", "9000000"), "90m", nil},
		{"BulkheadCertificateEndsSoon", certificate("0", "518400"), "90m", nil}, // of six days, and new
		{"BulkheadCertificateEndsSoon", certificate("-418400", "100000"), "90m", with("listener", "0")},
		{"BulkheadCertificateEndsSoon", certificate("0", "0"), "90m", with("listener", "0")}, // none has come
		{"BulkheadCertificateEnds", certificate("-6700000", "100000"), "20m", with("listener", "0")},
		{"BulkheadCertificateEnds", certificate("-6700000", "1000000"), "20m", nil},
		{"BulkheadCertificateEnds", certificate("-418400", "100000"), "20m", nil},
		{"BulkheadCertificateEnds", certificate("-483400", "35000"), "20m", with("listener", "0")},
		{"BulkheadCertificateEnds", certificate("0", "0"), "20m", with("listener", "0")},
		{"BulkheadReloadFailed", one("bulkhead_config_last_reload_successful", "", "0x20"), "15m", with()},
		{"BulkheadReloadFailed", one("bulkhead_index_last_swap_successful", `index="customers"`, "0x20"), "15m", with("index", "customers")},
		{"BulkheadReloadFailed", one("bulkhead_config_last_reload_successful", "", "1x20"), "15m", nil},
		{"BulkheadNoticesFailing", one("bulkhead_notifications_total", `channel="mail",result="failed"`, "0+1x60"), "40m", job("channel", "mail")},
		{"BulkheadNoticesFailing", one("bulkhead_notifications_total", `channel="mail",result="ok"`, "0+1x60"), "40m", nil},
		{"BulkheadLedgerDropped", one("bulkhead_ledger_dropped_total", "", "0x5 3x5"), "6m", with()},
		{"BulkheadLedgerDropped", one("bulkhead_ledger_dropped_total", "", "3x10"), "6m", nil},
		{"BulkheadPassesUnknown", one("bulkhead_run_messages_unknown_total", "", "0x5 3x5"), "6m", with()},
		{"BulkheadPassesUnknown", one("bulkhead_run_messages_unknown_total", "", "3x10"), "6m", nil},
		{"BulkheadEventsDropped", one("bulkhead_events_total", `target="syslog",result="dropped"`, "0x5 3x5"), "6m", job("target", "syslog")},
		{"BulkheadEventsDropped", one("bulkhead_events_total", `target="syslog",result="ok"`, "0+9x10"), "6m", nil},
	}
}

// Each alert fires when it has to and is silent when it has not, as Prometheus'
// own promtool evaluates it.
func TestAlertsFire(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("promtool takes half a minute, for days of samples")
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		missing := "promtool is missing: install Debian's package prometheus"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	text, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	var rules ruleGroups
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	tests := []any{}
	for _, c := range alertCases() {
		if c.fires == nil {
			silent[c.alert] = true
		} else {
			fires[c.alert] = true
		}
		tests = append(tests, rules.test(t, &c))
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if r.Alert != "" && !(fires[r.Alert] && silent[r.Alert]) {
				t.Errorf("%s has no case in which it fires, or none in which it is silent", r.Alert)
			}
		}
	}
	out, err := yaml.Marshal(map[string]any{"rule_files": []string{file}, "evaluation_interval": "1m", "tests": tests})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "alerts_test.yml")
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command(promtool, "test", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// test makes promtool's form of a case.
func (g *ruleGroups) test(t *testing.T, c *alertCase) map[string]any {
	t.Helper()
	series := []map[string]string{}
	for name, values := range c.series {
		series = append(series, map[string]string{"series": name, "values": values})
	}
	expected := []map[string]any{}
	if c.fires != nil {
		labels, annotations := g.of(t, c.alert)
		for name, value := range c.fires {
			labels[name] = value
		}
		expected = append(expected, map[string]any{"exp_labels": labels, "exp_annotations": annotations})
	}
	return map[string]any{
		"name": c.alert, "interval": "1m", "input_series": series,
		"alert_rule_test": []any{map[string]any{"eval_time": c.at, "alertname": c.alert, "exp_alerts": expected}},
	}
}

// of gives copies of an alert's labels and annotations.
func (g *ruleGroups) of(t *testing.T, alert string) (labels, annotations map[string]string) {
	t.Helper()
	for _, group := range g.Groups {
		for _, r := range group.Rules {
			if r.Alert == alert {
				labels = map[string]string{}
				for name, value := range r.Labels {
					labels[name] = value
				}
				return labels, r.Annotations
			}
		}
	}
	t.Fatalf("there is no alert %s", alert)
	return nil, nil
}
