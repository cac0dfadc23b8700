package quarantine

import (
	"testing"
	"time"
)

// A reviewer may decide while people are being told: then the decision's own
// time holds, and a legal hold forgets the warning.
func TestWhatIsDecidedDuringAWarningKeepsItsTime(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now, Retention: Retention{Periods: Periods{Decided: -1}}})
	refused, kept := hold(t, s, letter(1), "x"), hold(t, s, letter(1), "y")
	c.Add(29*day + time.Hour)
	expire(t, s, notifierFunc(func(n Notice) error {
		if n.Incident == refused.Incident {
			return s.Refuse(t.Context(), refused.ID, "anna", "")
		}
		return s.Keep(t.Context(), kept.ID, "anna", "court")
	}))
	if m := get(t, s, refused.ID); !m.Expires.IsZero() {
		t.Errorf("what was refused, to be kept for ever, goes at %v", m.Expires)
	}
	c.Add(30 * day)
	if err := s.EndKeep(t.Context(), kept.ID, "anna", "over"); err != nil {
		t.Fatal(err)
	}
	if got := expire(t, s, nil); got != (ExpiryReport{Warned: 1}) {
		t.Errorf("after the hold: %+v; want a warning", got)
	}
	readContent(t, s, refused.ID)
}

// The same for what expires: a hold that was put and ended meanwhile gives
// another day.
func TestWhatIsKeptDuringItsExpiryIsWarnedOfAgain(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	m := hold(t, s, letter(1), "x")
	c.Add(30 * day)
	expire(t, s, nil)
	c.Add(day)
	got := expire(t, s, notifierFunc(func(n Notice) error {
		if n.Kind != Expiration {
			return nil
		}
		if err := s.Keep(t.Context(), m.ID, "anna", "court"); err != nil {
			return err
		}
		return s.EndKeep(t.Context(), m.ID, "anna", "mistaken")
	}))
	if state := get(t, s, m.ID).State; state != Held {
		t.Errorf("%+v, and it is %s; want it held", got, state)
	}
}

// A warning that comes late, since the relay was down, is a day old all the same
// before anything goes.
func TestALateWarningGivesAWholeDay(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	m := hold(t, s, letter(1), "x")
	c.Add(30*day - 2*time.Hour)
	if got := expire(t, s, nil); got != (ExpiryReport{Warned: 1}) {
		t.Errorf("%+v", got)
	}
	c.Add(day - time.Second)
	if got := expire(t, s, nil); got != (ExpiryReport{}) || get(t, s, m.ID).State != Held {
		t.Errorf("%+v before the day is over", got)
	}
	c.Add(time.Second)
	if got := expire(t, s, nil); got != (ExpiryReport{Expired: 1}) {
		t.Errorf("%+v after it", got)
	}
}

// A clock that is set back while Expire works must not keep it at one message.
func TestExpireEndsThoughTheClockRunsBackwards(t *testing.T) {
	t.Parallel()
	// The time of each step falls between two looks at the clock, for some i.
	for i := range 6 {
		c := newClock()
		falling := false
		s := open(t, t.TempDir(), Options{Clock: func() time.Time {
			if falling {
				c.Add(-time.Second)
			}
			return c.Now()
		}})
		m := hold(t, s, letter(1), "x")
		for _, before := range []time.Duration{72 * time.Hour, 24 * time.Hour, 0} {
			c.Add(get(t, s, m.ID).Expires.Sub(c.Now()) - before + time.Duration(i)*time.Second)
			told := 0
			falling = true
			_, err := s.Expire(t.Context(), notifierFunc(func(Notice) error {
				if told++; told > 1 {
					return errInjected
				}
				return nil
			}))
			falling = false
			if err != nil {
				t.Errorf("%v before its end, %d s after: people are told again, %v", before, i, err)
			}
		}
	}
}
