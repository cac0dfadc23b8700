package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Retention says how long content is kept. It is looked up when a message is
// held and when it is decided: what is changed holds from then on.
type Retention struct {
	Periods
	// Policies have periods of their own, by name.
	Policies map[string]Periods
}

// Periods are how long the content of a message is kept. 0 is the general
// period, and where there is none, the default; negative is for ever.
type Periods struct {
	Undecided time.Duration // from when it was held; default 30 days
	Decided   time.Duration // from its release or refusal; default 7 days
}

const (
	defaultUndecided = 30 * 24 * time.Hour
	defaultDecided   = 7 * 24 * time.Hour
)

// warnBefore are how long before its end people are told of a message that
// nobody decided, the longest first.
var warnBefore = [...]time.Duration{72 * time.Hour, 24 * time.Hour}

// expiry gives when content goes that has been in a state since.
func (r Retention) expiry(policy string, state State, since time.Time) time.Time {
	own := r.Policies[policy]
	period := firstOf(own.Undecided, r.Undecided, defaultUndecided)
	if !state.Open() {
		period = firstOf(own.Decided, r.Decided, defaultDecided)
	}
	if period < 0 {
		return time.Time{}
	}
	return since.Add(period)
}

func firstOf(periods ...time.Duration) time.Duration {
	for _, p := range periods {
		if p != 0 {
			return p
		}
	}
	return 0
}

// setExpiry notes when the content of a message goes, now that it is decided.
func (s *Store) setExpiry(ctx context.Context, tx *sql.Tx, r row, state State) error {
	at := s.opts.Retention.expiry(r.Policy, state, s.now())
	_, err := tx.ExecContext(ctx, "UPDATE messages SET expires = ? WHERE seq = ? AND state = ?", micros(at), r.seq, string(state))
	if err != nil {
		return fmt.Errorf("message %s: set its expiry: %w", r.ID, err)
	}
	return nil
}
