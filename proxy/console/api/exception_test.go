package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
)

// noted notes what it is asked for.
type noted struct {
	allowed []review.Exception
	tests   []review.TestCopy
	err     error
}

func (n *noted) Allow(_ context.Context, x review.Exception) error {
	if n.err == nil {
		n.allowed = append(n.allowed, x)
	}
	return n.err
}

func (n *noted) SendTest(_ context.Context, q review.TestCopy) error {
	if n.err == nil {
		n.tests = append(n.tests, q)
	}
	return n.err
}

// Only what is in the message can be allowed of it, and with an end.
func TestWhatIsInAMessageIsAllowed(t *testing.T) {
	n := &noted{}
	w := newWorld(t, func(c *api.Config) { c.Allow, c.Test = n, n })
	path := "POST /messages/" + w.held.ID + "/allow"
	for _, body := range []string{
		`{"reason":"contract","kind":"recipient","value":"other@client.example","days":30}`, `{"reason":"contract","kind":"sender-domain","value":"client.example","days":30}`,
		`{"reason":"contract","kind":"person","value":"dora@client.example","days":30}`, `{"reason":" ","kind":"recipient","value":"dora@client.example","days":30}`,
		`{"reason":"contract","kind":"recipient","value":"dora@client.example","days":0}`, `{"reason":"contract","kind":"recipient","value":"dora@client.example","days":3651}`,
		`{"reason":"contract","kind":"recipient","days":30}`,
	} {
		w.want(http.StatusUnprocessableEntity, reviewer, path, body)
	}
	w.want(http.StatusForbidden, viewer, path, `{"reason":"contract","kind":"recipient","value":"dora@client.example","days":30}`)
	if len(n.allowed) != 0 {
		t.Fatalf("allowed is %+v", n.allowed)
	}
	w.want(http.StatusNoContent, reviewer, path, `{"reason":"contract 12","kind":"recipient-domain","value":"CLIENT.example","days":30}`)
	w.want(http.StatusNoContent, reviewer, path, `{"reason":"weekly","kind":"table","days":1}`)
	if len(n.allowed) != 2 {
		t.Fatalf("allowed is %+v", n.allowed)
	}
	x := n.allowed[0]
	if x.Kind != "recipient-domain" || x.Value != "client.example" || x.Policy != "bulk-customer-records" || x.Owner == "" || x.Reason != "contract 12" ||
		x.Incident != w.held.Incident || x.Message != w.held.ID || time.Until(x.Expires).Round(24*time.Hour) != 30*24*time.Hour {
		t.Errorf("allowed is %+v", x)
	}
	n.err = &review.NotAllowedError{Why: "entry AL-1 allows the same"}
	w.want(http.StatusUnprocessableEntity, reviewer, path, `{"reason":"weekly","kind":"table","days":1}`)
	w = newWorld(t, nil)
	w.want(http.StatusNotImplemented, reviewer, "POST /messages/"+w.held.ID+"/allow", `{"reason":"weekly","kind":"table","days":1}`)
}

func TestATestCopyIsSent(t *testing.T) {
	n := &noted{}
	w := newWorld(t, func(c *api.Config) { c.Allow, c.Test = n, n })
	path := "POST /messages/" + w.held.ID + "/test"
	w.want(http.StatusForbidden, viewer, path, `{"reason":"to see it","to":"ana@office.example"}`)
	w.want(http.StatusUnprocessableEntity, reviewer, path, `{"reason":"to see it"}`)
	w.want(http.StatusNoContent, reviewer, path, `{"reason":"to see it","to":"ana@office.example"}`)
	if len(n.tests) != 1 || n.tests[0].To != "ana@office.example" || n.tests[0].Message != w.held.ID || n.tests[0].Reason != "to see it" || n.tests[0].By == "" {
		t.Errorf("sent are %+v", n.tests)
	}
	for err, status := range map[error]int{review.ErrNotOwn: http.StatusUnprocessableEntity, review.ErrNotTaken: http.StatusBadGateway} {
		n.err = err
		w.want(status, reviewer, path, `{"reason":"to see it","to":"ana@office.example"}`)
	}
	w = newWorld(t, nil)
	w.want(http.StatusNotImplemented, reviewer, "POST /messages/"+w.held.ID+"/test", `{"reason":"to see it","to":"ana@office.example"}`)
}
