package main

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// fleetHeld is what the quarantine has of the mailings.
type fleetHeld struct {
	times     map[string]int             // by reader
	incidents map[string]map[string]bool // that a mailing's copies are in
}

// everyContent is of how many held messages the content is read: of each it would take
// longer than all else.
const everyContent = 50

// heldByReader lists the quarantine, and checks that its trail is whole and so are the
// messages whose content is read.
func heldByReader(t *testing.T, store *quarantine.Store, known map[string]*fleetMailing) fleetHeld {
	t.Helper()
	ctx := context.Background()
	if err := store.Verify(ctx); err != nil {
		t.Error(err)
	}
	h := fleetHeld{map[string]int{}, map[string]map[string]bool{}}
	seen := 0
	for q := (quarantine.Query{Limit: 500}); ; {
		page, next, err := store.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			reader := m.Recipients[0].Address
			h.times[reader]++
			name, _, _ := readerOf(reader) // of another name is found when it is counted
			if h.incidents[name] == nil {
				h.incidents[name] = map[string]bool{}
			}
			h.incidents[name][m.Incident] = true
			if seen++; seen%everyContent == 1 {
				if err := checkCopy(known, reader, heldContent(t, store, m.ID)); err != nil {
					t.Errorf("%s is held: %v", m.ID, err)
				}
			}
		}
		if next == "" {
			return h
		}
		q.After = next
	}
}

// heldContent reads a held message whole.
func heldContent(t *testing.T, store *quarantine.Store, id string) []byte {
	t.Helper()
	content, err := store.Content(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close() // read only
	var b bytes.Buffer
	if err := copyAll(&b, content); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// account is what became of a mailing.
type account struct {
	messages, tries, passed, held int
	deferred, unanswered          int // final dots that were answered 4xx, and not at all
	delivered, kept               int // copies, at the upstream and in the quarantine
	again                         int // copies more than messages, by final dots without an answer
	unsure                        int // by those that were deferred
}

func (a account) String() string {
	return fmt.Sprintf("%d messages in %d tries, of which %d were deferred and %d had no answer to their final dot: %d passed, %d held; %d copies more than messages came of those without an answer, %d of those deferred",
		a.messages, a.tries, a.deferred, a.unanswered, a.passed, a.held, a.again, a.unsure)
}

// settle compares what the clients were told of a mailing with what is there: each
// message is delivered or held, as its client was told, and once.
//
// A client that has no answer to its final dot has to bring the message again, whatever
// became of it (RFC 5321 section 4.5.4.1; RFC 1047 on what comes of that): there may be as
// many copies more as it had no answers. Where PostgreSQL goes while it commits, its relay
// cannot know whether a copy is held, and says 451 (see quarantine.Store.Hold): there may
// be one copy more for each of its relays, since each writes one at a time.
func (s *shipment) settle(t *testing.T, k *ledgerSink, held fleetHeld) (a account) {
	t.Helper()
	for n := range s.fates {
		f, reader := &s.fates[n], s.reader(n)
		there, kept := k.times(reader), held.times[reader]
		a.messages++
		a.tries += f.tries
		a.deferred += f.deferred
		a.unanswered += f.unanswered
		a.delivered += there
		a.kept += kept
		if more := there + kept - 1; more > 0 {
			again := min(more, f.unanswered)
			a.again += again
			a.unsure += min(more-again, f.deferred)
		}
		at := there
		if f.held {
			at = kept
			a.held++
		} else if f.taken {
			a.passed++
		}
		if !f.taken || at == 0 || there+kept > 1+f.unanswered+f.deferred || f.held && there > f.unanswered {
			t.Errorf("%s was delivered %d times and is held %d times; its client knows %+v", reader, there, kept, *f)
		}
	}
	if a.unsure > len(relayNames) {
		t.Errorf("%s: %d copies are held though their clients were told to come again", s.name, a.unsure)
	}
	return a
}

// overshoot is what left of a mailing that was stopped, by what its clients know.
type overshoot struct {
	left      int           // copies in all
	meanwhile int           // of them, those that were answered while the first hold was made
	making    time.Duration // which took so long
	after     int           // those that were answered after it was
	late      time.Duration // by which the last of these began after it
}

func (o overshoot) String() string {
	return fmt.Sprintf("%d copies left: %d while the first hold was made, which took %v, and %d after it was answered, the last of which began %v after that",
		o.left, o.meanwhile, o.making.Round(time.Millisecond), o.after, o.late.Round(time.Millisecond))
}

func (s *shipment) overshoot() (o overshoot) {
	var first *fleetFate // that is held
	for i := range s.fates {
		if f := &s.fates[i]; f.held && (first == nil || f.ended.Before(first.ended)) {
			first = f
		}
	}
	if first == nil {
		return o
	}
	o.making = first.ended.Sub(first.began)
	for i := range s.fates {
		f := &s.fates[i]
		switch {
		case f.held:
			continue
		case f.ended.After(first.ended):
			o.after++
			o.late = max(o.late, f.began.Sub(first.ended))
		case f.ended.After(first.began):
			o.meanwhile++
		}
		o.left++
	}
	return o
}
