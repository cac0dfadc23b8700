package proxy_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// A message that is being read when other rules are put in force is decided on
// by those that it is read by, and its verdict names them and no others.
func TestAMessageIsReadAndDecidedByOneVersion(t *testing.T) {
	var now atomic.Pointer[proxy.Rules]
	version := func(people int, words rules.HeaderWords) *proxy.Rules {
		in, err := rules.NewInspector(words)
		if err != nil {
			t.Fatal(err)
		}
		specs, err := rules.ParsePolicies("test.yaml", fmt.Appendf(nil, "policies: [{name: from-%d, when: exposure.direct >= %d, action: hold}]", people, people))
		if err != nil {
			t.Fatal(err)
		}
		p, err := rules.CompilePolicies(specs, nil)
		if err != nil {
			t.Fatal(err)
		}
		return &proxy.Rules{Inspector: in, Policies: p}
	}
	strict, lax := version(10, nil), version(500, rules.HeaderWords{"id.customer": {"certain": {"dossier"}}})
	// While the first message is read the other version comes into force.
	strict.Inspector = swapping{strict.Inspector, func() { now.Store(lax) }}
	now.Store(strict)
	told := make(chan proxy.Judged, 2)
	r := newRig(t, func(cfg *proxy.Config) {
		cfg.InForce = func() proxy.Rules { return *now.Load() }
		cfg.Tell = func(j *proxy.Judged) { told <- *j }
	})
	p := r.dial(t)
	var ruleSets []string
	for i, want := range []struct {
		reply string
		by    *proxy.Rules
	}{{"250 2.0.0 Held", strict}, {"250", lax}} {
		p.envelope()
		if reply := p.data(message(leak(40))); !strings.HasPrefix(reply, want.reply) {
			t.Errorf("message %d is answered %q, want %s", i, reply, want.reply)
		}
		j := <-told
		if j.Verdict == nil || j.Verdict.PolicyVersion != want.by.Policies.Version() {
			t.Fatalf("message %d is judged by %+v, want policies %s", i, j.Verdict, want.by.Policies.Version())
		}
		ruleSets = append(ruleSets, j.Verdict.RuleSet)
	}
	if ruleSets[0] == ruleSets[1] {
		t.Errorf("two lexicons have one version, %s", ruleSets[0])
	}
}

// swapping is an inspector during whose work something happens.
type swapping struct {
	proxy.Inspector
	meanwhile func()
}

func (s swapping) Inspect(ctx context.Context, m extract.Source, l extract.Limits) (*rules.Evidence, error) {
	evidence, err := s.Inspector.Inspect(ctx, m, l)
	s.meanwhile()
	return evidence, err
}
