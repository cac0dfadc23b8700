package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/replay"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/google/go-cmp/cmp"
)

// past is a source of made-up messages.
type past struct {
	messages []quarantine.Exposure
	marks    map[string]quarantine.Mark
}

func (p *past) CountExposures(context.Context, time.Time) (int64, error) {
	return int64(len(p.messages)), nil
}

func (p *past) Marks(context.Context, time.Time) (map[string]quarantine.Mark, error) {
	return p.marks, nil
}

func (p *past) Exposures(ctx context.Context, _ time.Time, visit func(quarantine.Exposure) error) error {
	for _, m := range p.messages {
		if err := errors.Join(ctx.Err(), visit(m)); err != nil {
			return err
		}
	}
	return nil
}

func (p *past) add(t testing.TB, sender, run string, x rules.Exposure) {
	t.Helper()
	numbers, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	p.messages = append(p.messages, quarantine.Exposure{Sender: sender, Run: run, Exposure: numbers, Bytes: 100})
}

func policies(t testing.TB, specs ...rules.PolicySpec) *rules.Policies {
	t.Helper()
	p, err := rules.CompilePolicies(specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hold(name, when string) rules.PolicySpec {
	return rules.PolicySpec{Name: name, When: when, Action: rules.Hold}
}

func TestReportSaysWhatWouldChange(t *testing.T) {
	p := &past{marks: map[string]quarantine.Mark{
		"released": {Released: 2}, "refused": {Refused: 1}, "mixed": {Released: 1, Refused: 1}, "open": {},
	}}
	for range 5 {
		p.add(t, "ana", "", rules.Exposure{Direct: 1, Subjects: 1}) // passed by both
	}
	p.add(t, "ana", "released", rules.Exposure{Direct: 12, Subjects: 12})
	p.add(t, "ana", "released", rules.Exposure{Direct: 12, Subjects: 12})
	p.add(t, "ben", "refused", rules.Exposure{Direct: 15, Subjects: 15, Fields: []string{"person.name"}})
	p.add(t, "ben", "refused", rules.Exposure{Direct: 500, Subjects: 500})
	p.add(t, "cem", "mixed", rules.Exposure{Direct: 12, Subjects: 12})
	p.add(t, "cem", "open", rules.Exposure{Cards: 4, Subjects: 4})
	report, err := replay.Run(t.Context(), replay.Config{
		Source: p,
		Now:    policies(t, hold("bulk", "exposure.direct >= 10")),
		Next:   policies(t, hold("bulk", "exposure.direct >= 20"), rules.PolicySpec{Name: "cards", When: "exposure.cards > 3", Action: rules.Reject}),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &replay.Report{
		Messages: 11, Total: 11, Changed: 5, Held: replay.Pair{Now: 5, Next: 2},
		Newly: replay.Shift{Messages: 1, Runs: 1, Subjects: 4, Examples: []replay.Example{{Run: "open", Messages: 1, Subjects: 4}}},
		NoMore: replay.Shift{Messages: 4, Runs: 3, Subjects: 39, Examples: []replay.Example{
			{Run: "refused", Messages: 1, Subjects: 15, Fields: []string{"person.name"}}, {Run: "mixed", Messages: 1, Subjects: 12}, {Run: "released", Messages: 2, Subjects: 12},
		}},
		Policies: []replay.Change{
			{From: replay.Verdict{Action: "hold", Policy: "bulk"}, To: replay.Verdict{Action: "pass"}, Count: 4, Senders: 3, Subjects: 15},
			{From: replay.Verdict{Action: "pass"}, To: replay.Verdict{Action: "reject", Policy: "cards"}, Count: 1, Senders: 1, Subjects: 4},
		},
		Senders: []replay.Sender{
			{Sender: "ana", Passed: 2, Subjects: 12, Run: "released"},
			{Sender: "cem", Held: 1, Passed: 1, Subjects: 12, Run: "open"},
			{Sender: "ben", Passed: 1, Subjects: 15, Run: "refused"},
		},
		NotKept:  []replay.NotKept{},
		Reviewed: replay.Reviewed{RightlyLet: 2, WronglyLet: 1, Right: 1, Mixed: 1, Now: replay.Pass{Right: 2, WronglyHeld: 2}},
	}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// What a reviewer said of a hold counts, and not what became of its copies.
func TestMarksOfReviewersSayMoreThanDecisions(t *testing.T) {
	p := &past{marks: map[string]quarantine.Mark{
		"released": {Released: 2, Said: quarantine.MarkedRight}, "mixed": {Released: 1, Refused: 1, Said: quarantine.MarkedWrong},
		"open": {Said: quarantine.MarkedWrong},
	}}
	for _, run := range []string{"released", "mixed", "open"} {
		p.add(t, "ana", run, rules.Exposure{Direct: 12})
	}
	bulk := policies(t, hold("bulk", "exposure.direct >= 10"))
	report, err := replay.Run(t.Context(), replay.Config{Source: p, Now: bulk, Next: bulk})
	if err != nil {
		t.Fatal(err)
	}
	want := replay.Reviewed{Right: 1, WronglyHeld: 2, Now: replay.Pass{Right: 1, WronglyHeld: 2}}
	if diff := cmp.Diff(want, report.Reviewed); diff != "" {
		t.Errorf("reviewed (-want +got):\n%s", diff)
	}
}

func TestWhatIsNotKeptCountsForNeitherSide(t *testing.T) {
	p := &past{}
	p.add(t, "ana", "r", rules.Exposure{Direct: 7})
	p.add(t, "ana", "r", rules.Exposure{Direct: 2})
	unsure := hold("partner", `exposure.direct >= 5 && envelope.from_domain == "partner.example"`)
	run := func(now, next *rules.Policies) *replay.Report {
		t.Helper()
		report, err := replay.Run(t.Context(), replay.Config{Source: p, Now: now, Next: next})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	bulk := hold("bulk", "exposure.direct >= 100")
	report := run(policies(t, bulk), policies(t, bulk, unsure))
	if report.Unsure != 1 || report.Changed != 0 || len(report.NotKept) != 1 || report.NotKept[0].Variables[0] != "envelope.from_domain" {
		t.Errorf("report %+v", report)
	}
	// The same on both sides: nothing changes by it.
	report = run(policies(t, bulk, unsure), policies(t, unsure, bulk))
	if report.Unsure != 0 || report.Changed != 0 {
		t.Errorf("report %+v", report)
	}
	// It may be tagged or not: it is held no more.
	tag := rules.PolicySpec{Name: "unsure-tag", When: "sender.unusual", Action: rules.Tag}
	report = run(policies(t, hold("bulk", "exposure.direct >= 5")), policies(t, tag))
	if report.Unsure != 1 || report.Changed != 1 || report.Policies[0].To.Action != "pass" {
		t.Errorf("report %+v", report)
	}
}

// A policy that asks for the size must not be judged by another message's.
func TestSizesAreNotMixedUp(t *testing.T) {
	p := &past{}
	p.add(t, "ana", "r", rules.Exposure{})
	p.add(t, "ana", "r", rules.Exposure{})
	p.messages[1].Bytes = 1 << 30
	report, err := replay.Run(t.Context(), replay.Config{Source: p, Now: policies(t, hold("x", "exposure.cards > 1")), Next: policies(t, hold("large", "message.bytes > 1000000"))})
	if err != nil || report.Changed != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestProgressAndErrorsAreTold(t *testing.T) {
	p := &past{}
	for i := range 25_000 {
		p.add(t, "ana", "r", rules.Exposure{Direct: int64(i % 3)})
	}
	var told []string
	same := policies(t, hold("bulk", "exposure.direct >= 10"))
	_, err := replay.Run(t.Context(), replay.Config{Source: p, Now: same, Next: same, Progress: func(done, total int64) {
		told = append(told, fmt.Sprint(done, "/", total))
	}})
	if diff := cmp.Diff([]string{"0/25000", "10000/25000", "20000/25000"}, told); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	p.messages[100].Exposure = []byte("{")
	if _, err := replay.Run(t.Context(), replay.Config{Source: p, Now: same, Next: same}); err == nil {
		t.Error("numbers that cannot be read are taken for something")
	}
}

// BenchmarkRun is a month of 100,000 messages, of which one in ten has numbers
// of its own.
func BenchmarkRun(b *testing.B) {
	p := &past{}
	for i := range 100_000 {
		x := rules.Exposure{Recipients: 1, External: 1, Fields: []string{}, ByCategory: map[string]int64{}}
		if i%10 == 0 {
			x = rules.Exposure{Direct: int64(i), Subjects: int64(i), Contacts: int64(i * 2), Fields: []string{"contact.email", "person.name"},
				ByCategory: map[string]int64{"direct": int64(i)}, Recipients: 1}
		}
		p.add(b, fmt.Sprint("sender ", i%500), "", x)
	}
	now, next := policies(b, hold("bulk", "exposure.direct >= 10"), hold("cards", "exposure.cards >= 3")), policies(b, hold("bulk", "exposure.direct >= 5000"))
	b.ResetTimer()
	for b.Loop() {
		if _, err := replay.Run(b.Context(), replay.Config{Source: p, Now: now, Next: next}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "messages/s")
}

// A rehearsal that has taken its time says over what it was made.
func TestRehearsalEndsInTime(t *testing.T) {
	p := &past{}
	for range 10_000 {
		p.add(t, "ana", "", rules.Exposure{Direct: 12})
	}
	bulk := policies(t, hold("bulk", "exposure.direct >= 10"))
	report, err := replay.Run(t.Context(), replay.Config{Source: p, Now: bulk, Next: bulk, Within: time.Nanosecond})
	if err != nil || report.Total != 10_000 || report.Messages >= report.Total || report.Held.Now != report.Messages {
		t.Errorf("%+v, %v", report, err)
	}
}
