package simulation

import (
	"errors"
	"fmt"
)

// accounts keep what became of each message, apart from how it came about.
type accounts struct {
	of []account
	// early are acknowledgements before the upstream or the store had the message,
	// and torn what the store took while it was away.
	early, torn int64
}

// account is one message's. It is with the upstream or in the store more than once
// where a client did not hear the answer and tried again (RFC 1047).
type account struct{ delivered, held, acknowledged uint8 }

func (a *accounts) born() (id int) {
	a.of = append(a.of, account{})
	return len(a.of) - 1
}

func (a *accounts) delivered(id int) { a.of[id].delivered++ }

func (a *accounts) held(id int, storeUp bool) {
	a.of[id].held++
	if !storeUp {
		a.torn++
	}
}

func (a *accounts) acknowledged(id int) {
	m := &a.of[id]
	m.acknowledged++
	if m.delivered+m.held == 0 {
		a.early++
	}
}

// check says what is not as it must be at the end.
func (a *accounts) check() error {
	var lost, often int64
	for i := range a.of {
		switch m := &a.of[i]; {
		case m.acknowledged > 1:
			often++
		case m.acknowledged == 0:
			lost++
		}
	}
	var wrong []error
	for _, c := range []struct {
		n    int64
		what string
	}{
		{lost, "were never acknowledged"},
		{often, "were acknowledged more than once"},
		{a.early, "were acknowledged before anybody had them"},
		{a.torn, "were stored while the store was away"},
	} {
		if c.n > 0 {
			wrong = append(wrong, fmt.Errorf("%d messages of %d %s", c.n, len(a.of), c.what))
		}
	}
	return errors.Join(wrong...)
}

// sums are what the accounts come to.
func (a *accounts) sums() (delivered, held int64, again Twice) {
	for i := range a.of {
		m := &a.of[i]
		delivered += int64(m.delivered)
		held += int64(m.held)
		switch {
		case m.delivered > 0: // whatever there was after the first
			again.Delivered += int64(m.delivered) - 1
			again.Held += int64(m.held)
		case m.held > 0:
			again.Held += int64(m.held) - 1
		}
	}
	return delivered, held, again
}
