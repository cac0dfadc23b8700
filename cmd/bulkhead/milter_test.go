package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/d--j/go-milter"
)

// threeWays are policies of which each does another thing.
const threeWays = `BULKHEAD_POLICIES=[{name: leaks, when: "exposure.subjects >= 10", action: hold},
  {name: trial, when: "exposure.subjects >= 3", action: tag}, {name: never, when: "exposure.subjects >= 100", action: reject}]`

// The configuration under configs/postfix/milter/, as it is but for addresses, with
// a real Postfix: what is ordinary arrives unchanged, a leak is held and nobody
// has it until it is released, and then once; what is refused is told so in the
// relay's words. While Bulkhead is away the client keeps its mail.
func TestPostfixMilter(t *testing.T) {
	if testing.Short() {
		t.Skip("another server takes long")
	}
	box, at, back, data := newMailbox(t), freePort(t), freePort(t), t.TempDir()
	start := func() *process {
		return serve(t, data, "smtp://"+back, "BULKHEAD_LISTENERS=[]", "BULKHEAD_MILTER_LISTEN="+at, threeWays)
	}
	p := start()
	server := startPostfixServer(t,
		fmt.Sprintf("relayhost = %s\n", bracketed(t, box.address))+shipped(t, "postfix/milter/main.cf", "inet:127.0.0.1:8891", "inet:"+at),
		shipped(t, "postfix/milter/master.cf", "127.0.0.1:10027", back))

	ordinary := ordinaryMessage("The bridge is open", "for all vehicles.\n.and this line begins with a dot\n\nÄ. "+strings.Repeat("x", 900)+"\n")
	ordinary = bytes.Replace(ordinary, []byte("Subject: The bridge is"), []byte("Subject:  The bridge,\r\n\tat last,  is"), 1)
	post(t, server, ordinary)
	arrivesOnce(t, server, box, 1, ordinary)

	tagged := ordinaryMessage("Four customers", string(bulletin(4)))
	post(t, server, tagged)
	arrivesOnce(t, server, box, 2, append([]byte("X-Bulkhead-Tag: policy=trial; people=4\r\n"), tagged...))

	never := ordinaryMessage("All customers", string(bulletin(120)))
	refused := "550 5.7.1 Not sent, no copy kept: carries records of about 120 other people\n5.7.1 Data-loss policy \"never\": remove the list, or send it only to its own people"
	if told := refusal(server, never); told != refused {
		t.Errorf("what is rejected is told %q, want %q", told, refused)
	}

	leak := ordinaryMessage("News of your account", string(bulletin(40)))
	// As a client that asks for more, and brings another message before by the
	// same connection.
	postTwo(t, server, ordinaryMessage("The next meeting", "is on Friday.\n"), leak)
	arrivesOnce(t, server, box, 3, ordinaryMessage("The next meeting", "is on Friday.\n"))
	var held struct{ ID string }
	list, _, _ := runBulkhead(t, "quarantine", "list", "--format", "json", "--data-dir", data)
	if err := json.Unmarshal([]byte(list), &held); err != nil {
		t.Fatalf("the quarantine has %q, want the one leak, kept before the client was answered: %v", list, err)
	}
	eventually(t, "the server's queue is empty", func() bool { return server.queued() == 0 })
	if got := box.got(); len(got) != 3 {
		t.Fatalf("%d messages arrived before anybody decided, want 3", len(got))
	}
	cfg := configs.Default()
	cfg.DataDir = data
	store, err := openStore(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := store.Get(t.Context(), held.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%v %v %v", kept.MailParams, kept.Recipients[0].Params, kept.Client); got != "[BODY=8BITMIME RET=HDRS ENVID=a1] [NOTIFY=NEVER] 127.0.0.1" {
		t.Errorf("kept with %s", got)
	}

	if out, errOut, status := runBulkhead(t, "quarantine", "release", held.ID, "--data-dir", data, "--upstream", "smtp://"+back, "--reason", "agreed", "--by", "rita"); status != exitOK {
		t.Fatalf("release: %d %s%s", status, out, errOut)
	}
	arrivesOnce(t, server, box, 4, leak)
	for series, want := range map[string]float64{
		`bulkhead_messages_total{action="pass",completeness="complete"}`: 2, `bulkhead_messages_total{action="tag",completeness="complete"}`: 1,
		`bulkhead_messages_total{action="hold",completeness="complete"}`: 1, `bulkhead_messages_total{action="reject",completeness="complete"}`: 1,
		`bulkhead_milter_answers_total{answer="accept"}`: 3, `bulkhead_milter_answers_total{answer="discard"}`: 1, `bulkhead_milter_answers_total{answer="refuse"}`: 1,
	} {
		if got := p.metric(t, series); got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}

	p.stop(t)
	later := ordinaryMessage("The next meeting", "is on Thursday, at the usual place.\n")
	if told := refusal(server, later); !strings.HasPrefix(told, "451 4.7.1") {
		t.Errorf("while Bulkhead is away the client is told %q, want 451 4.7.1", told)
	}
	p = start()
	post(t, server, later)
	arrivesOnce(t, server, box, 5, later)
	p.stop(t)
}

// postTwo sends two messages by one connection, the second with all that DSN and
// 8BITMIME may say.
func postTwo(t *testing.T, server mailServer, one, two []byte) {
	t.Helper()
	c, err := smtp.Dial(server.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() // nothing is left after QUIT
	for _, m := range []struct {
		mail, rcpt string
		content    []byte
	}{{"", "", one}, {" BODY=8BITMIME RET=HDRS ENVID=a1", " NOTIFY=NEVER", two}} {
		for _, step := range []struct {
			code int
			line string
		}{{250, "EHLO client.example"}, {250, "MAIL FROM:<sender@source.example>" + m.mail}, {250, "RCPT TO:<reader@sink.example>" + m.rcpt}} {
			id, err := c.Text.Cmd("%s", step.line)
			if err != nil {
				t.Fatal(err)
			}
			c.Text.StartResponse(id)
			_, _, err = c.Text.ReadResponse(step.code)
			c.Text.EndResponse(id)
			if err != nil {
				t.Fatalf("%s: %v", step.line, err)
			}
		}
		w, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		w.Write(m.content)
		if err := w.Close(); err != nil {
			t.Fatalf("%v\n%s", err, server.log())
		}
	}
	c.Quit()
}

// refusal posts what is not to be taken, and returns the reply.
func refusal(server mailServer, message []byte) string {
	err := smtp.SendMail(server.address, nil, "sender@source.example", []string{"reader@sink.example"}, message)
	var told *textproto.Error
	if errors.As(err, &told) {
		return fmt.Sprintf("%d %s", told.Code, told.Msg)
	}
	return fmt.Sprint(err)
}

// arrivesOnce waits for the n-th message, which must be this one below Received
// lines, and the last.
func arrivesOnce(t *testing.T, server mailServer, box *mailbox, n int, want []byte) {
	t.Helper()
	for deadline := time.Now().Add(patience); len(box.got()) < n || server.queued() > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("message %d does not arrive\n%s", n, server.log())
		}
		server.flush()
	}
	all := box.got()
	if len(all) != n {
		t.Fatalf("%d messages arrived, want %d", len(all), n)
	}
	got := all[n-1].content
	for !bytes.Equal(got, want) {
		below, err := belowTrace(got)
		if err != nil {
			t.Fatalf("message %d has changed: %v\n%q\nwant\n%q", n, err, got, want)
		}
		got = below
	}
}

