package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
	"github.com/google/go-cmp/cmp"
)

// FuzzCondition: whatever an operator writes for a condition, it is refused with
// a reason or it decides, the same each time and within its bound on work; a
// fault while it decides is an error and never a verdict; and what the past is
// judged by (Judge) agrees with what the present was decided by.
func FuzzCondition(f *testing.F) {
	specs, err := rules.ParsePolicies(policies.Name, policies.Default())
	if err != nil {
		f.Fatal(err)
	}
	for _, spec := range specs {
		f.Add(spec.When)
	}
	for _, when := range []string{
		"", "true", "1", "exposure.direct >= 10", "10 <= exposure.direct && !(exposure.cards > 3)", "exposure.subjects / exposure.cards > 1",
		"exposure.subjects % 0 == 0", `exposure.subjects_by_category["direct"] > 3`, `"contact.email" in exposure.fields`,
		`exposure.fields.exists(f, f.startsWith("contact"))`, "[1,2,3].all(x, [1,2,3].all(y, [1,2,3].all(z, x*y*z > 0)))",
		`envelope.from.matches("(a+)+b")`, "exposure.confidence > 0.5", "message.bytes > 9223372036854775807", "-9223372036854775808 < exposure.direct",
		"run.held || sender.subjects > 3", "exposure.completeness == \"partial\" && \"encrypted\" in exposure.unread", "exposure", "x", "1/0 == 1", "has(exposure.x)",
		`envelope.recipients[5] == "x"`, "int(envelope.from) > 3", "dyn(1) == 'a'", `exposure.fields.map(f, f + f + f).size() > 0`, "((((((true))))))", "\xff", "true // é",
	} {
		f.Add(when)
	}
	env := rules.Envelope{From: "ana@office.example", Recipients: []string{"ben@client.example"}}
	var people strings.Builder
	people.WriteString("full_name,email,phone\n")
	for i := range 30 {
		fmt.Fprintf(&people, "Maria Turner%d,maria.turner%d@post.example,+44 20 7946 %04d\n", i, i, i)
	}
	messages := []*rules.Evidence{
		inspect(f, plain("a word\n")), inspect(f, plain(people.String())),
		inspect(f, "Content-Type: message/partial; id=1; number=1; total=2\r\n\r\nhalf of something\r\n"),
	}
	f.Fuzz(func(t *testing.T, when string) {
		p, err := rules.CompilePolicies([]rules.PolicySpec{{Name: "trial", When: when, Action: rules.Hold}}, nil)
		if err != nil {
			if p != nil || err.Error() == "" {
				t.Errorf("refused with %v and %q", p, err)
			}
			return
		}
		thresholds, err := rules.Thresholds(when)
		if err != nil {
			t.Errorf("compiles, and has no thresholds: %v", err)
		}
		for _, x := range thresholds {
			if same := x.In(when, x.Value); same != when {
				t.Errorf("%q with its own threshold of %d is %q", when, x.Value, same)
			}
		}
		for i, ev := range messages {
			v, err := p.Decide(env, ev, rules.Recent{})
			again, errAgain := p.Decide(env, ev, rules.Recent{})
			if (err == nil) != (errAgain == nil) || !cmp.Equal(v, again) {
				t.Errorf("message %d is decided %v (%v), then %v (%v)", i, v.Action, err, again.Action, errAgain)
			}
			if err != nil {
				if !cmp.Equal(v, rules.Verdict{}) {
					t.Errorf("message %d: a verdict beside the error %v: %+v", i, err, v)
				}
				continue
			}
			if v.Action != rules.Pass && (v.Action != rules.Hold || v.Policy != "trial") {
				t.Errorf("message %d: %v by %q", i, v.Action, v.Policy)
			}
			if len(p.NotKept("trial")) > 0 {
				continue // the past cannot tell
			}
			if j := p.Judge(&rules.Judged{Exposure: v.Exposure, Bytes: ev.Bytes}); j.Action != v.Action || len(j.Unsure) > 0 {
				t.Errorf("message %d was decided %v, and is judged %v (unsure %v)", i, v.Action, j.Action, j.Unsure)
			}
		}
	})
}
