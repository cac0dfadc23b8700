package run

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
)

var hold = &rules.Verdict{Action: rules.Hold, Policy: "bulk-customer-records", Answer: rules.Refuse}

func TestWhichMessagesAreOneRun(t *testing.T) {
	o := newOffice(t, Config{})
	first := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	o.after(59 * time.Minute)
	second := o.join("other@isp.example", "ben@reader.test", newsletter("Ben"))
	o.after(59 * time.Minute)
	third := o.join("news@isp.example", "cy@reader.test", newsletter("Cy"))
	if first.Run() != second.Run() || second.Run() != third.Run() {
		t.Error("copies of one domain, each within the hour after the last, are of different runs")
	}
	for what, c := range map[string]*Copy{
		"another domain": o.join("news@shop.example", "ana@reader.test", newsletter("Ana")),
		"another text":   o.join("news@isp.example", "ana@reader.test", "Dear Ana,\n\nwe meet on Thursday at ten, in the room on the second floor; bring the drawings of the bridge and the two offers that came by post.\n"),
	} {
		if c.Run() == first.Run() {
			t.Errorf("%s: of the same run", what)
		}
	}
	o.after(61 * time.Minute)
	if c := o.join("news@isp.example", "dora@reader.test", newsletter("Dora")); c.Run() == first.Run() {
		t.Error("a copy after the quiet time is of the same run")
	}
}

// A ledger has the runs of a batch side by side then.
func TestRunsAreNamedInTheOrderTheyBegin(t *testing.T) {
	o := newOffice(t, Config{})
	last := ""
	for i := range 5 {
		c := o.join(fmt.Sprintf("news@shop%d.example", i), "ana@reader.test", newsletter("Ana"))
		if c.Run() <= last {
			t.Errorf("run %d is named %q, which comes before the one that had begun sooner, %q", i, c.Run(), last)
		}
		last = c.Run()
		o.after(time.Millisecond)
	}
	if a, b := newKey(o.clock()), newKey(o.clock()); a == b || len(a) != len(b) {
		t.Errorf("two runs of one moment are named %q and %q", a, b)
	}
}

func TestSendersAreLoginsOrNetworks(t *testing.T) {
	o := newOffice(t, Config{})
	at := func(user, from, client string) string {
		m := o.message(from, []string{"ana@reader.test"}, letter(from, "ana@reader.test", "x"))
		return whoSends(rules.Envelope{From: m.Envelope.From, Authenticated: user}, addr(client))
	}
	same := [][2]string{
		{at("Tool", "a@x.example", "192.0.2.7"), at("tool", "b@y.example", "203.0.113.9")},
		{at("", "a@x.example", "192.0.2.7"), at("", "b@X.example", "192.0.2.200")},
		{at("", "a@x.example", "2001:db8:1:2::7"), at("", "a@x.example", "2001:db8:1:2:ffff::1")},
	}
	for i, pair := range same {
		if pair[0] != pair[1] {
			t.Errorf("pair %d is of two senders", i)
		}
	}
	different := [][2]string{
		{at("tool", "a@x.example", "192.0.2.7"), at("", "a@x.example", "192.0.2.7")},
		{at("", "a@x.example", "192.0.2.7"), at("", "a@y.example", "192.0.2.7")},
		{at("", "a@x.example", "192.0.2.7"), at("", "a@x.example", "192.0.3.7")},
		{at("", "a@x.example", "2001:db8:1:2::7"), at("", "a@x.example", "2001:db8:1:3::7")},
	}
	for i, pair := range different {
		if pair[0] == pair[1] {
			t.Errorf("pair %d is of one sender", i)
		}
	}
}

// TestAHeldRunIsTheLastToBeForgotten, however many others its sender has begun
// since: without it nothing would brake its copies.
func TestAHeldRunIsTheLastToBeForgotten(t *testing.T) {
	o := newOffice(t, Config{})
	held := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	held.Hold(hold)
	others := map[string]bool{}
	for i := range 3 * maxRuns {
		o.after(time.Second)
		others[o.join("news@isp.example", "boss@reader.test", customers(100*i, 3)).Run()] = true
	}
	if len(others) < 2*maxRuns {
		t.Fatalf("only %d other runs", len(others))
	}
	if n := len(held.sender.runs); n > maxRuns+1 {
		t.Errorf("%d runs of a sender are kept, at most %d are to be", n, maxRuns+1)
	}
	c := o.join("news@isp.example", "ben@reader.test", newsletter("Ben"))
	if b, err := c.Brake(t.Context()); err != nil || !b.Held || c.Run() != held.Run() {
		t.Errorf("a copy of the held run: %+v, %v", b, err)
	}
}

