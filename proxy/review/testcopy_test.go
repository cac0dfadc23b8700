package review_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
	"github.com/google/go-cmp/cmp"
)

// envelopes keeps the envelopes of what goes to an upstream.
type envelopes struct {
	office *office
	seen   []upstream.Envelope
}

func (e *envelopes) Send(ctx context.Context, x upstream.Envelope, content io.Reader, size int64) ([]upstream.Result, error) {
	e.seen = append(e.seen, x)
	return e.office.Send(ctx, x, content, size)
}

func TestTestCopyGoesToAReviewerAndIsNoRelease(t *testing.T) {
	o := newOffice(t, 2)
	seen := &envelopes{office: o}
	o.cfg.Upstream = seen
	send := func(to string) error {
		return o.desk().SendTest(t.Context(), review.TestCopy{Message: o.ids[0], To: to, By: "ana", Reason: "how it looks"})
	}
	if err := send("ana@office.test"); !errors.Is(err, review.ErrNotOwn) {
		t.Errorf("without a list of reviewers' addresses: %v", err)
	}
	o.cfg.Own = func(by, address string) bool { return by == "ana" && address == "ana@office.test" }
	if err := send("reader1@post.test"); !errors.Is(err, review.ErrNotOwn) {
		t.Errorf("to a reader: %v", err)
	}
	if len(seen.seen) != 0 {
		t.Fatalf("sent %v", seen.seen)
	}
	before := o.token()
	if err := send("ana@office.test"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ana@office.test: copy 1"}, o.got()); diff != "" {
		t.Error(diff)
	}
	if len(seen.seen) != 1 || seen.seen[0].From != "" || len(seen.seen[0].Recipients) != 1 {
		t.Errorf("envelopes %+v", seen.seen)
	}
	if diff := cmp.Diff(map[quarantine.State]int{quarantine.Held: 2}, o.states()); diff != "" || o.token() != before {
		t.Errorf("it changed what there is to decide: %s", diff)
	}
	o.answer = func(string) upstream.Outcome { return upstream.Refused }
	if err := send("ana@office.test"); !errors.Is(err, review.ErrNotTaken) {
		t.Errorf("refused: %v", err)
	}
	o.answer = nil
	if _, err := o.release(nil); err != nil || len(o.got()) != 3 {
		t.Errorf("the release leaves somebody out: %v, %v", err, o.got())
	}
	entries, _, err := o.store.Audit(t.Context(), quarantine.AuditQuery{Message: o.ids[0]})
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, e := range entries {
		if e.Act == quarantine.ActTested && e.By == "ana" && e.Reason == "how it looks" {
			tested++
		}
	}
	if tested != 2 {
		t.Errorf("%d test copies are in the trail, want 2", tested)
	}
}
