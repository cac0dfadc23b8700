package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
)

// beforeQueue is a real Postfix before whose queue there is a Bulkhead.
type beforeQueue struct {
	*postfixQueue
	fronts map[string]string // where clients come, by how Postfix hands on
}

// startBeforeQueue starts Postfix with the shipped configuration, and beside its
// front another that hands messages on as they come.
func startBeforeQueue(t *testing.T, box *mailbox, relay, back string) *beforeQueue {
	const adjusted = "\n    -o smtpd_proxy_options=speed_adjust"
	fronts := map[string]string{"speed_adjust": freePort(t), "as it comes": freePort(t)}
	file := func(front string, replace ...string) string {
		replace = append(replace, "smtp inet", front+" inet", "127.0.0.1:2525", relay, "127.0.0.1:10026", back)
		return shipped(t, "postfix/before-queue/master.cf", replace...)
	}
	second, _, found := strings.Cut(file(fronts["as it comes"], adjusted, ""), "\n# The way back")
	if !found {
		t.Fatal("the file does not say where the way back begins")
	}
	q := startPostfixWith(t, "relayhost = "+bracketed(t, box.address)+"\n", file(fronts["speed_adjust"])+second+"\n")
	return &beforeQueue{q, fronts}
}

// Before Postfix's queue, a client hears in its own session what becomes of its
// message, and the message is that client's: in Bulkhead's log, for its runs, and in
// Postfix's log behind Bulkhead.
func TestPostfixBeforeQueue(t *testing.T) {
	const policies = `
policies:
  - {name: few, when: "exposure.subjects >= 10", action: hold}
  - {name: some, when: "exposure.subjects >= 100", action: hold, answer: refuse}
  - {name: many, when: "exposure.subjects >= 200", action: reject}
`
	needProgram(t, "postfix", "postfix")
	box, relay, back, data := newMailbox(t), freePort(t), freePort(t), t.TempDir()
	q := startBeforeQueue(t, box, relay, back)
	config := shipped(t, "postfix/bulkhead.yaml", "127.0.0.1:2525", relay, "127.0.0.1:10026", back)
	p := serve(t, data, "smtp://"+back, "--config", writeFile(t, "bulkhead.yaml", config+policies))

	n := 0
	for how, front := range q.fronts {
		n++
		post := func(host, subject, body string) (int, string) {
			client := newClient(t, dialFrom(t, fmt.Sprintf("127.%d.%s", n, host), front))
			defer client.cmd(221, "QUIT")
			return client.send("sender@source.example", []string{"reader@sink.example"}, ordinaryMessage(subject, body))
		}
		const clean = "for all vehicles.\n.and this line begins with a dot\n"
		if code, text := post("0.9", "The bridge is open again", clean); code != 250 {
			t.Fatalf("%s, a clean message: %d %s\n%s", how, code, text, q.log())
		}
		server := mailServer{address: front, flush: q.flush, log: q.log}
		arrives(t, server, box, n, ordinaryMessage("The bridge is open again", clean))
		client := fmt.Sprintf("[127.%d.0.9]", n)
		content := box.got()[n-1].content
		if trace := bytes.SplitN(content, []byte("\r\nReceived: "), 3); len(trace) != 3 || !bytes.Contains(trace[2], []byte(client)) {
			t.Errorf("%s: the line of who had it from the client does not name it:\n%s", how, content)
		}
		if !bytes.Contains(q.log(), []byte(": client=localhost[127.0.0.1], orig_client=unknown"+client)) {
			t.Errorf("%s: Postfix's log behind Bulkhead does not name the client:\n%s", how, q.log())
		}
		for _, c := range []struct {
			host   string
			people int
			code   int
			says   string
		}{
			{"1.9", 20, 250, "Held for review as BH-"},
			{"1.10", 20, 250, "Held for review as BH-"}, // of the same network: the same run
			{"2.9", 120, 550, "A copy is kept for review"},
			{"3.9", 300, 550, "no copy kept"},
		} {
			if code, text := post(c.host, "News of your account", string(bulletin(c.people))); code != c.code || !strings.Contains(text, c.says) {
				t.Errorf("%s, %d people: %d %s", how, c.people, code, text)
			}
		}
		for _, host := range []string{"0.9", "1.9", "1.10", "2.9", "3.9"} {
			line := fmt.Sprintf(`"client":"127.%d.%s"`, n, host)
			p.tells(t, `"msg":"verdict"`, line)
			if log := p.logged(); strings.Count(log, line) != 1 {
				t.Errorf("%s: Bulkhead's log has %s more than once:\n%s", how, line, log)
			}
		}
	}
	waitFor(t, "Postfix's queue is empty", func() bool { to, _ := q.queued(); return len(to) == 0 })
	if len(box.got()) != n {
		t.Errorf("%d messages arrived, want the %d clean ones", len(box.got()), n)
	}

	p.stop(t)
	for how, front := range q.fronts {
		code, text := newClient(t, dialFrom(t, "127.0.0.9", front)).send("sender@source.example", []string{"reader@sink.example"}, ordinaryMessage("Later", "news\n"))
		if code/100 != 4 {
			t.Errorf("%s, while Bulkhead is stopped: %d %s", how, code, text)
		}
	}
	out, _, _ := runBulkhead(t, "incidents", "list", "--format", "json", "--data-dir", data)
	got := map[int]int{} // how many incidents have so many copies
	for line := range strings.Lines(out) {
		var incident struct{ Copies int }
		if err := json.Unmarshal([]byte(line), &incident); err != nil {
			t.Fatal(err)
		}
		got[incident.Copies]++
	}
	if want := map[int]int{2: n, 1: n}; !maps.Equal(got, want) {
		t.Errorf("incidents by their copies: %v, want %v", got, want)
	}
}
