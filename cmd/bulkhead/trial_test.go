package main

import (
	"fmt"
	"strings"
	"testing"
)

// tagged returns the policy in the tag that a message arrived with, "" for none.
func tagged(content []byte) string {
	head, _, _ := strings.Cut(string(content), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if tag, is := strings.CutPrefix(line, "X-Bulkhead-Tag: policy="); is {
			policy, _, _ := strings.Cut(tag, ";")
			return policy
		}
	}
	return ""
}

// TestADripIsTagged: a list goes out six people at a time, by which no single
// message is noticed, until the sender has passed a hundred. The same people
// again and again are no drip.
func TestADripIsTagged(t *testing.T) {
	box := newMailbox(t)
	p := startRelay(t, t.TempDir(), box.url(), nil)
	customers := makeCustomers(200)
	const each = 6
	send := func(from string, first int) string {
		before := len(box.got())
		body := crlf("Dear partner,\n\nhere are the next ones:\n\n" + csvOf(customers[first:first+each]))
		reply := dialQuiet(p.listeners[0].Addr().String()).deliver(posting{from, "buyer@partner.example", body})
		got := box.got()
		if len(got) != before+1 {
			t.Fatalf("a message of %d people was told %q", each, reply)
		}
		return tagged(got[before].content)
	}
	for i := range 30 {
		switch tag, people := send("desk@isp.example", i*each), (i+1)*each; {
		case people <= 96 && tag != "":
			t.Errorf("after %d people the tag is %q", people, tag)
		case people >= 108 && tag != "drip":
			t.Errorf("after %d people the tag is %q, want drip", people, tag)
		}
		if tag := send("desk@shop.example", 0); tag != "" {
			t.Errorf("the same %d people for the %dth time have the tag %q", each, i+1, tag)
		}
	}
	if got := p.value(t, "policy_matches_total", "drip", "tag"); got < 12 || got > 14 {
		t.Errorf("%v matches of drip are counted, want 13 or so", got)
	}
}

// TestAnUnusualMessageIsTagged: a sender of short letters sends the addresses of
// twenty people, which no other policy minds, and then two thousand records.
func TestAnUnusualMessageIsTagged(t *testing.T) {
	box := newMailbox(t)
	p := startRelay(t, t.TempDir(), box.url(), nil)
	var list strings.Builder
	for _, c := range makeCustomers(20) {
		list.WriteString(c[6] + "\n")
	}
	send := func(from string, body []byte) string {
		before := len(box.got())
		reply := dialQuiet(p.listeners[0].Addr().String()).deliver(posting{from, "ben@partner.example", body})
		got := box.got()
		if len(got) != before+1 {
			t.Fatalf("told %q", reply)
		}
		return tagged(got[before].content)
	}
	for i := range 25 {
		if tag := send("ana@isp.example", crlf(fmt.Sprintf("Hello Ben,\n\nthe parcel number %d has come, and stands in the hall.\n", i))); tag != "" {
			t.Errorf("letter %d has the tag %q", i+1, tag)
		}
	}
	if tag := send("club@shop.example", crlf(list.String())); tag != "" {
		t.Errorf("the first message of another sender has the tag %q: nothing is known of it", tag)
	}
	if tag := send("ana@isp.example", crlf(list.String())); tag != "sender-unusual" {
		t.Errorf("the list of addresses has the tag %q, want sender-unusual", tag)
	}
	// Verdicts that hold it name the trial among their matches.
	before := p.value(t, "policy_matches_total", "sender-unusual", "tag")
	reply := dialQuiet(p.listeners[0].Addr().String()).deliver(posting{"ana@isp.example", "ben@partner.example", crlf(csvOf(makeCustomers(2000)))})
	if got := p.value(t, "policy_matches_total", "sender-unusual", "tag"); !strings.Contains(reply, "Held") || got != before+1 {
		t.Errorf("the records of 2,000 people were told %q, and matched %v times", reply, got-before)
	}
}
