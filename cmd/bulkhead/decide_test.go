package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/replay"
)

// mailingOffice is a relay whose reviewers and listed senders are told, and its
// command line.
type mailingOffice struct {
	t      *testing.T
	box    *mailbox
	p      *process
	config string
	data   string
}

func newMailingOffice(t *testing.T) *mailingOffice {
	t.Helper()
	dir := t.TempDir()
	o := &mailingOffice{t: t, box: newMailbox(t), config: filepath.Join(dir, "bulkhead.yaml"), data: filepath.Join(dir, "data")}
	text := fmt.Sprintf(`
listeners: [{address: "127.0.0.1:0", allow: ["127.0.0.0/8"]}]
hostname: relay.example
data_dir: %s
upstream: {url: "%s"}
notify:
  digest: 0s
  mail: {to: [review@office.example], events: [incident_opened, refused, released, release_failed]}
  sender: {held: true, listed: [isp.example]}
`, o.data, o.box.url())
	if err := os.WriteFile(o.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.p = serve(t, o.data, o.box.url(), "--config", o.config)
	return o
}

// hold sends a list of n customers to each reader, and checks that it is held.
func (o *mailingOffice) hold(n int, readers ...string) {
	o.t.Helper()
	s := attached("", "list@isp.example", "", "customers.csv", "text/csv", []byte(csvOf(makeCustomers(n))))
	for _, to := range readers {
		if code, reply := dial(o.t, o.p.smtp[0]).send(s.from, []string{to}, s.content); code != 250 || !strings.Contains(reply, "Held for review") {
			o.t.Fatalf("answered %d %s", code, reply)
		}
	}
}

func (o *mailingOffice) run(want int, args ...string) (stdout, stderr string) {
	o.t.Helper()
	out, errOut, status := runBulkhead(o.t, append(args, "--config", o.config)...)
	if status != want {
		o.t.Fatalf("%s exits with %d, want %d: %s%s", strings.Join(args, " "), status, want, out, errOut)
	}
	return out, errOut
}

func (o *mailingOffice) sheet() api.Sheet {
	o.t.Helper()
	list, _ := o.run(exitOK, "incidents", "list", "--format", "json")
	var i api.Incident
	if err := json.Unmarshal([]byte(list), &i); err != nil {
		o.t.Fatalf("%v: %s", err, list)
	}
	out, _ := o.run(exitOK, "incidents", "show", i.ID, "--format", "json")
	var s api.Sheet
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		o.t.Fatalf("%v: %s", err, out)
	}
	return s
}

func (o *mailingOffice) delivered() (to []string) {
	for _, m := range o.box.got() {
		if m.from == "list@isp.example" {
			to = append(to, m.to...)
		}
	}
	slices.Sort(to)
	return to
}

func TestIncidentsAreFoundClaimedAndMarked(t *testing.T) {
	o := newMailingOffice(t)
	o.hold(150, "dora@client.example", "emil@client.example")
	id := o.sheet().ID
	o.run(exitOK, "incidents", "assign", id, "--to", "ben", "--by", "ana", "--reason", "on leave")
	if _, errOut := o.run(exitError, "incidents", "assign", id, "--by", "ana", "--reason", "mine"); !strings.Contains(errOut, `claimed by somebody else: "ben"`) {
		t.Errorf("claimed twice: %s", errOut)
	}
	o.run(exitOK, "incidents", "mark", id, "--as", "wrong", "--by", "ben", "--reason", "a test list")
	for text, want := range map[string]bool{
		"state:open people:>=100 from:list@isp.example": true,
		"assigned:ben mark:wrong copies:2":              true,
		"to:emil@client.example -to:@other.example":     true,
		"to:other@client.example":                       false,
		"assigned:none OR completeness:unscanned":       false,
		"age:>1h": false,
	} {
		if list, _ := o.run(exitOK, "incidents", "list", "--format", "json", "-q", text); strings.Contains(list, id) != want {
			t.Errorf("incidents %s: %s", text, list)
		}
	}
	if list, _ := o.run(exitOK, "quarantine", "list", "--format", "json", "-q", "to:dora@client.example mark:wrong"); strings.Count(list, "\n") != 1 || !strings.Contains(list, id) {
		t.Errorf("messages: %s", list)
	}
	if _, errOut := o.run(exitError, "incidents", "list", "-q", "state:open peple:>3"); !strings.Contains(errOut, "at character 12") || !strings.Contains(errOut, "did you mean people:?") {
		t.Errorf("a wrong key: %s", errOut)
	}
}