// TestARunThatCannotBeReadStopsItsSender, since it may be held, and is not read
// into memory again and again by that.
func TestARunThatCannotBeReadStopsItsSender(t *testing.T) {
	ledger := newBook()
	o := newOffice(t, Config{Ledger: ledger})
	for i := range 5 {
		o.join("news@isp.example", "ana@reader.test", customers(100*i, 3))
	}
	o.tracker.Close()
	var damaged Record
	for _, r := range ledger.runs {
		damaged = r
	}
	damaged.Key, damaged.Print = "damaged", damaged.Print[:7]
	ledger.runs[damaged.Key] = damaged

	again := newOffice(t, Config{Ledger: ledger})
	m := again.message("news@isp.example", []string{"ben@reader.test"}, letter("news@isp.example", "ben@reader.test", newsletter("Ben")))
	for range 20 {
		if _, err := again.tracker.Join(t.Context(), m); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Fatalf("joined, or not told which run: %v", err)
		}
	}
	delete(ledger.runs, damaged.Key)
	c, err := again.tracker.Join(t.Context(), m)
	if err != nil || len(c.sender.runs) != 6 {
		t.Errorf("%v; %d runs are in memory, want five and a new one", err, len(c.sender.runs))
	}
}

// TestAClosedRunKeepsItsNumbers, though nobody in it is told apart any more.
func TestAClosedRunKeepsItsNumbers(t *testing.T) {
	o := newOffice(t, Config{Ledger: newBook()})
	c := o.join("news@isp.example", "ana@reader.test", customers(0, 40))
	o.after(2 * time.Hour)
	o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	if !c.run.closed || len(c.run.people.exact) > 0 || c.run.record(c.sender).Subjects != 40 {
		t.Errorf("closed %v, with %d people told apart, %d counted; want none and 40", c.run.closed, len(c.run.people.exact), c.run.record(c.sender).Subjects)
	}
}

func TestAHeldCopyBrakesTheRestUntilItIsReleased(t *testing.T) {
	ledger := newBook()
	o := newOffice(t, Config{Ledger: ledger})
	first := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	racing := o.join("news@isp.example", "ben@reader.test", newsletter("Ben"))
	if b, err := racing.Brake(t.Context()); err != nil || b.Held {
		t.Fatalf("braked before anything was held: %+v, %v", b, err)
	}
	first.Hold(hold)
	second := o.join("news@isp.example", "cy@reader.test", newsletter("Cy"))
	if b, err := second.Brake(t.Context()); err != nil || !b.Held || b.Policy != hold.Policy || b.Answer != rules.Refuse || b.Incident != "" {
		t.Errorf("while the first copy is on its way to the store: %+v, %v", b, err)
	}
	first.Kept("IN-1")
	if !second.Recent().RunHeld {
		t.Error("a condition does not see that the run is held")
	}
	// A held run brakes for the window, not for the quiet time.
	o.after(20 * time.Hour)
	late := o.join("news@isp.example", "dora@reader.test", newsletter("Dora"))
	if b, err := late.Brake(t.Context()); err != nil || !b.Held || b.Incident != "IN-1" || b.Decision.State != Undecided {
		t.Errorf("after 20 hours: %+v, %v", b, err)
	}
	ledger.decided["IN-1"] = Decision{State: Released, Subjects: 7, Policies: []string{hold.Policy}}
	if b, err := late.Brake(t.Context()); err != nil || b.Decision.State != Released || b.Decision.Subjects != 7 {
		t.Errorf("after the release: %+v, %v", b, err)
	}
	ledger.shut(errBook)
	if _, err := late.Brake(t.Context()); !errors.Is(err, errBook) {
		t.Errorf("a decision that is not known is %v", err)
	}
	ledger.shut(nil)
	o.after(25 * time.Hour)
	if b, err := o.join("news@isp.example", "emil@reader.test", newsletter("Emil")).Brake(t.Context()); err != nil || b.Held {
		t.Errorf("a day after its last copy a run still brakes: %+v, %v", b, err)
	}
}

