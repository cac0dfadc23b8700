package main

import (
	"fmt"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// TestUpstreamDiesAtEachStep: wherever in a session the upstream dies, its client
// is never told that the message is taken, what has to be held is held, and the
// relay goes on when the upstream does. Only where nobody can know whether the
// message was taken may the client's second try be a second copy.
func TestUpstreamDiesAtEachStep(t *testing.T) {
	testbed.SkipShort(t, "long")
	t.Parallel() // mostly waiting
	for _, chunking := range []bool{false, true} {
		box := newMailbox(t)
		up := newDying(t, box.address)
		p := serve(t, t.TempDir(), "smtp://"+up.address, fmt.Sprintf("BULKHEAD_UPSTREAM_CHUNKING=%v", chunking))
		table := csvOf(makeCustomers(30))
		want := map[string]int{} // copies at the upstream
		for at := never; at <= between; at++ {
			id := fmt.Sprintf("step-%d", at)
			up.at.Store(int32(at))
			m := marked(id, false, table)
			c := dial(t, p.smtp[0])
			code, text, err := c.try(m.from, []string{m.to}, m.content)
			taken := at == never || at == between
			if taken != (code == 250) || err == nil && !taken && code/100 != 4 {
				t.Errorf("dies %s (chunking %v): answered %d %s, %v", stepNames[at], chunking, code, text, err)
			}
			want[id] = 1
			if at == afterAnswer {
				want[id] = 2 // it had taken the message, and nobody could know
			}
			if at > onRcpt { // what is held needs an upstream that takes its envelope
				leak := marked(id+"-leak", true, table)
				if code, text := dial(t, p.smtp[0]).send(leak.from, []string{leak.to}, leak.content); code != 250 {
					t.Errorf("dies %s: what is held is answered %d %s", stepNames[at], code, text)
				}
			}
			up.at.Store(int32(never))
			if !taken {
				if code, text := dial(t, p.smtp[0]).send(m.from, []string{m.to}, m.content); code != 250 {
					t.Errorf("after it died %s, the second try is answered %d %s", stepNames[at], code, text)
				}
			}
		}
		p.stop(t)
		got := tally{}
		for _, m := range box.got() {
			got.note(t, "the upstream", m.content, table, false)
		}
		for id, n := range want {
			if got[id] != n {
				t.Errorf("%s (chunking %v): %d copies at the upstream, want %d", id, chunking, got[id], n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("the upstream has %v, want %v", got, want)
		}
	}
}