// By a Unix socket, which only its owner and group may use, and which is taken
// over from a process that has died; the upstream is not needed to be ready,
// since mail does not go there.
func TestMilterSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "m") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "milter.sock")
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	old.Close() // as a process that was killed leaves it
	r := startRelay(t, t.TempDir(), "smtp://"+freePort(t), func(c *configs.Config) {
		c.Listeners, c.Milter.Listen = nil, "unix:"+path
	})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Fatalf("%v, %v; want mode 660", info.Mode(), err)
	}
	if status, text := get(t, "http://"+r.metrics.Addr().String()+"/readyz"); status != 200 {
		t.Errorf("not ready: %d %s", status, text)
	}
	session, err := milter.NewClient("unix", path).Session(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, step := range []func() (*milter.Action, error){
		func() (*milter.Action, error) { return session.Conn("localhost", milter.FamilyUnix, 0, "/run/x") },
		func() (*milter.Action, error) { return session.Helo("localhost") },
		func() (*milter.Action, error) { return session.Mail("ana@source.example", "") },
		func() (*milter.Action, error) { return session.Rcpt("ben@sink.example", "") },
		session.DataStart,
		func() (*milter.Action, error) { return session.HeaderField("Subject", " words", nil) },
		session.HeaderEnd,
	} {
		if a, err := step(); err != nil || a.Type != milter.ActionContinue {
			t.Fatalf("%v, %v", a, err)
		}
	}
	_, a, err := session.BodyReadFrom(bytes.NewReader(bulletin(40)))
	if err != nil || a.Type != milter.ActionDiscard {
		t.Errorf("a leak is answered %v, %v; want it kept and discarded", a, err)
	}
	if _, err := listenMilter(&configs.Milter{Listen: "unix:" + path}, nil); err == nil {
		t.Error("a second process takes the socket of one that runs")
	}
}