func TestIncidentIsReleasedAsOneByTwoPeople(t *testing.T) {
	o := newMailingOffice(t)
	readers := []string{"dora@client.example", "emil@client.example", "fay@client.example", "gus@client.example"}
	o.hold(150, readers...)
	s := o.sheet()
	if s.Copies != 4 || s.Messages["held"] != 4 || !s.TwoPeople || s.Token == "" || s.State != "open" {
		t.Fatalf("the incident is shown as %+v", s)
	}
	list, _ := o.run(exitOK, "quarantine", "list", "--format", "json", "--limit", "1")
	var one api.Message
	if err := json.Unmarshal([]byte(list), &one); err != nil {
		t.Fatal(err)
	}
	if _, errOut := o.run(exitError, "quarantine", "release", one.ID, "--reason", "round about", "--by", "ana"); !strings.Contains(errOut, "two people") {
		t.Errorf("one message alone: %s", errOut)
	}
	if _, errOut := o.run(exitError, "incidents", "release", s.ID, "--reason", "agreed", "--by", "ana", "--token", "AAAA"); !strings.Contains(errOut, "another token") {
		t.Errorf("with a token of something else: %s", errOut)
	}
	if _, errOut := o.run(exitFound, "incidents", "release", s.ID, "--reason", "agreed", "--by", "ana", "--token", s.Token); !strings.Contains(errOut, "second person") {
		t.Errorf("asked for: %s", errOut)
	}
	// The second person has to see what was asked for.
	if _, errOut := o.run(exitError, "incidents", "approve", s.ID, "--reason", "unseen", "--by", "ben", "--token", s.Token); !strings.Contains(errOut, "another token") {
		t.Errorf("with the token of before it was asked for: %s", errOut)
	}
	if s = o.sheet(); s.State != "awaiting_approval" || s.Decision == nil || s.Decision.By != "ana" || s.Decision.Copies != 4 || s.Decision.Force {
		t.Errorf("it waits as %+v", s)
	}
	if out, _ := o.run(exitOK, "incidents", "show", s.ID); !strings.Contains(out, "of 4 copies, to all who do not have it\n") {
		t.Errorf("it is shown as\n%s", out)
	}
	if _, errOut := o.run(exitError, "incidents", "approve", s.ID, "--reason", "me again", "--by", "Ana", "--token", s.Token); !strings.Contains(errOut, "second person") {
		t.Errorf("approved by who asked: %s", errOut)
	}
	if got := o.delivered(); len(got) != 0 {
		t.Fatalf("sent before anybody agreed: %v", got)
	}
	out, _ := o.run(exitOK, "incidents", "approve", s.ID, "--reason", "seen", "--by", "ben", "--token", s.Token, "--format", "json")
	if n := strings.Count(out, `"state":"released"`); n != 4 {
		t.Errorf("%d results, want 4:\n%s", n, out)
	}
	if got := o.delivered(); !slices.Equal(got, readers) {
		t.Errorf("delivered to %v", got)
	}
	if s := o.sheet(); s.State != "decided" || s.Messages["released"] != 4 {
		t.Errorf("in the end it is %+v", s)
	}
	waitFor(t, "one notice of the hold and one of the release for each", func() bool {
		return len(o.box.mailTo("review@office.example")) == 2 && len(o.box.mailTo("list@isp.example")) == 2
	})
	o.run(exitOK, "audit", "verify")
}

func TestRefusedIncidentReturnsToItsSenderOnce(t *testing.T) {
	o := newMailingOffice(t)
	readers := []string{"dora@client.example", "emil@client.example", "fay@client.example"}
	o.hold(40, readers...)
	s := o.sheet()
	o.run(exitOK, "incidents", "refuse", s.ID, "--reason", "wrong file", "--by", "ana")
	waitFor(t, "the sender is told", func() bool { return len(o.box.mailTo("list@isp.example")) == 2 })
	returned := o.box.mailTo("list@isp.example")[1]
	for _, to := range readers {
		if !strings.Contains(returned, "Final-Recipient: rfc822; "+to) {
			t.Errorf("%s is not in the non-delivery notice:\n%s", to, returned)
		}
	}
	o.run(exitOK, "incidents", "delete", s.ID, "--reason", "of no use", "--by", "ana")
	if s := o.sheet(); s.Messages["deleted"] != 3 {
		t.Errorf("in the end it is %+v", s)
	}
	if _, errOut := o.run(exitError, "incidents", "refuse", s.ID, "--reason", "again", "--by", "ana"); !strings.Contains(errOut, "nothing is left") {
		t.Errorf("decided again: %s", errOut)
	}
	if n := len(o.box.mailTo("list@isp.example")); n != 2 {
		t.Errorf("%d notices to the sender, want 2", n)
	}
}

