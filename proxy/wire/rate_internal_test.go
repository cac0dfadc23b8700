package wire

import (
	"net/netip"
	"testing"
	"time"
)

func TestRateIsAMinutesWorthThenSteady(t *testing.T) {
	r := newRates(Rates{Messages: 6, Recipients: 2})
	now := time.Now()
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	taken := func(client netip.Addr, what deed) (n int) {
		for r.take(client, what, now) {
			if n++; n > 100 {
				t.Fatal("no bound")
			}
		}
		return n
	}
	want := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	want("messages at once", taken(one, mailing), 6)
	want("recipients at once, beside them", taken(one, naming), 2)
	want("messages of another client", taken(two, mailing), 6)
	now = now.Add(20 * time.Second)
	want("messages after a third of the minute", taken(one, mailing), 2)
	now = now.Add(time.Hour)
	want("messages after an hour", taken(one, mailing), 6)
	want("clients that are known after it", len(r.clients), 1)
	want("clients without an address", boolean(r.take(netip.Addr{}, mailing, now)), 1)
	for range 100 {
		want("connections, which have no bound", boolean(r.take(one, connecting, now)), 1)
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
