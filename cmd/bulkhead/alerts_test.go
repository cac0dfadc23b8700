package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every figure that the alert rules and the dashboard ask for is one that a
// relay tells.
func TestAlertsAndDashboardAskForWhatThereIs(t *testing.T) {
	var asked string
	for _, file := range []string{"prometheus/bulkhead.rules.yml", "grafana/bulkhead.json"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "configs", file))
		if err != nil {
			t.Fatal(err)
		}
		asked += string(text)
	}
	p := serve(t, t.TempDir(), "maildir:"+filepath.Join(t.TempDir(), "m"))
	_, told := get(t, p.metrics+"/metrics")
	p.stop(t)
	// These come with an index, the first look at the audit trail, a certificate,
	// and the first match of a policy.
	later := map[string]bool{"bulkhead_index_last_swap_successful": true, "bulkhead_audit_chain_intact": true,
		"bulkhead_certificate_not_before_timestamp_seconds": true,
		"bulkhead_certificate_not_after_timestamp_seconds":  true, "bulkhead_policy_matches_total": true, "bulkhead_policy_waivers_total": true}
	names := regexp.MustCompile(`(?m)[^:a-z](bulkhead_[a-z_]+[a-z])`).FindAllStringSubmatch(asked, -1)
	if len(names) < 60 {
		t.Fatalf("only %d figures are asked for", len(names))
	}
	for _, match := range names {
		name := strings.TrimSuffix(match[1], "_bucket")
		if !later[name] && !strings.Contains(told, "# HELP "+name+" ") {
			t.Errorf("%s is asked for, which /metrics does not tell", name)
		}
	}
}