// What had left before the first copy was held makes it a breach, and who got
// it is in the list.
func TestBreachRecordTellsWhatHadLeft(t *testing.T) {
	box, data, dir := newMailbox(t), t.TempDir(), t.TempDir()
	p := startRelay(t, data, box.url(), nil)
	customers := makeCustomers(8)
	var list strings.Builder
	list.WriteString("Dear member,\n\n" + strings.Repeat("our yearly meeting takes place in the hall beside the station at seven.\n", 4) + "\n")
	for _, c := range customers {
		fmt.Fprintf(&list, "%s\n", c[6])
	}
	c := dialQuiet(p.listeners[0].Addr().String())
	for _, customer := range customers {
		c.deliver(posting{"club@isp.example", customer[6], crlf(list.String())})
	}
	id := p.incidents(t)[0].ID
	p.stop() // the ledger is written
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "record.json")
	_, errOut, status := runBulkhead(t, "incidents", "report", id, "--data-dir", data, "--format", "json", "-o", file, "--lists-to", identity.Recipient().String())
	if status != exitOK {
		t.Fatalf("report exits with %d: %s", status, errOut)
	}
	var record struct {
		Outcome  string
		Delivery struct {
			Held   int `json:"copies_held"`
			Left   int `json:"copies_left_before"`
			LeftTo int `json:"recipients_left_before"`
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &record); err != nil {
		t.Fatal(err)
	}
	if record.Outcome != "breach" || record.Delivery.Left != 3 || record.Delivery.LeftTo != 3 || record.Delivery.Held != 5 {
		t.Errorf("the record says %+v", record)
	}
	rows := opened(t, filepath.Join(dir, "record-recipients.csv.age"), identity)
	states := map[string]int{}
	for _, row := range rows[1:] {
		states[row[1]]++
	}
	if states["delivered"] != 3 || states["held"] != 5 || rows[1][0] != customers[0][6] {
		t.Errorf("the recipients are %v", rows)
	}
}

func TestReplaySaysWhichVerdictsWouldChange(t *testing.T) {
	box, data, dir := newMailbox(t), t.TempDir(), t.TempDir()
	p := startRelay(t, data, box.url(), nil)
	for i, n := range []int{3, 6, 12, 60} {
		s := attached("", fmt.Sprintf("tool%d@isp%d.example", i, i), "", "customers.csv", "text/csv", []byte(csvOf(makeCustomers(100)[:n])))
		dial(t, p.listeners[0].Addr().String()).send(s.from, []string{"reader@client.example"}, s.content)
	}
	p.stop() // the ledger is written
	file := filepath.Join(dir, "new.yaml")
	policy := "policies:\n  - {name: bulk, when: exposure.direct >= 20, action: hold}\n  - {name: partner, when: 'envelope.from_domain == \"isp0.example\"', action: tag}\n"
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	refused, _, _ := runBulkhead(t, "quarantine", "list", "--data-dir", data, "--format", "json", "--identity", filepath.Join(data, "quarantine.key"))
	for line := range strings.Lines(refused) {
		var m api.Message
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if _, errOut, status := runBulkhead(t, "quarantine", "refuse", m.ID, "--data-dir", data, "--reason", "no", "--by", "ana"); status != exitOK {
			t.Fatal(errOut)
		}
	}
	out, errOut, status := runBulkhead(t, "replay", "--policy", file, "--since", "1d", "--format", "json", "--data-dir", data)
	if status != exitFound {
		t.Fatalf("replay exits with %d: %s%s", status, out, errOut)
	}
	var r replay.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Messages != 4 || len(r.NotKept) != 1 || r.NotKept[0].Policy != "partner" || r.Changed != 2 || r.Reviewed.Right != 1 || r.Reviewed.WronglyLet != 1 {
		t.Errorf("the report says %s", out)
	}
	text, _, _ := runBulkhead(t, "replay", "--policy", file, "--data-dir", data)
	for _, want := range []string{"4 messages since", "cannot be replayed where it turns on envelope.from_domain", "Of 2 messages that reviewers decided on"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	same := filepath.Join(dir, "same.yaml")
	defaults, _, _ := runBulkhead(t, "config", "policies")
	if err := os.WriteFile(same, []byte(defaults), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errOut, status := runBulkhead(t, "replay", "--policy", same, "--data-dir", data); status != exitOK {
		t.Errorf("the same policies: %d\n%s%s", status, out, errOut)
	}
	if _, _, status := runBulkhead(t, "replay", "--policy", same, "--data-dir", data, "--since", "soon"); status != exitError {
		t.Errorf("--since soon exits with %d", status)
	}
}

// The accident of 3,500 copies is told once.
func TestARunIsToldOnce(t *testing.T) {
	box := newMailbox(t)
	p := startRelay(t, t.TempDir(), box.url(), func(c *configs.Config) {
		c.Notify.Mail.To = []string{"review@office.example"}
		c.Notify.Sender.Held, c.Notify.Sender.Listed = true, []string{"isp.example"}
	})
	customers := makeCustomers(300)
	list := crlf(csvOf(customers))
	p.mailing(t, 100, func(i int) posting { return posting{"bulletins@isp.example", customers[i][6], list} })
	waitFor(t, "both are told", func() bool {
		return len(box.mailTo("review@office.example")) > 0 && len(box.mailTo("bulletins@isp.example")) > 0
	})
	p.stop()
	if n := len(box.mailTo("review@office.example")); n != 1 {
		t.Errorf("%d notices to reviewers", n)
	}
	if n := len(box.mailTo("bulletins@isp.example")); n != 1 {
		t.Errorf("%d notices to the sender", n)
	}
}
