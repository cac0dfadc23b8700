package notify_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
)

// A call that waits goes to the webhook it was made for, wherever that stands in
// the configuration by then, and to no other in its place.
func TestAQueuedCallKeepsItsWebhook(t *testing.T) {
	var got []string
	hook := func(name string) notify.Webhook {
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got = append(got, name) }))
		t.Cleanup(server.Close)
		return notify.Webhook{URL: server.URL, Form: "json", Language: "en", On: notify.Kinds()}
	}
	first, second, third := hook("first"), hook("second"), hook("third")
	w := newWorld(t, func(c *notify.Config) { c.Mail.To, c.Webhooks = nil, []notify.Webhook{first, second} })
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	w.cfg.Webhooks = []notify.Webhook{third, second}
	after, err := notify.New(w.cfg) // after a restart
	if err != nil {
		t.Fatal(err)
	}
	if err := after.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != "second" || w.counts["webhook failed"] != 1 {
		t.Errorf("called %v, counts %v; want the second alone, and the first given up", got, w.counts)
	}
}

func TestWebhookIsSignedAndTriedAgainWithTheSameName(t *testing.T) {
	const secret = "0123456789abcdef"
	type request struct {
		header http.Header
		body   []byte
	}
	var got []request
	answers := []int{503, 429, 200}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, request{r.Header, body})
		w.WriteHeader(answers[min(len(got), len(answers))-1])
	}))
	defer hook.Close()
	w := newWorld(t, func(c *notify.Config) {
		c.Mail.To = nil
		c.Webhooks = []notify.Webhook{{URL: hook.URL, Form: "json", Language: "en", Secret: secret, On: notify.Kinds()}}
	})
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		w.flush(t)
		w.now = w.now.Add(10 * time.Minute)
	}
	if len(got) != 3 {
		t.Fatalf("called %d times, want 3", len(got))
	}
	for i, r := range got {
		stamp, _, _ := strings.Cut(strings.TrimPrefix(r.header.Get(notify.SignatureHeader), "t="), ",")
		unix, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if want := notify.Sign(secret, time.Unix(unix, 0), r.body); r.header.Get(notify.SignatureHeader) != want {
			t.Errorf("call %d is signed %q, want %q", i+1, r.header.Get(notify.SignatureHeader), want)
		}
		if r.header.Get(notify.DeliveryHeader) != got[0].header.Get(notify.DeliveryHeader) || !bytes.Equal(r.body, got[0].body) {
			t.Errorf("call %d is another notice", i+1)
		}
	}
	if got[0].header.Get(notify.SignatureHeader) == got[2].header.Get(notify.SignatureHeader) {
		t.Error("a later attempt has the time of the first: it could be played again")
	}
	// As `printf '1.{}' | openssl dgst -sha256 -hmac key` gives it.
	if s := notify.Sign("key", time.Unix(1, 0), []byte("{}")); s != "t=1,v1=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224" {
		t.Errorf("signed %s", s)
	}
	var body map[string]any
	if err := json.Unmarshal(got[0].body, &body); err != nil {
		t.Fatal(err)
	}
	if body["incident"] != "IN-7K2M-Q9XD" || body["subjects"] != 19997.0 || body["left_before"] != 12.0 || body["kind"] != "incident_opened" {
		t.Errorf("the body is %s", got[0].body)
	}
}

func TestWebhookThatRefusesIsGivenUpAndItsAddressStaysSecret(t *testing.T) {
	var log bytes.Buffer
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer hook.Close()
	w := newWorld(t, func(c *notify.Config) {
		c.Mail.To = nil
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.Webhooks = []notify.Webhook{
			{URL: hook.URL + "/T0KEN", Form: "slack", Language: "de", On: notify.Kinds()},
			{URL: "http://127.0.0.1:1/T0KEN", Form: "slack", Language: "en", On: notify.Kinds()}, // nobody listens
		}
	})
	if err := w.Tell(t.Context(), opened(), nil); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if w.counts["slack failed"] != 1 || w.outbox.items[1].done != "" {
		t.Errorf("counts %v; the second is %q", w.counts, w.outbox.items[1].done)
	}
	if log.Len() == 0 || strings.Contains(log.String(), "T0KEN") {
		t.Errorf("the log says:\n%s", log.String())
	}
}

func TestSlackTakesNoMarksFromUs(t *testing.T) {
	var body map[string]string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
	}))
	defer hook.Close()
	w := newWorld(t, func(c *notify.Config) {
		c.Webhooks = []notify.Webhook{{URL: hook.URL, Form: "slack", Language: "en", On: notify.Kinds()}}
	})
	e := opened()
	e.Kind, e.By = notify.Released, "<!channel> & co"
	if err := w.Tell(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if !strings.Contains(body["text"], "&lt;!channel&gt; &amp; co") || strings.Contains(body["text"], "<!") {
		t.Errorf("the text is %q", body["text"])
	}
}
