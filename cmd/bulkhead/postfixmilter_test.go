package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// threeWays are policies of which each does another thing.
const threeWays = `BULKHEAD_POLICIES=[{name: leaks, when: "exposure.subjects >= 10", action: hold},
  {name: trial, when: "exposure.subjects >= 3", action: tag}, {name: never, when: "exposure.subjects >= 100", action: reject}]`

// The configuration under configs/postfix/milter/, as it is but for addresses, with
// a real Postfix: what is ordinary arrives unchanged, a leak is held and nobody
// has it until it is released, and then once; what is refused is told so in the
// relay's words. While Bulkhead is away the client keeps its mail.
func TestPostfixMilter(t *testing.T) {
	testbed.SkipShort(t, "another server takes long")
	m := startMilterTrial(t)
	ordinary := ordinaryMessage("The bridge is open", "for all vehicles.\n.and this line begins with a dot\n\nÄ. "+strings.Repeat("x", 900)+"\n")
	ordinary = bytes.Replace(ordinary, []byte("Subject: The bridge is"), []byte("Subject:  The bridge,\r\n\tat last,  is"), 1)
	post(t, m.server, ordinary)
	m.arrives(1, ordinary)
	tagged := ordinaryMessage("Four customers", string(bulletin(4)))
	post(t, m.server, tagged)
	m.arrives(2, append([]byte("X-Bulkhead-Tag: policy=trial; people=4\r\n"), tagged...))
	refused := "550 5.7.1 Not sent, no copy kept: carries records of about 120 other people\n5.7.1 Data-loss policy \"never\": remove the list, or send it only to its own people"
	if told := refusal(m.server, ordinaryMessage("All customers", string(bulletin(120)))); told != refused {
		t.Errorf("what is rejected is told %q, want %q", told, refused)
	}

	// As a client that asks for more, and brings another message before by the
	// same connection.
	friday, leak := ordinaryMessage("The next meeting", "is on Friday.\n"), ordinaryMessage("News of your account", string(bulletin(40)))
	postTwo(t, m.server, friday, leak)
	held := m.held()
	m.arrives(3, friday)
	if out, status := m.release(held); status != exitOK {
		t.Fatalf("release: %d %s", status, out)
	}
	m.arrives(4, leak)
	m.release(held) // once more: whoever looks at what arrives next sees whether it was sent again
	m.counts(map[string]float64{
		`bulkhead_messages_total{action="pass",completeness="complete"}`: 2, `bulkhead_messages_total{action="tag",completeness="complete"}`: 1,
		`bulkhead_messages_total{action="hold",completeness="complete"}`: 1, `bulkhead_messages_total{action="reject",completeness="complete"}`: 1,
		`bulkhead_milter_answers_total{answer="accept"}`: 3, `bulkhead_milter_answers_total{answer="discard"}`: 1, `bulkhead_milter_answers_total{answer="refuse"}`: 1,
	})

	piped := ordinaryMessage("From a program", "The backup is done.\n")
	m.pipe(piped)
	m.arrives(5, piped)
	m.counts(map[string]float64{`bulkhead_milter_answers_total{answer="accept"}`: 4}) // it was asked about, too

	m.relay.stop(t)
	later := ordinaryMessage("The next meeting", "is on Thursday, at the usual place.\n")
	if told := refusal(m.server, later); !strings.HasPrefix(told, "451 4.7.1") {
		t.Errorf("while Bulkhead is away the client is told %q, want 451 4.7.1", told)
	}
	m.start()
	post(t, m.server, later)
	m.arrives(6, later)
	m.relay.stop(t)
}

// milterTrial is a Postfix that asks a Bulkhead, and what it delivers to.
type milterTrial struct {
	t              *testing.T
	box            *mailbox
	queue          *postfixQueue
	server         mailServer
	relay          *process
	at, back, data string // where it is asked, where it releases to, where it keeps
}

func startMilterTrial(t *testing.T) *milterTrial {
	m := &milterTrial{t: t, box: newMailbox(t), at: freePort(t), back: freePort(t), data: t.TempDir()}
	m.start()
	m.queue = startPostfixWith(t,
		fmt.Sprintf("relayhost = %s\n", bracketed(t, m.box.address))+shipped(t, "postfix/milter/main.cf", "inet:127.0.0.1:8891", "inet:"+m.at),
		shipped(t, "postfix/milter/master.cf", "127.0.0.1:10027", m.back))
	m.server = m.queue.server()
	return m
}

func (m *milterTrial) start() {
	m.relay = serve(m.t, m.data, "smtp://"+m.back, "BULKHEAD_LISTENERS=[]", "BULKHEAD_MILTER_LISTEN="+m.at, threeWays)
}

// held is the one message that is held, with what a release has to repeat.
func (m *milterTrial) held() string {
	m.t.Helper()
	var held struct{ ID string }
	list, _, _ := runBulkhead(m.t, "quarantine", "list", "--format", "json", "--data-dir", m.data)
	if err := json.Unmarshal([]byte(list), &held); err != nil {
		m.t.Fatalf("the quarantine has %q, want the one leak, kept before the client was answered: %v", list, err)
	}
	cfg := configs.Default()
	cfg.DataDir = m.data
	store, err := openStore(m.t.Context(), &cfg)
	if err != nil {
		m.t.Fatal(err)
	}
	defer store.Close() // it was only read
	kept, err := store.Get(m.t.Context(), held.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	if got := fmt.Sprintf("%v %v %v", kept.MailParams, kept.Recipients[0].Params, kept.Client); got != "[BODY=8BITMIME RET=HDRS ENVID=a1] [NOTIFY=NEVER] 127.0.0.1" {
		m.t.Errorf("kept with %s", got)
	}
	return held.ID
}

func (m *milterTrial) release(id string) (out string, status int) {
	out, errOut, status := runBulkhead(m.t, "quarantine", "release", id, "--data-dir", m.data, "--upstream", "smtp://"+m.back, "--reason", "agreed", "--by", "rita")
	return out + errOut, status
}

// pipe hands a message to sendmail(1), as a program of the machine does.
func (m *milterTrial) pipe(message []byte) {
	m.t.Helper()
	pipe := asRoot("sendmail", "-C", filepath.Join(m.queue.dir, "etc"), "-f", "sender@source.example", "reader@sink.example")
	pipe.Stdin = bytes.NewReader(message)
	if out, err := pipe.CombinedOutput(); err != nil {
		m.t.Fatalf("sendmail: %v\n%s", err, out)
	}
}

func (m *milterTrial) counts(want map[string]float64) {
	m.t.Helper()
	for series, want := range want {
		if got := m.relay.metric(m.t, series); got != want {
			m.t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
}

// arrives waits for the n-th message, which must be this one below Received
// lines, and the last.
func (m *milterTrial) arrives(n int, want []byte) {
	m.t.Helper()
	for deadline := time.Now().Add(patience); len(m.box.got()) < n || m.server.queued() > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatalf("message %d does not arrive\n%s", n, m.server.log())
		}
		m.server.flush()
	}
	all := m.box.got()
	if len(all) != n {
		m.t.Fatalf("%d messages arrived, want %d", len(all), n)
	}
	got := all[n-1].content
	for !bytes.Equal(got, want) {
		below, err := belowTrace(got)
		if err != nil {
			m.t.Fatalf("message %d has changed: %v\n%q\nwant\n%q", n, err, got, want)
		}
		got = below
	}
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
