package events_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/events"
)

// A batch is one call with a line each, signed as the receiver can check.
func TestWebhookIsSigned(t *testing.T) {
	const secret = "a secret of some length"
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		calls++
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		stamp, sum, _ := strings.Cut(req.Header.Get(events.SignatureHeader), ",v1=")
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(strings.TrimPrefix(stamp, "t=") + "."))
		mac.Write(body)
		if want := hex.EncodeToString(mac.Sum(nil)); sum != want {
			t.Errorf("the signature is %s, want %s", sum, want)
		}
		if lines := bytes.Count(body, []byte("\n")); lines != 2 || req.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%d lines of %s", lines, req.Header.Get("Content-Type"))
		}
	}))
	defer server.Close()
	if n, err := events.NewWebhook(server.URL, secret).Send(t.Context(), told(t)); n != 2 || err != nil || calls != 1 {
		t.Errorf("%d events in %d calls: %v", n, calls, err)
	}
}

// What is not taken is sent again, and no error repeats the address, which may
// be a secret. A redirect is not followed: the events would go elsewhere.
func TestWebhookThatDoesNotTake(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect is followed") }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "moved") {
			http.Redirect(w, req, elsewhere.URL, http.StatusTemporaryRedirect)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	for _, address := range []string{server.URL + "/secret-path", server.URL + "/secret-path/moved", "http://127.0.0.1:1/secret-path"} {
		n, err := events.NewWebhook(address, "").Send(t.Context(), told(t))
		if n != 0 || err == nil || strings.Contains(err.Error(), "secret-path") {
			t.Errorf("%d events are taken: %v", n, err)
		}
	}
}
