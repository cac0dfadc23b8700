package rules_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/policies"
	"github.com/google/go-cmp/cmp"
)

func compiled(t testing.TB, specs ...rules.PolicySpec) *rules.Policies {
	t.Helper()
	p, err := rules.CompilePolicies(specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestJudgeTellsWhatCannotBeTold(t *testing.T) {
	hold := func(name, when string) rules.PolicySpec {
		return rules.PolicySpec{Name: name, When: when, Action: rules.Hold}
	}
	p := compiled(t,
		hold("direct", "exposure.direct >= 10"),
		// What is not kept does not matter where the rest settles it.
		hold("both", `exposure.direct >= 5 && envelope.from_domain != "partner.example"`),
		hold("either", `exposure.cards >= 3 || run.held`),
		rules.PolicySpec{Name: "tags", When: "message.bytes > 1000", Action: rules.Tag},
		rules.PolicySpec{Name: "unsure-tag", When: "sender.unusual", Action: rules.Tag},
	)
	for _, test := range []struct {
		name string
		x    rules.Exposure
		size int64
		want rules.Judgement
	}{
		{"much", rules.Exposure{Direct: 12}, 10, rules.Judgement{Action: rules.Hold, Policy: "direct", Most: rules.Hold}},
		{"little", rules.Exposure{Direct: 2}, 10, rules.Judgement{Unsure: []string{"either", "unsure-tag"}, Most: rules.Hold}},
		{"between", rules.Exposure{Direct: 7}, 10, rules.Judgement{Unsure: []string{"both", "either", "unsure-tag"}, Most: rules.Hold}},
		{"cards", rules.Exposure{Cards: 3}, 10, rules.Judgement{Action: rules.Hold, Policy: "either", Most: rules.Hold}},
		// Where it is tagged in any case another tag changes nothing.
		{"large", rules.Exposure{}, 2000, rules.Judgement{Action: rules.Tag, Policy: "tags", Unsure: []string{"either"}, Most: rules.Hold}},
	} {
		if diff := cmp.Diff(test.want, p.Judge(&rules.Judged{Exposure: test.x, Bytes: test.size})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if diff := cmp.Diff([]string{"envelope.from_domain"}, p.NotKept("both")); diff != "" {
		t.Error(diff)
	}
	quoting := compiled(t, hold("quoting", `exposure.direct >= 10 && !("run.held message.bytes" in exposure.fields) // envelope.from_domain`))
	for name, p := range map[string]*rules.Policies{"direct": p, "quoting": quoting} {
		if names := p.NotKept(name); len(names) != 0 {
			t.Errorf("%s is said to turn on %v", name, names)
		}
	}
	if quoting.Asks("message.bytes") || !p.Asks("message.bytes") {
		t.Error("who asks for the size is not told apart")
	}
}

// The verdict of a message and the judgement of what is kept of it are the
// same, for the default policies.
func TestJudgeAgreesWithDecide(t *testing.T) {
	specs, err := rules.ParsePolicies(policies.Name, policies.Default())
	if err != nil {
		t.Fatal(err)
	}
	p := compiled(t, specs...)
	in, err := rules.NewInspector(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{affectedMessage(), "From: a@b.test\r\nTo: c@d.test\r\n\r\nHello.\r\n"} {
		ev, err := in.Inspect(t.Context(), extract.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text))}, extract.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		v, err := p.Decide(rules.Envelope{From: "a@tool.test", Recipients: []string{"reader@mail.test"}}, ev, rules.Recent{})
		if err != nil {
			t.Fatal(err)
		}
		stored, err := json.Marshal(v.Exposure)
		if err != nil {
			t.Fatal(err)
		}
		m := rules.Judged{Bytes: ev.Bytes}
		if err := json.Unmarshal(stored, &m.Exposure); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v.Exposure, m.Exposure); diff != "" {
			t.Errorf("an exposure is not read as it was written:\n%s", diff)
		}
		if j := p.Judge(&m); j.Action != v.Action || j.Policy != v.Policy || len(j.Unsure) > 0 {
			t.Errorf("judged %+v, decided %s by %q", j, v.Action, v.Policy)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	specs, err := rules.ParsePolicies(policies.Name, policies.Default())
	if err != nil {
		b.Fatal(err)
	}
	p := compiled(b, specs...)
	m := rules.Judged{Exposure: rules.Exposure{Direct: 4, Contacts: 8, Fields: []string{"contact.email"}}, Bytes: 5000}
	for b.Loop() {
		p.Judge(&m)
	}
}
