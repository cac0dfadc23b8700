package wire

import (
	"fmt"
	"time"
)

// pace says how long a client may take over a message. The deadline moves
// with each read, so a steady slow client is not cut off (go-smtp sets one
// deadline for the whole message), but it must keep to a least rate and to a
// time in all. The rate counts the time spent waiting for the client only:
// when the session is slow to take what came, it is not the client's fault.
type pace struct {
	limits Timeouts
	end    time.Time
	waited time.Duration // in this window of time
	got    int64         // octets in it
}

func newPace(t Timeouts) *pace {
	return &pace{limits: t, end: time.Now().Add(t.Message)}
}

// allow returns how long the next read may wait, or ErrTooSlow.
func (p *pace) allow(now time.Time) (time.Duration, error) {
	left := p.end.Sub(now)
	if left <= 0 {
		return 0, fmt.Errorf("%w: not whole after %v", ErrTooSlow, p.limits.Message)
	}
	if p.waited >= p.limits.Window {
		if float64(p.got) < float64(p.limits.MinRate)*p.limits.Window.Seconds() {
			return 0, fmt.Errorf("%w: less than %d octets a second", ErrTooSlow, p.limits.MinRate)
		}
		p.waited, p.got = 0, 0
	}
	return min(left, p.limits.Window-p.waited), nil
}

// add counts a read of n octets that waited for d.
func (p *pace) add(n int, d time.Duration) {
	p.got += int64(n)
	p.waited += d
}
