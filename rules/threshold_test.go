package rules_test

import (
	"fmt"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
	"github.com/google/go-cmp/cmp"
)

func TestThresholdsAreTheNumbersThatCountsAreComparedWith(t *testing.T) {
	for _, c := range []struct{ when, found, changed string }{
		{"exposure.direct >= 10", "exposure.direct >= 10", "exposure.direct >= 77"},
		{"10 <= exposure.direct", "exposure.direct >= 10", "77 <= exposure.direct"},
		{"5 > exposure.cards", "exposure.cards < 5", "77 > exposure.cards"},
		{"exposure.direct>=5&&sender.subjects>=100", "exposure.direct >= 5, sender.subjects >= 100", "exposure.direct>=77&&sender.subjects>=77"},
		{"\"é≥\" in exposure.fields ||\n exposure.contacts > 3 // 3", "exposure.contacts > 3", "\"é≥\" in exposure.fields ||\n exposure.contacts > 77 // 3"},
		{"!(exposure.cards < 3) || exposure.cards > 3", "exposure.cards < 3, exposure.cards > 3", "!(exposure.cards < 77) || exposure.cards > 77"},
		// Not a count compared with a number, or no number as one writes it.
		{"exposure.direct == 10", "", "exposure.direct == 10"},
		{"exposure.direct >= 0x0a", "", "exposure.direct >= 0x0a"},
		{"exposure.direct >= exposure.cards", "", "exposure.direct >= exposure.cards"},
		{"exposure.direct + 3 >= 10", "", "exposure.direct + 3 >= 10"},
		{"exposure.confidence >= 0.5", "", "exposure.confidence >= 0.5"},
		{`exposure.subjects_by_category["direct"] > 3`, "", `exposure.subjects_by_category["direct"] > 3`},
		{`exposure.fields.exists(f, f.size() > 3)`, "", `exposure.fields.exists(f, f.size() > 3)`},
		{"run.held", "", "run.held"},
	} {
		all, err := rules.Thresholds(c.when)
		if err != nil {
			t.Errorf("%s: %v", c.when, err)
			continue
		}
		found, changed := "", c.when
		for i, x := range all {
			if i > 0 {
				found += ", "
			}
			found += fmt.Sprint(x.Variable, " ", x.Operator, " ", x.Value)
		}
		for i := len(all) - 1; i >= 0; i-- { // from behind, since places change
			changed = all[i].In(changed, 77)
		}
		if found != c.found || changed != c.changed {
			t.Errorf("%s: found %q, want %q; changed to %q, want %q", c.when, found, c.found, changed, c.changed)
		}
	}
	if _, err := rules.Thresholds("exposure.direct >="); err == nil {
		t.Error("a condition that is none has thresholds")
	}
}

// What is written can be read, and is the same.
func TestPoliciesThatAreWrittenCanBeRead(t *testing.T) {
	specs, err := rules.ParsePolicies("default", policies.Default())
	if err != nil {
		t.Fatal(err)
	}
	specs = append(specs, rules.PolicySpec{Name: "odd", Description: "- a: \"b\" # c\n\n'd' é", When: "exposure.cards > 3 &&\n  \"a: b # c\" in exposure.fields", Action: rules.Hold, Answer: rules.Refuse},
		rules.PolicySpec{Name: "007", When: "run.held", Action: rules.Pass}, rules.PolicySpec{Name: "true", When: "run.held", Action: rules.Reject})
	text, err := rules.WritePolicies(specs)
	if err != nil {
		t.Fatal(err)
	}
	again, err := rules.ParsePolicies("written", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if diff := cmp.Diff(specs, again); diff != "" {
		t.Errorf("%s\n%s", diff, text)
	}
}
