package proxy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

// archived is a letter with an archive, the beginning of an xz file.
const archived = "From: ana@sender.example\r\nTo: ben@reader.example\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\nContent-Type: application/octet-stream\r\n" +
	"Content-Disposition: attachment; filename=list.xz\r\nContent-Transfer-Encoding: base64\r\n\r\n/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj\r\n--b--\r\n"

// breakingReader has the reader of archives panic.
func breakingReader(cfg *proxy.Config) {
	cfg.Limits.Isolate = func(context.Context, foreign.Job, foreign.Output) error { panic("a value of the message") }
}

// TestPanicOfAReaderIsHeld: a message with a part on which its reader panics is
// kept for review. It is counted, and logged with the place in the code and
// nothing of the content; and the session and other clients go on.
func TestPanicOfAReaderIsHeld(t *testing.T) {
	for _, front := range []string{"smtp", "milter"} {
		t.Run(front, func(t *testing.T) {
			r, ask := newMilterRig(t, breakingReader)
			switch front {
			case "smtp":
				p, other := r.dial(t), r.dial(t)
				p.envelope()
				if reply := p.data(archived); !strings.HasPrefix(reply, "250 2.0.0 Held") {
					t.Errorf("reply %q, want held", reply)
				}
				for _, next := range []*peer{p, other} {
					next.envelope()
					if reply := next.data(message("words\r\n")); !strings.HasPrefix(reply, "250") {
						t.Errorf("a letter after it is answered %q", reply)
					}
				}
				if n := len(r.sink.got()); n != 2 {
					t.Errorf("the upstream has %d messages, want the two letters", n)
				}
			case "milter":
				m := ask()
				m.envelope("ben@reader.example")
				if got, _ := m.send(archived); got != "discard" {
					t.Errorf("the mail server is told %q, want it kept and discarded", got)
				}
				m.envelope("ben@reader.example")
				if got, _ := m.send(message("words\r\n")); got != "accept" {
					t.Errorf("a letter after it is answered %q", got)
				}
			}
			if r.store.count() != 1 {
				t.Errorf("%d messages are held, want 1", r.store.count())
			}
			if n := count(r.metrics.PartsUnread, string(extract.Failed)); n != 1 {
				t.Errorf("parts counted as failed: %v, want 1", n)
			}
			r.brokenDown(t, "breakingReader")
		})
	}
}

// brokenDown wants one line of the log that tells where something broke down.
func (r *rig) brokenDown(t *testing.T, place string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(r.logged()) {
		if strings.Contains(line, "broke down;") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], place) || !strings.Contains(lines[0], "level=ERROR") {
		t.Errorf("the log says %q, want one line with the place, in %s", lines, place)
	}
	if strings.Contains(r.logged(), "a value") {
		t.Errorf("the log has what broke off: %s", r.logged())
	}
}
