package run

import (
	"net/netip"
	"strconv"
	"testing"
	"time"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestDripCountsDistinctPeopleOverTheWindow(t *testing.T) {
	o := newOffice(t, Config{})
	send := func(first, n int, deliver bool) int64 {
		c := o.join("desk@isp.example", "boss@reader.test", customers(first, n))
		seen := c.Recent().SenderSubjects
		if deliver {
			c.Delivered()
		}
		return seen
	}
	for i := range 10 {
		if got, want := send(i*20, 20, true), int64(i*20+20); got < want*98/100 || got > want*102/100 {
			t.Errorf("message %d: %d people of late, want about %d", i+1, got, want)
		}
	}
	if got := send(0, 20, true); got < 196 || got > 204 {
		t.Errorf("people who were there before: %d, want about 200", got)
	}
	// What was held has not left.
	send(1000, 50, false)
	if got := send(0, 20, false); got > 204 {
		t.Errorf("%d people of late, with those of a held message", got)
	}
	o.after(13 * time.Hour)
	if got := send(400, 20, true); got < 215 || got > 225 {
		t.Errorf("after half of the window: %d, want about 220", got)
	}
	o.after(13 * time.Hour)
	if got := send(0, 1, false); got < 20 || got > 22 {
		t.Errorf("after the window of the first ones: %d, want about 21", got)
	}
	if got := o.join("desk@shop.example", "boss@reader.test", customers(0, 5)).Recent().SenderSubjects; got != 5 {
		t.Errorf("another sender has %d, want 5", got)
	}
}

func TestAJumpOfOrdersOfMagnitudeIsUnusual(t *testing.T) {
	o := newOffice(t, Config{})
	unusual := func(body string) bool {
		return o.join("desk@isp.example", "boss@reader.test", body).Recent().SenderUnusual
	}
	if unusual(customers(0, 500)) {
		t.Error("the first message of a sender is unusual: nothing is known of it")
	}
	o = newOffice(t, Config{})
	for i := range 30 {
		o.after(time.Hour)
		if unusual(customers(i*7, 1+i%3)) {
			t.Fatalf("message %d, like those before, is unusual", i+1)
		}
	}
	if unusual(customers(0, 9)) {
		t.Error("nine people are unusual for a sender of three")
	}
	if !unusual(customers(0, 500)) {
		t.Error("500 people are not unusual for a sender of three")
	}
	// What is sent again and again becomes usual.
	for i := range 20 {
		o.after(time.Hour)
		unusual(customers(i, 500))
	}
	if unusual(customers(3, 500)) {
		t.Error("500 people are still unusual after twenty such messages")
	}
}

// TestASenderOfVeryManyReadersIsBounded: what is kept of one sender's readers does
// not grow with its mailings, and the last of them are still told apart.
func TestASenderOfVeryManyReadersIsBounded(t *testing.T) {
	o := newOffice(t, Config{})
	var last *Copy
	for i := range 12 {
		o.after(time.Second)
		to := make([]string, maxRecipients)
		for j := range to {
			to[j] = "r" + strconv.Itoa(i*maxRecipients+j) + "@reader.test"
		}
		c, err := o.tracker.Join(t.Context(), o.message("news@isp.example", to, letter("news@isp.example", "list@isp.example", customers(1000*i, 5))))
		if err != nil {
			t.Fatal(err)
		}
		last = c
	}
	kept := 0
	for _, r := range last.sender.runs {
		kept += len(r.recipients)
		if len(r.recipients) != len(r.inRun) {
			t.Errorf("a run has %d recipients, and tells %d apart", len(r.recipients), len(r.inRun))
		}
	}
	if kept > maxNoted || kept != last.sender.noted || len(last.run.recipients) != maxRecipients {
		t.Errorf("%d recipients are kept, noted as %d, %d of the last run", kept, last.sender.noted, len(last.run.recipients))
	}
}

// TestTheCopiesOfALargeListAreCountedOnce, but for readers who are many of it.
func TestTheCopiesOfALargeListAreCountedOnce(t *testing.T) {
	o := newOffice(t, Config{})
	const n = 2000
	list := customers(0, n)
	o.join("list@isp.example", "boss@reader.test", customers(5000, 50)).Delivered()
	count := func(to ...string) int64 {
		c, err := o.tracker.Join(t.Context(), o.message("list@isp.example", to, letter("list@isp.example", "list@isp.example", list)))
		if err != nil {
			t.Fatal(err)
		}
		return c.Recent().SenderSubjects
	}
	near := func(got int64, want int) {
		t.Helper()
		if got < int64(want)*97/100 || got > int64(want)*103/100 {
			t.Errorf("%d people of late, want about %d", got, want)
		}
	}
	near(count("c0@post.test"), n+50)
	near(count("c1@post.test"), n+50)
	half := make([]string, n/2)
	for i := range half {
		half[i] = "c" + strconv.Itoa(i) + "@post.test"
	}
	near(count(half...), n/2+50)
	near(count("c2@post.test"), n+50)
}

// TestASenderWithMailUnderWayIsNotForgotten, however many others come: the copies
// that come meanwhile must see that the run is held.
func TestASenderWithMailUnderWayIsNotForgotten(t *testing.T) {
	o := newOffice(t, Config{Ledger: newBook()})
	m := o.message("news@isp.example", []string{"ana@reader.test"}, letter("news@isp.example", "ana@reader.test", newsletter("Ana")))
	first, err := o.tracker.Join(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxSenders + 10 {
		other := m
		other.Envelope.From = "news@" + strconv.Itoa(i) + ".example"
		c, err := o.tracker.Join(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		c.Done()
	}
	second, err := o.tracker.Join(t.Context(), m) // before it is known that the first is held
	if err != nil {
		t.Fatal(err)
	}
	first.Hold(hold)
	if b, err := second.Brake(t.Context()); err != nil || !b.Held {
		t.Errorf("the second copy: %+v, %v", b, err)
	}
	first.Done()
	second.Done()
	if n := len(o.tracker.senders); n > maxSenders {
		t.Errorf("%d senders are kept, at most %d are to be", n, maxSenders)
	}
}

// What a sender usually sends counts once, though the batch that takes it over from a
// relay is tried again, and though the relay is still there that it is taken from.
func TestWhatIsTakenOverCountsOnce(t *testing.T) {
	ledger := newBook()
	cfg := Config{Ledger: ledger, Shared: func() bool { return true }} // each message asks
	both := []*office{newOffice(t, cfg), newOffice(t, cfg)}
	sent := 0
	send := func(o *office) {
		t.Helper()
		c := o.join("daily@isp.example", "ana@reader.test", newsletter("Ana"))
		c.Done()
		o.tracker.writer.flush()
		if sent++; c.sender.shape.messages > float64(sent) {
			t.Fatalf("it has sent %v messages, want %d", c.sender.shape.messages, sent)
		}
	}
	for range 5 {
		for _, o := range both {
			for _, o := range both {
				o.after(takeOver + time.Hour)
			}
			ledger.fill(errBook)
			send(o)
			ledger.fill(nil)
			send(o)
		}
	}
	if len(ledger.usual) != 1 {
		t.Errorf("it is kept %d times, want once", len(ledger.usual))
	}
}

// Whom the messages of a sender have carried out through another relay is known
// here, also where it is learnt between this one's messages, and where the other
// one's clock is a little ahead.
func TestDripIsKnownToAllRelays(t *testing.T) {
	const window = 24 * time.Hour
	for _, c := range []struct {
		name         string
		there, after time.Duration // how late it is there, and how long it is until the next message here
	}{
		{"at once", 0, 0},
		{"learnt in between", window / 2, window / 2},
		{"ahead", window / windowPieces, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ledger := newBook()
			cfg := Config{Ledger: ledger, Quiet: window, Window: window}
			here, there := newOffice(t, cfg), newOffice(t, cfg)
			own := here.join("desk@isp.example", "ana@reader.test", newsletter("Ana"))
			there.after(c.there)
			there.join("desk@isp.example", "boss@reader.test", customers(0, 7)).Delivered()
			there.tracker.writer.flush()
			here.after(c.after)
			own.sender.bell.ring()
			if err := here.tracker.follow(t.Context(), own.sender); err != nil {
				t.Fatal(err)
			}
			if got := here.join("desk@isp.example", "ben@reader.test", newsletter("Ben")).Recent().SenderSubjects; got != 7 {
				t.Errorf("%d people are known, want 7", got)
			}
		})
	}
}

// A ledger that has forgotten a sender meanwhile counts its entries from one again.
func TestDripIsKnownWhereTheLedgerBeganAnew(t *testing.T) {
	ledger := newBook()
	cfg := Config{Ledger: ledger, Shared: func() bool { return true }}
	here, there := newOffice(t, cfg), newOffice(t, cfg)
	list := func(n int) {
		there.join("desk@isp.example", "boss@reader.test", customers(n*7, 7)).Delivered()
		there.tracker.writer.flush()
	}
	known := func() int64 {
		return here.join("desk@isp.example", "ana@reader.test", newsletter("Ana")).Recent().SenderSubjects
	}
	list(0)
	list(1)
	if got := known(); got != 14 {
		t.Fatalf("%d people are known, want 14", got)
	}
	for _, o := range []*office{here, there} {
		o.after(40 * 24 * time.Hour)
	}
	ledger.mu.Lock()
	clear(ledger.keys)
	ledger.mu.Unlock()
	list(2)
	if got := known(); got != 7 {
		t.Errorf("%d people are known, want 7", got)
	}
}

// A message that has waited for others at the end of a piece takes nothing away of
// the next one.
func TestDripIsNotTurnedBack(t *testing.T) {
	const window = 24 * time.Hour
	o := newOffice(t, Config{Window: window, Quiet: window})
	c := o.join("desk@isp.example", "boss@reader.test", customers(0, 7))
	c.Delivered()
	d := &c.sender.drip
	begun := time.Unix(0, d.piece*int64(window/windowPieces))
	d.turn(begun.Add(-time.Millisecond), window)
	d.turn(begun.Add(time.Millisecond), window)
	if got := o.join("desk@isp.example", "ana@reader.test", newsletter("Ana")).Recent().SenderSubjects; got != 7 {
		t.Errorf("%d people are known, want 7", got)
	}
}
