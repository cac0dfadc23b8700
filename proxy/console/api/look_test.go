package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// inspector reads messages as a relay does, or says that it cannot now.
type inspector struct {
	t   *testing.T
	err error
}

func (i inspector) Inspect(ctx context.Context, message extract.Source) (*rules.Evidence, error) {
	if i.err != nil {
		return nil, i.err
	}
	in, err := rules.NewInspector(nil)
	if err != nil {
		return nil, err
	}
	return in.Unmasked().Inspect(ctx, message, extract.DefaultLimits())
}

func (inspector) Outline(ctx context.Context, message extract.Source, most int64) (extract.Outline, error) {
	return extract.New().Outline(ctx, message, extract.DefaultLimits(), most)
}

// holdContent holds a message of this content.
func (w *world) holdContent(content string) quarantine.Message {
	w.t.Helper()
	m, err := w.store.Hold(context.Background(), quarantine.Message{From: "list@isp.example", Recipients: []quarantine.Recipient{{Address: "dora@client.example"}},
		Action: "hold", Policy: "contact-list", PolicyVersion: "1", Completeness: "complete"}, strings.NewReader(content))
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// send sends a body and reads the answer, which is 200.
func (w *world) send(who, address, body string, v any) {
	w.t.Helper()
	if err := json.Unmarshal(w.want(http.StatusOK, who, address, body).body, v); err != nil {
		w.t.Fatal(err)
	}
}

// Programs that act for people see what people see: with the right, and a reason
// that the trail has before.
func TestWhatIsInAMessageIsShownWithAReason(t *testing.T) {
	looked := map[string]int{}
	w := newWorld(t, func(c *api.Config) {
		c.Inspector = inspector{t: t}
		c.Taken = func(kind string, given bool) {
			if given {
				looked[kind]++
			}
		}
	})
	m := w.holdContent("From: Bulletins <list@isp.example>\r\nSubject: =?utf-8?q?News_of_July?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--b\r\nContent-Type: text/csv; name=customers.csv\r\n\r\n" +
		"name,email,phone\r\nAlice Abbott,alice.abbott@client.example,+44 20 7946 0018\r\nBert Brown,bert.brown@client.example,+44 20 7946 0019\r\n" +
		"Cora Clark,cora.clark@client.example,+44 20 7946 0020\r\n--b--\r\n")
	for _, kind := range []string{"preview", "evidence"} {
		path := "POST /messages/" + m.ID + "/" + kind
		for status, x := range map[int][2]string{http.StatusForbidden: {viewer, `{"reason":"whose is it?"}`}, http.StatusUnprocessableEntity: {reviewer, `{"reason":""}`}} {
			w.want(status, x[0], path, x[1])
		}
		w.want(http.StatusNotFound, reviewer, "POST /messages/BH-0000-0000/"+kind, `{"reason":"x"}`)
	}
	if page, err := w.store.AuditLog(t.Context(), quarantine.AuditLogQuery{Message: m.ID}); err != nil || len(page.Entries) != 1 {
		t.Errorf("before anybody looked the trail has %d entries, %v", len(page.Entries), err)
	}
	var preview api.Preview
	w.send(reviewer, "POST /messages/"+m.ID+"/preview", `{"reason":"whose is it?"}`, &preview)
	if len(preview.Header) != 4 || preview.Header[1] != (api.HeaderField{Name: "Subject", Value: "News of July"}) {
		t.Errorf("the header is %+v", preview.Header)
	}
	if len(preview.Texts) != 1 || !preview.Texts[0].HTML || !strings.Contains(preview.Texts[0].Text, "<p>Hello</p>") {
		t.Errorf("the texts are %+v", preview.Texts)
	}
	if len(preview.Parts) != 2 || preview.Parts[1].Path != "2/customers.csv" || preview.Parts[1].Media != "text/csv" || preview.Parts[1].Outcome != "read" {
		t.Errorf("the parts are %+v", preview.Parts)
	}
	var revealed api.Revealed
	w.send(reviewer, "POST /messages/"+m.ID+"/evidence", `{"reason":"whose is it?"}`, &revealed)
	if len(revealed.Findings) != 1 || len(revealed.Findings[0].Sample) != 3 || revealed.Findings[0].Sample[0][0] != "Alice Abbott" {
		t.Errorf("revealed is %+v", revealed.Findings)
	}
	page, err := w.store.AuditLog(t.Context(), quarantine.AuditLogQuery{Message: m.ID})
	if err != nil || len(page.Entries) != 3 || page.Entries[0].Act != quarantine.ActUnmasked || page.Entries[1].Act != quarantine.ActViewed || page.Entries[0].Reason != "whose is it?" {
		t.Errorf("the trail has %+v, %v", page.Entries, err)
	}
	if looked["preview"] != 1 || looked["evidence"] != 1 {
		t.Errorf("counted are %v", looked)
	}
}

// unreadable is an inspector of a message that was not read as a whole.
type unreadable struct{ inspector }

func (unreadable) Inspect(context.Context, extract.Source) (*rules.Evidence, error) {
	return &rules.Evidence{
		Parts: []extract.Opened{{Part: extract.Part{Path: "1", Format: "pdf"}, Bytes: 9, Outcome: extract.Partly}},
		Unread: []extract.Unread{{Path: "1", Detail: "page 2 is a picture", Partial: true}, {Path: "2/a.zip", Format: "zip", Detail: "past the bound", Bytes: 7},
			{Path: "1", Detail: "page 3 is encrypted", Partial: true}},
	}, nil
}

// All that was not read is told, once: that of one part together, and that of
// none that is told by itself.
func TestPreviewTellsAllThatWasNotRead(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Inspector = unreadable{} })
	var preview api.Preview
	w.send(reviewer, "POST /messages/"+w.held.ID+"/preview", `{"reason":"whose is it?"}`, &preview)
	want := []api.MessagePart{{Path: "1", Format: "pdf", Bytes: 9, Outcome: "partial", Why: "page 2 is a picture; page 3 is encrypted"},
		{Path: "2/a.zip", Format: "zip", Bytes: 7, Outcome: "unread", Why: "past the bound"}}
	if !slices.Equal(preview.Parts, want) {
		t.Errorf("the parts are %+v, want %+v", preview.Parts, want)
	}
}

// A relay that has no room for it says so, and that it may be tried again.
func TestLookingMayHaveToWait(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Inspector = inspector{t: t, err: context.DeadlineExceeded} })
	w.want(http.StatusServiceUnavailable, reviewer, "POST /messages/"+w.held.ID+"/evidence", `{"reason":"x"}`)
	w = newWorld(t, nil)
	w.want(http.StatusNotImplemented, reviewer, "POST /messages/"+w.held.ID+"/preview", `{"reason":"x"}`)
}
