package main

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
)

// hookLog is a webhook's receiver that checks signatures, and that calls are
// as they are described.
type hookLog struct {
	server *httptest.Server
	secret string

	mu     sync.Mutex
	bodies []string
	bad    int
}

func newHook(t *testing.T) *hookLog {
	h := &hookLog{secret: "a secret of the hook"}
	h.server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a short body fails the signature
		stamp, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get(notify.SignatureHeader), "t="), ",")
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies = append(h.bodies, string(body))
		unix := json.Number(stamp)
		n, err := unix.Int64()
		if err != nil || notify.Sign(h.secret, time.Unix(n, 0), body) != r.Header.Get(notify.SignatureHeader) || time.Since(time.Unix(n, 0)).Abs() > time.Minute {
			h.bad++
		}
		if !describedNotice(body) || r.Header.Get(notify.DeliveryHeader) == "" || r.Header.Get(notify.EventHeader) == "" {
			h.bad++
		}
	}))
	t.Cleanup(h.server.Close)
	return h
}

// describedNotice reports whether a call is as the API's document describes it.
func describedNotice(body []byte) bool {
	var n api.Notice
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&n); err != nil {
		return false
	}
	again, err := json.Marshal(n)
	return err == nil && bytes.Equal(again, body)
}

func (h *hookLog) got() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.bodies...)
}

// waitFor waits until something is true.
func waitFor(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// mailTo returns the mails to an address, decoded.
func (b *mailbox) mailTo(address string) (all []string) {
	for _, m := range b.got() {
		if len(m.to) == 1 && m.to[0] == address {
			text, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(m.content)))
			if err != nil {
				text = m.content
			}
			all = append(all, m.from+"\n"+string(text))
		}
	}
	return all
}

// The whole way of notices: one for the incident, whatever its copies; after a
// restart none again; a decision of another process; a non-delivery notice; and
// no value of anybody in any of them.
func TestNoticesReachReviewersAndSenders(t *testing.T) {
	box, hook, dir := newMailbox(t), newHook(t), t.TempDir()
	config := filepath.Join(dir, "bulkhead.yaml")
	data := filepath.Join(dir, "data")
	text := `
listeners: [{address: "127.0.0.1:0", allow: ["127.0.0.0/8"]}]
hostname: relay.example
data_dir: ` + data + `
upstream: {url: "` + box.url() + `"}
notify:
  from: bulkhead@office.example
  digest: 0s
  mail: {to: [review@office.example], events: [incident_opened, refused, released]}
  webhooks: [{url: "` + hook.server.URL + `/T0KEN", form: json, secret: "` + hook.secret + `"}]
  sender: {held: true, listed: [isp.example], languages: [en, de]}
`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serve(t, data, box.url(), "--config", config)
	customers := makeCustomers(50)
	s := attached("", "list@isp.example", "", "customers.csv", "text/csv", []byte(csvOf(customers)))
	var ids []string
	for _, to := range holdingTo {
		code, reply := dial(t, p.smtp[0]).send(s.from, []string{to}, s.content)
		if code != 250 || !strings.Contains(reply, "Held for review") {
			t.Fatalf("answered %d %s", code, reply)
		}
		ids = append(ids, strings.TrimSuffix(strings.Fields(reply)[5], ";"))
	}
	// Not authenticated and not listed: nothing goes there.
	stranger := attached("", "stranger@elsewhere.example", "", "customers.csv", "text/csv", []byte(csvOf(makeCustomers(30))))
	dial(t, p.smtp[0]).send(stranger.from, holdingTo[:1], stranger.content)
	waitFor(t, "two incidents are told", func() bool {
		return len(box.mailTo("review@office.example")) == 2 && len(hook.got()) == 2 && len(box.mailTo("list@isp.example")) == 1
	})
	if p.metric(t, `bulkhead_notifications_total{channel="mail",result="ok"}`) < 2 {
		t.Error("notices are not counted")
	}
	p.stop(t)
	p = serve(t, data, box.url(), "--config", config)

	_, errOut, status := runBulkhead(t, "quarantine", "refuse", ids[0], "--config", config, "--reason", "wrong file", "--by", "rita")
	if status != exitOK {
		t.Fatalf("refuse exits with %d: %s", status, errOut)
	}
	waitFor(t, "the refusal is told", func() bool {
		return len(box.mailTo("review@office.example")) == 3 && len(box.mailTo("list@isp.example")) == 2
	})
	if _, errOut, status := runBulkhead(t, "quarantine", "release", ids[1], "--config", config, "--reason", "agreed", "--by", "rita"); status != exitOK {
		t.Fatalf("release exits with %d: %s", status, errOut)
	}
	waitFor(t, "the release is told", func() bool { return len(box.mailTo("list@isp.example")) == 3 })
	p.stop(t)

	toSender := box.mailTo("list@isp.example")
	for i, want := range []string{"Nothing more will be sent until somebody decides", "Action: failed", "on its way"} {
		if !strings.HasPrefix(toSender[i], "\n") || !strings.Contains(toSender[i], want) {
			t.Errorf("notice %d to the sender, from the null path, says %q not:\n%s", i+1, want, toSender[i])
		}
	}
	if !strings.Contains(toSender[1], "Final-Recipient: rfc822; "+holdingTo[0]) || strings.Contains(toSender[1], holdingTo[1]) ||
		!strings.Contains(toSender[1], "Subject: The file") {
		t.Errorf("the non-delivery notice is\n%s", toSender[1])
	}
	if n := len(box.mailTo("stranger@elsewhere.example")); n != 0 {
		t.Errorf("%d notices to a sender nobody knows", n)
	}
	if hook.bad > 0 {
		t.Errorf("%d calls are not signed well", hook.bad)
	}
	all := strings.Join(append(append(toSender, box.mailTo("review@office.example")...), hook.got()...), "\n")
	for _, c := range customers {
		for _, field := range []int{0, 1, 2, 5, 6} {
			if strings.Contains(all, c[field]) {
				t.Fatalf("a notice holds a customer's %s", customerFields[field])
			}
		}
	}
	if strings.Contains(p.logged(), "T0KEN") {
		t.Error("the log has a webhook's address")
	}
}
