package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// What the console itself refuses, a program is told as it is told all else.
func TestProgramsAreTurnedAwayWithAProblem(t *testing.T) {
	store, _, _ := newStore(t)
	server, _ := newConsole(t, store)
	for name, change := range map[string]func(*http.Request){
		"a foreign name":   func(r *http.Request) { r.Host = "evil.example" },
		"another web page": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
	} {
		req, err := http.NewRequest(http.MethodPost, server.URL+"/api/v1/incidents/IN-0000-0000/refuse", strings.NewReader(`{"reason":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close() // read to its end
		var p struct {
			Status int
			Detail string
		}
		if err != nil || json.Unmarshal(text, &p) != nil || p.Status != resp.StatusCode || p.Detail == "" || p.Status < 400 || resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %s", name, resp.Status, text)
		}
	}
}