func TestTheBrakeOutlivesTheProcess(t *testing.T) {
	ledger := newBook()
	o := newOffice(t, Config{Ledger: ledger})
	first := o.join("news@isp.example", "ana@reader.test", newsletter("Ana"))
	first.Hold(hold)
	first.Kept("IN-1")
	o.tracker.Close()

	again := newOffice(t, Config{Ledger: ledger})
	again.after(time.Hour / 2)
	c := again.join("news@isp.example", "ben@reader.test", newsletter("Ben"))
	if b, err := c.Brake(t.Context()); err != nil || !b.Held || b.Incident != "IN-1" || c.Run() != first.Run() {
		t.Errorf("after a restart: %+v, %v", b, err)
	}
	again.join("news@isp.example", "cy@reader.test", newsletter("Cy"))
	if ledger.asked != 2 {
		t.Errorf("the ledger was asked %d times, want once for each process", ledger.asked)
	}

	// What is not known does not pass.
	ledger.shut(errBook)
	shut := newOffice(t, Config{Ledger: ledger})
	if _, err := shut.tracker.Join(t.Context(), shut.message("news@isp.example", []string{"d@reader.test"}, letter("news@isp.example", "d@reader.test", "x"))); !errors.Is(err, errBook) {
		t.Errorf("a sender whose runs cannot be read joins: %v", err)
	}
	ledger.shut(nil)
	c = shut.join("news@isp.example", "dora@reader.test", newsletter("Dora"))
	if b, err := c.Brake(t.Context()); err != nil || !b.Held {
		t.Errorf("once the ledger answers again: %+v, %v", b, err)
	}
}

func TestAnEchoIsWhomTheRunWentTo(t *testing.T) {
	o := newOffice(t, Config{})
	list := customers(0, 40)
	echoed := func(c *Copy) int64 {
		t.Helper()
		m := c.message
		v, err := o.policies.Decide(m.Envelope, m.Evidence, c.Recent())
		if err != nil {
			t.Fatal(err)
		}
		return v.Exposure.Echoed
	}
	for i := range 6 {
		c := o.join("list@isp.example", fmt.Sprintf("c%d@post.test", i), list)
		if got := echoed(c); got != int64(i) {
			t.Errorf("copy %d: %d people of the list are recipients of the run, want %d", i+1, got, i)
		}
	}
	// Another text to the same sender's readers: a list of them is an echo, too.
	if got := echoed(o.join("list@isp.example", "boss@reader.test", "Here they are:\n\n"+customers(0, 12))); got != 6 {
		t.Errorf("%d people are recipients of a recent run, want 6", got)
	}
	if got := echoed(o.join("list@shop.example", "boss@reader.test", "Here they are:\n\n"+customers(0, 12))); got != 0 {
		t.Errorf("%d people are recipients of another sender's run, want none", got)
	}

	// Neither an answer in a thread, nor a list of readers that all can see.
	o = newOffice(t, Config{})
	people := []string{"c0@post.test", "c1@post.test", "c2@post.test", "c3@post.test", "c4@post.test", "c5@post.test"}
	for _, to := range people {
		o.join("team@isp.example", to, newsletter("all"))
	}
	body := "Here they are:\n\n" + customers(0, 6)
	thread := "From: <team@isp.example>\r\nTo: <boss@reader.test>\r\nSubject: Re: list\r\nIn-Reply-To: <1@isp.example>\r\n\r\n" + body
	shown := "From: <team@isp.example>\r\nTo: <boss@reader.test>\r\nCc: c0@post.test, c1@post.test, c2@post.test, c3@post.test, c4@post.test, c5@post.test\r\nSubject: list\r\n\r\n" + body
	for what, text := range map[string]string{"a thread": thread, "a shared Cc": shown} {
		c, err := o.tracker.Join(t.Context(), o.message("team@isp.example", []string{"boss@reader.test"}, text))
		if err != nil {
			t.Fatal(err)
		}
		if got := echoed(c); got != 0 {
			t.Errorf("%s: %d people are an echo, want none", what, got)
		}
	}
}
