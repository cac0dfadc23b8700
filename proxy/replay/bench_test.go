package replay_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/replay"
	"github.com/bulkhead-dlp/bulkhead/rules"
	builtin "github.com/bulkhead-dlp/bulkhead/rules/policies"
)

// What a changed threshold would have done to 100,000 messages, of which each
// tenth has people in it, of so many numbers as there are messages.
func BenchmarkRehearsal(b *testing.B) {
	store, err := quarantine.Open(b.Context(), b.TempDir(), quarantine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() }) // read only by now
	const n = 100_000
	l := &quarantine.Ledger{}
	begin := time.Now().Add(-n * time.Second)
	for i := range int64(n) {
		x := rules.Exposure{Recipients: 1 + i%3, External: 1, Fields: []string{}, ByCategory: map[string]int64{"direct": 0, "indirect": 0, "sensitive": 0}}
		if i%10 == 0 {
			x.Subjects, x.Direct, x.Records, x.Confidence = i%500, i%499, i, 0.9
			x.Fields = []string{"contact.email", "contact.phone", "person.name"}
		}
		numbers, err := json.Marshal(x)
		if err != nil {
			b.Fatal(err)
		}
		l.Exposures = append(l.Exposures, quarantine.Exposure{At: begin.Add(time.Duration(i) * time.Second), Sender: fmt.Sprint("sender ", i%1000), Run: fmt.Sprint("run ", i/2),
			Action: "pass", Exposure: numbers, Bytes: 1000 + i})
	}
	if err := store.WriteLedger(b.Context(), l); err != nil {
		b.Fatal(err)
	}
	specs, err := rules.ParsePolicies("default", builtin.Default())
	if err != nil {
		b.Fatal(err)
	}
	now, next := policies(b, specs...), policies(b, append([]rules.PolicySpec{{Name: "bulk-customer-records", When: "exposure.direct >= 20", Action: rules.Hold}}, specs[1:]...)...)
	for b.Loop() {
		report, err := replay.Run(b.Context(), replay.Config{Source: store, Now: now, Next: next})
		if err != nil || report.Messages != n || report.NoMore.Messages == 0 {
			b.Fatal(report, err)
		}
	}
}
