//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/d--j/go-milter"
)

// milterAnswer shows a message to a relay as a mail server would.
func milterAnswer(t *testing.T, address string, content []byte) *milter.Action {
	t.Helper()
	session, err := milter.NewClient("tcp", address).Session(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close() // what counts has been read
	head, body, _ := strings.Cut(string(content), "\r\n\r\n")
	steps := []func() (*milter.Action, error){
		func() (*milter.Action, error) {
			return session.Conn("client.example", milter.FamilyInet, 40000, "192.0.2.7")
		},
		func() (*milter.Action, error) { return session.Helo("client.example") },
		func() (*milter.Action, error) { return session.Mail("ana@office.example", "") },
		func() (*milter.Action, error) { return session.Rcpt("ben@client.example", "") },
		session.DataStart,
	}
	for field := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		steps = append(steps, func() (*milter.Action, error) { return session.HeaderField(name, value, nil) })
	}
	for _, step := range append(steps, session.HeaderEnd) {
		if a, err := step(); err != nil || a.Type != milter.ActionContinue {
			t.Fatalf("%v, %v", a, err)
		}
	}
	_, a, err := session.BodyReadFrom(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestPanicInTheProgram: the file of an index is cut off under the relay, so that
// each look-up in it is a fault of memory, which is a panic where it happens.
// Nobody's mail is passed or lost by that: it is answered 451 for mail servers
// and clients, the log says where it was and nothing of whom, and the relay
// takes mail again as soon as the index is whole.
func TestPanicInTheProgram(t *testing.T) {
	dir := t.TempDir()
	customers := makeCustomers(2000)
	path, key := buildIndex(t, dir, customers)
	mailServers := freePort(t)
	config := writeFile(t, "bulkhead.yaml", fmt.Sprintf(`
listeners: [{address: "127.0.0.1:0", allow: [127.0.0.0/8]}]
milter: {listen: %q, allow: [127.0.0.0/8]}
indexes: [{name: customers, path: %q, key_file: %q}]
`, mailServers, path, key))
	box := newMailbox(t)
	p := serve(t, t.TempDir(), box.url(), "--config", config)
	about := func(people [][]string) []byte {
		return letter("", "ana@office.example", "ben@client.example", "Dear Ben,\n\n"+notes(people)+"Regards\nAna\n").content
	}
	stranger, customer := about(strangers(2000)[:1]), about(customers[500:505])
	c := dial(t, p.smtp[0])
	if code, text := c.send("ana@office.example", []string{"ben@client.example"}, stranger); code != 250 || len(box.got()) != 1 {
		t.Fatalf("a letter is answered %d %s", code, text)
	}

	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	for _, content := range [][]byte{stranger, customer} {
		if code, text := c.send("ana@office.example", []string{"ben@client.example"}, content); code != 451 || !strings.HasPrefix(text, "4.3.0 Could not be inspected") {
			t.Errorf("with the index cut off a message is answered %d %s, want 451", code, text)
		}
		if a := milterAnswer(t, mailServers, content); a.SMTPCode != 451 {
			t.Errorf("with the index cut off a mail server is told %v, want 451", a)
		}
	}
	if n := p.metric(t, `bulkhead_message_faults_total{reason="panic",stage="inspect"}`); n != 4 {
		t.Errorf("%v panics are counted, want 4", n)
	}
	p.tells(t, `"level":"ERROR"`, "broke down", "rules/exact.")
	if n := len(box.got()); n != 1 {
		t.Errorf("the upstream has %d messages, want the one of before", n)
	}

	buildIndex(t, dir, customers)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) { // as clients do after 451
		code, text := c.send("ana@office.example", []string{"ben@client.example"}, stranger)
		if code == 250 && len(box.got()) == 2 {
			break
		}
		if code != 451 || time.Now().After(deadline) {
			t.Fatalf("with the index whole again a letter is answered %d %s", code, text)
		}
	}
	if code, text := c.send("ana@office.example", []string{"ben@client.example"}, customer); code != 250 || !strings.Contains(text, "Held for review") {
		t.Errorf("a message about customers is answered %d %s, want held", code, text)
	}
	for _, who := range append(customers[500:505], strangers(2000)[0]) {
		if strings.Contains(p.logged(), who[6]) || strings.Contains(p.logged(), who[2]) {
			t.Errorf("the log names who a message was about")
		}
	}
	p.stop(t)
}
