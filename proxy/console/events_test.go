package console_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// An open page hears of a change, and hears nothing of the message.
func TestEventsTellOfChanges(t *testing.T) {
	store, _, _ := newStore(t)
	server, _ := newConsole(t, store)
	resp, err := http.Get(server.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // the test ends with it
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("the stream is %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				return data
			}
		}
		t.Fatalf("the stream ends: %v", lines.Err())
		return ""
	}
	first := next()
	holdMessage(t, store, quarantine.Message{From: "more@isp.example", Recipients: []quarantine.Recipient{{Address: "x@client.example"}},
		Policy: "many", Subjects: 10, Completeness: "complete", Action: "hold"}, "1", "name", "A***")
	second := next()
	if first == second || len(second) > 40 {
		t.Errorf("the events are %q and %q", first, second)
	}
}

// However many pages are open, only so many hold a connection, and others find
// room when one ends.
func TestFollowersAreBounded(t *testing.T) {
	store, _, _ := newStore(t)
	server, _ := newConsole(t, store)
	follow := func() *http.Response {
		resp, err := http.Get(server.URL + "/events")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() }) // closed before, perhaps
		return resp
	}
	first := follow()
	for range 99 {
		if resp := follow(); resp.StatusCode != http.StatusOK {
			t.Fatalf("one of a hundred pages is told %s", resp.Status)
		}
	}
	if resp := follow(); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one more is told %s", resp.Status)
	}
	first.Body.Close() // the page is left
	for range 100 {
		if resp := follow(); resp.StatusCode == http.StatusOK {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("nobody finds room once a page is left")
}
