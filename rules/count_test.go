package rules_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table/sample"
)

// People are counted exactly in nearly all clean tables, and nearly right in
// spoilt ones, whichever way the fields run.
func TestCountingPeopleKeepsItsFloor(t *testing.T) {
	maker, err := sample.NewMaker()
	if err != nil {
		t.Fatal(err)
	}
	p := defaultPolicies(t)
	for _, tc := range []struct {
		variant sample.Variant
		exact   float64 // share of tables, at least
		off     float64 // error, at most
	}{
		{sample.Clean, 0.99, 0.01},
		{sample.Foreign, 0.98, 0.01},
		{sample.Headerless, 0.97, 0.01},
		{sample.Shuffled, 0.99, 0.01},
		{sample.Transposed, 0.99, 0.01},
		{sample.Noisy, 0, 0.02},
		{sample.Mixed, 0.99, 0.01},
		{sample.Twin, 0.99, 0.01},
	} {
		t.Run(string(tc.variant), func(t *testing.T) {
			r, err := sample.MeasureCount(maker.Tables(4, tc.variant, 220), func(name string, csv []byte) (int, error) {
				return int(decide(t, p, envelope, inspectFile(t, name, string(csv))).Exposure.Subjects), nil
			})
			if err != nil {
				t.Fatal(err)
			}
			exact := float64(r.Exact) / float64(r.Tables)
			t.Logf("%.3f of %d tables exact, error %.4f", exact, r.Tables, r.Error)
			if exact < tc.exact || r.Error > tc.off {
				t.Errorf("%.3f of the tables are counted exactly, error %.4f; want at least %.2f and at most %.2f", exact, r.Error, tc.exact, tc.off)
			}
			for _, w := range r.Wrong {
				t.Log("  ", w)
			}
		})
	}
}

// Beyond a million people their number is an estimate, and not the bound.
func TestPeopleBeyondAMillionAreEstimated(t *testing.T) {
	if testing.Short() {
		t.Skip("1,200,000 rows; the plain run has them")
	}
	const people = 1_200_000
	var b strings.Builder
	b.WriteString("customer_id,email,birth_date\n")
	for i := range people {
		fmt.Fprintf(&b, "K%07d,p%d@client%d.org,19%02d-0%d-1%d\n", i, i, i%50, 30+i%70, 1+i%9, i%10)
	}
	got := decide(t, defaultPolicies(t), envelope, inspectFile(t, "list.csv", b.String())).Exposure.Subjects
	const deviation = 0.0081 * people // of a sketch of 2^14 registers
	if off := float64(got - people); math.Abs(off) > 4*deviation {
		t.Errorf("%d people, want %d within four standard deviations of %.0f", got, people, deviation)
	}
}

func inspectFile(t testing.TB, name, text string) *rules.Evidence {
	t.Helper()
	in, err := inspector()
	if err != nil {
		t.Fatal(err)
	}
	ev, err := in.InspectFile(context.Background(), name, extract.Source{ReaderAt: strings.NewReader(text), Size: int64(len(text))}, extract.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return ev
}
