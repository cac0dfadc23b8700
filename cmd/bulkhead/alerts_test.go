package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every figure that the alert rules ask for is one that a relay tells.
func TestAlertsAskForWhatThereIs(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join("..", "..", "configs", "prometheus", "bulkhead.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, t.TempDir(), "maildir:"+filepath.Join(t.TempDir(), "m"))
	_, told := get(t, p.metrics+"/metrics")
	p.stop(t)
	// These come with an index, and with the first look at the audit trail.
	later := map[string]bool{"bulkhead_index_last_swap_successful": true, "bulkhead_audit_chain_intact": true}
	asked := regexp.MustCompile(`(?m)[^:a-z](bulkhead_[a-z_]+[a-z])`).FindAllStringSubmatch(string(rules), -1)
	if len(asked) < 20 {
		t.Fatalf("only %d figures are asked for", len(asked))
	}
	for _, match := range asked {
		name := strings.TrimSuffix(match[1], "_bucket")
		if !later[name] && !strings.Contains(told, "# HELP "+name+" ") {
			t.Errorf("the rules ask for %s, which /metrics does not tell", name)
		}
	}
}
