package main

import (
	"bytes"
	"fmt"
	"net/smtp"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// mailServer is a real mail server that sends its mail through Bulkhead.
type mailServer struct {
	address string // where it takes mail
	queued  func() int
	flush   func() // has it try its queue now
	log     func() []byte
	config  string // of the Bulkhead that it sends through; "" for the defaults
}

// shipped reads a file of configs/, with other addresses in it. A file that no
// longer names what is to be replaced is not what is tried.
func shipped(t testing.TB, name string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../configs", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !bytes.Contains(text, []byte(replace[i])) {
			t.Fatalf("configs/%s has no %q", name, replace[i])
		}
	}
	return strings.NewReplacer(replace...).Replace(string(text))
}

// The configurations under configs/, as they are but for addresses and paths,
// each with the server it is for: what is ordinary arrives unchanged, a leak is
// held, and while Bulkhead is stopped the server's queue keeps mail.
func TestShippedConfigurations(t *testing.T) {
	testbed.SkipShort(t, "other servers take long")
	t.Run("Postfix, relayhost", func(t *testing.T) {
		box, relay := newMailbox(t), freePort(t)
		testShipped(t, box, relay, box.address, startPostfixServer(t,
			shipped(t, "postfix/relayhost/main.cf", "[127.0.0.1]:2525", bracketed(t, relay)), ""))
	})
	t.Run("Postfix, content_filter", func(t *testing.T) {
		box, relay, back := newMailbox(t), freePort(t), freePort(t)
		next := fmt.Sprintf("relayhost = %s\n", bracketed(t, box.address))
		server := startPostfixServer(t,
			next+shipped(t, "postfix/content-filter/main.cf", "[127.0.0.1]:2525", bracketed(t, relay)),
			shipped(t, "postfix/content-filter/master.cf", "127.0.0.1:10026", back))
		server.config = writeFile(t, "bulkhead.yaml", shipped(t, "postfix/bulkhead.yaml", "127.0.0.1:2525", relay, "127.0.0.1:10026", back))
		testShipped(t, box, relay, back, server)
	})
	t.Run("Exim", func(t *testing.T) {
		box, relay := newMailbox(t), freePort(t)
		testShipped(t, box, relay, box.address, startExim(t, relay))
	})
	t.Run("OpenSMTPD", func(t *testing.T) {
		box, relay := newMailbox(t), freePort(t)
		testShipped(t, box, relay, box.address, startOpenSMTPD(t, relay))
	})
}

// toldOrigin is what the log has of a message whose client the server has told.
var toldOrigin = regexp.MustCompile(`"msg":"verdict".*"client":"127\.0\.0\.1".*"via":"127\.0\.0\.1","ident":"[0-9A-Za-z]+"`)

// testShipped puts a Bulkhead at the address of relay, behind the server and
// before the upstream.
func testShipped(t *testing.T, box *mailbox, relay, upstream string, server mailServer) {
	data := t.TempDir()
	how := []string{"--listen", relay}
	if server.config != "" {
		how = []string{"--config", server.config}
	}
	start := func() *process { return serve(t, data, "smtp://"+upstream, how...) }
	p := start()
	ordinary := ordinaryMessage("The bridge is open again", "for all vehicles.\n.and this line begins with a dot\n")
	post(t, server, ordinary)
	arrives(t, server, box, 1, ordinary)
	if server.config != "" { // then Bulkhead is told whose mail it is
		waitFor(t, "Bulkhead's log names the server's client", func() bool { return toldOrigin.MatchString(p.logged()) })
	}

	post(t, server, ordinaryMessage("News of your account", string(bulletin(40))))
	waitFor(t, "the leak is held", func() bool {
		return p.metric(t, `bulkhead_messages_total{action="hold",completeness="complete"}`) == 1
	})
	waitFor(t, "the server's queue is empty", func() bool { return server.queued() == 0 })

	p.stop(t)
	later := ordinaryMessage("The next meeting", "is on Thursday, at the usual place.\n")
	post(t, server, later)
	waitFor(t, "the server's queue keeps what Bulkhead could not take", func() bool { return server.queued() == 1 })
	p = start()
	arrives(t, server, box, 2, later)
	waitFor(t, "the server's queue is empty again", func() bool { return server.queued() == 0 })
	p.stop(t)
	if got := box.got(); len(got) != 2 {
		t.Errorf("%d messages arrived, want the 2 ordinary ones", len(got))
	}
	held, _, _ := runBulkhead(t, "quarantine", "list", "--format", "json", "--data-dir", data)
	if strings.Count(held, "\n") != 1 {
		t.Errorf("the quarantine holds %s, want the one leak", held)
	}
}

// ordinaryMessage has all the fields that a server would add.
func ordinaryMessage(subject, body string) []byte {
	header := "From: <sender@source.example>\nTo: <reader@sink.example>\nSubject: " + subject +
		"\nDate: Thu, 26 Nov 2026 10:00:00 +0000\nMessage-ID: <" + strings.ReplaceAll(subject, " ", ".") +
		"@source.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
	return crlf(strings.ReplaceAll(header+body, "\r\n", "\n"))
}

func post(t *testing.T, server mailServer, message []byte) {
	t.Helper()
	if err := smtp.SendMail(server.address, nil, "sender@source.example", []string{"reader@sink.example"}, message); err != nil {
		t.Fatalf("%v\n%s", err, server.log())
	}
}

// arrives waits for the n-th message, which must be this one below Received
// lines.
func arrives(t *testing.T, server mailServer, box *mailbox, n int, want []byte) {
	t.Helper()
	for deadline := time.Now().Add(patience); len(box.got()) < n; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("message %d does not arrive\n%s", n, server.log())
		}
		server.flush()
	}
	got, trace := box.got()[n-1].content, 0
	for !bytes.Equal(got, want) {
		below, err := belowTrace(got)
		if err != nil {
			t.Fatalf("message %d has changed: %v\n%s\nwant\n%s", n, err, got, want)
		}
		got, trace = below, trace+1
	}
	if trace < 2 {
		t.Errorf("message %d has %d Received lines, want the server's and Bulkhead's", n, trace)
	}
}
