package rules

import (
	"testing"
)

// TestRestIsWhatEvaluationGives finds the short way of a condition to give what
// its evaluation gives, for messages with nothing in them but one thing.
func TestRestIsWhatEvaluationGives(t *testing.T) {
	conditions := []string{
		"exposure.direct >= 10", "exposure.direct == 0", "exposure.direct >= 5 && sender.subjects >= 100", "run.held || sender.unusual",
		`exposure.unread.exists(reason, reason in ["encrypted", "corrupt"])`, `"unknown" in exposure.unread`, "size(exposure.fields) == 0",
		`exposure.completeness != "complete"`, `exposure.completeness == "complete" && exposure.contacts > 0`, "exposure.confidence < 0.5",
		`exposure.subjects_by_category.exists(c, c == "direct")`, `"direct" in exposure.subjects_by_category && exposure.subjects_by_category["direct"] > 2`,
		`envelope.from == ""`, `envelope.from_domain.endsWith("example")`, `"reader.example" in envelope.recipient_domains`, "message.bytes > 1000",
		"!exposure.own_record", "exposure.body_is_table", "true", "10 / exposure.direct > 1", "exposure.recipients == 0 && exposure.external_recipients == 0",
	}
	type message struct {
		env    Envelope
		ev     Evidence
		x      Exposure
		recent Recent
	}
	messages := []message{
		{}, {x: Exposure{Direct: 12}}, {x: Exposure{Direct: 6}, recent: Recent{SenderSubjects: 200}}, {recent: Recent{SenderSubjects: 200}},
		{recent: Recent{RunHeld: true}}, {recent: Recent{SenderUnusual: true}}, {x: Exposure{Unread: []string{"corrupt"}}}, {x: Exposure{Unread: []string{"unknown"}}},
		{x: Exposure{Unread: []string{}, Fields: []string{}, ByCategory: map[string]int64{}}}, {x: Exposure{Fields: []string{"contact.email"}}},
		{x: Exposure{ByCategory: map[string]int64{"direct": 3}}}, {x: Exposure{Confidence: 0.9}}, {x: Exposure{Contacts: 30}}, {x: Exposure{OwnRecord: true}},
		{x: Exposure{BodyIsTable: true}}, {x: Exposure{Completeness: Partial}}, {x: Exposure{Completeness: Unscanned}},
		{env: Envelope{From: "ana@sender.example", Recipients: []string{"ben@reader.example"}}, ev: Evidence{Bytes: 4000}, x: Exposure{Recipients: 1, External: 1}},
	}
	for _, condition := range conditions {
		p, err := CompilePolicies([]PolicySpec{{Name: "p", When: condition, Action: Hold}}, nil)
		if err != nil {
			t.Fatal(condition, err)
		}
		policy := &p.list[0]
		short := 0
		for i := range messages {
			m := &messages[i]
			given := &facts{p.variables, m.env, &m.ev, &m.x, m.recent}
			if policy.rest.is(given) {
				short++
			}
			got, gotErr := policy.holds(given)
			result, _, wantErr := policy.program.Eval(given)
			if (gotErr != nil) != (wantErr != nil) || wantErr == nil && got != (result.Value() == true) {
				t.Errorf("%s: message %d: %t, %v; evaluated %v, %v", condition, i, got, gotErr, result, wantErr)
			}
		}
		if fails := condition == "10 / exposure.direct > 1"; fails == (short > 0) {
			t.Errorf("%s: the short way was taken for %d messages", condition, short)
		}
	}
}
