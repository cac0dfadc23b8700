package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// Listener is told of what other relays write. Its methods return at once.
type Listener interface {
	// Heard: a relay has written something of a sender; held: that a run is.
	Heard(relay, sender string, held bool)
	// Warned: a relay is about to hold the first copy of a run of a sender.
	Warned(relay, sender string)
	// Missed: something may have been written that Heard did not tell of.
	Missed()
}

// How long Hears believes in a line that nothing was heard on, how often it is tried,
// and how long after it failed.
const (
	heardFor    = time.Second
	tryEvery    = 300 * time.Millisecond
	tryWait     = 500 * time.Millisecond
	soonestLine = 50 * time.Millisecond
	latestLine  = 2 * time.Second
)

// news is what a store knows of its line to other relays.
type news struct {
	began time.Time
	// proven is when it was last begun to try the line, as far as it answered since:
	// nanoseconds after began, 0 while there is no line.
	proven atomic.Int64
}

func (n *news) prove(at time.Time) { n.proven.Store(max(1, int64(at.Sub(n.began)))) }

// Tells reports whether relays that share the store hear of each other: see
// [Store.Listen]. A file does not tell.
func (s *Store) Tells() bool { return s.db.tells() }

// Hears reports whether Listen has told of all that was written until a second ago.
func (s *Store) Hears() bool {
	proven := s.news.proven.Load()
	return proven > 0 && time.Since(s.news.began)-time.Duration(proven) < heardFor
}

// Listen tells of what relays write, this one as well, until the context ends. Where
// the line breaks it is made anew, and Hears says no meanwhile.
func (s *Store) Listen(ctx context.Context, to Listener, log *slog.Logger) {
	wait := soonestLine
	for ctx.Err() == nil && s.db.tells() {
		err := s.db.listen(ctx, line{
			heard: func(text string) { tell(to, text) },
			open: func() {
				to.Missed()
				wait = soonestLine
			},
			proven: s.news.prove,
		})
		s.news.proven.Store(0)
		if ctx.Err() != nil {
			return
		}
		log.Warn("what other relays write is not heard: it is asked for with each message", "error", err, "again", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait = min(2*wait, latestLine)
	}
}

// line is what a database tells of its line.
type line struct {
	heard  func(text string)
	open   func()          // from here on everything is heard
	proven func(time.Time) // all that was written until then was heard
}

// newsMost bounds the senders of one notice: PostgreSQL takes less than 8,000 bytes.
const newsMost = 250

var errNoNews = errors.New("this database does not tell")

// What a relay has written of senders.
const (
	newsWritten = "written"
	newsHeld    = "held" // the first copy of a run, or the first after a release
	newsWarned  = "warned"
)

// Warn lets all relays hear that one is about to hold the first copy of a run of a
// sender. To hold it takes some dozen statements, and is heard of after the last.
func (s *Store) Warn(ctx context.Context, relay, sender string) error {
	if !s.db.tells() {
		return nil
	}
	return s.db.announce(ctx, s.reader, relay+" "+newsWarned+" "+sender)
}

// announce lets all relays hear, once the transaction is there, of which senders one
// has written.
func (s *Store) announce(ctx context.Context, tx *sql.Tx, relay, what string, senders []string) error {
	if relay == "" || !s.db.tells() {
		return nil
	}
	for len(senders) > 0 {
		n := min(newsMost, len(senders))
		if err := s.db.announce(ctx, tx, relay+" "+what+" "+strings.Join(senders[:n], " ")); err != nil {
			return err
		}
		senders = senders[n:]
	}
	return nil
}

// tell reads what announce wrote. Who may write to the database may announce
// anything; it costs a look, or a wait that ends by itself.
func tell(to Listener, text string) {
	relay, rest, _ := strings.Cut(text, " ")
	what, senders, _ := strings.Cut(rest, " ")
	for sender := range strings.FieldsSeq(senders) {
		if what == newsWarned {
			to.Warned(relay, sender)
			continue
		}
		to.Heard(relay, sender, what == newsHeld)
	}
}
