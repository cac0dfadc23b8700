package quarantine

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

const (
	// rowsAsked has how many exposures BenchmarkSize fills PostgreSQL with; it makes a
	// tenth as many deliveries and held messages.
	rowsAsked = "BULKHEAD_ROWS"
	// rowsServer has the address of a server to fill, whose databases stay for the
	// next time.
	rowsServer = "BULKHEAD_ROWS_SERVER"
)

// sized is a store in PostgreSQL, filled.
type sized struct {
	*Store
	url   string
	clock *clock
	size  int
}

// sizedStore gives a store with so many rows.
func sizedStore(b *testing.B, what string, rows int, fill func(*filler, int)) *sized {
	b.Helper()
	server := os.Getenv(rowsServer)
	if server == "" {
		server = postgrestest.Start(b).URL("postgres")
	}
	u, err := url.Parse(server)
	if err != nil {
		b.Fatal(err)
	}
	name := fingerprint(what, rows)
	u.Path = "/" + name
	there := postgrestest.Do(u.String(), "SELECT 1 FROM filled") == nil
	if !there {
		if err := postgrestest.Do(server, "DROP DATABASE IF EXISTS "+name, "CREATE DATABASE "+name); err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	identity, err := seal.NewIdentity()
	if err != nil {
		b.Fatal(err)
	}
	// Nobody opens what is sealed. The secret is the same each time: rows are found by it.
	o := Options{Database: u.String(), Secret: dir + "/secret", Recipient: identity.Recipient().String()}
	write(b, o.Secret, strings.Repeat("s", seal.SecretSize))
	c := &clock{now: time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)} // rows are of the 30 days before
	o.Clock = c.Now
	s := open(b, dir, o)
	if !there {
		began := time.Now()
		f := newFiller(b, s, u.String(), c.Now().Add(-time.Microsecond))
		fill(f, rows)
		f.do("CREATE TABLE filled ()")
		f.close()
		b.Logf("%s: %d rows in %v", what, rows, time.Since(began).Round(time.Second))
	}
	return &sized{s, u.String(), c, rows}
}

// pages calls do some times, and reports how long that takes, in the middle and at
// worst, and how many pages of 8 KiB the server looks at for it, which says the same on
// any machine.
func (s *sized) pages(b *testing.B, name string, do func() error) {
	b.Run(name, func(b *testing.B) {
		var took []time.Duration
		before := s.looked(b)
		for b.Loop() {
			began := time.Now()
			if err := do(); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(began))
		}
		n := float64(len(took))
		b.ReportMetric(float64(s.looked(b)-before)/n, "blocks/op")
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/median")
		b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms/most")
		b.ReportMetric(0, "ns/op")
	})
}

// looked is how many pages the connections of the store have looked at.
func (s *sized) looked(b *testing.B) (n int64) {
	b.Helper()
	for _, db := range []querier{s.reader, s.rows, s.writer} {
		var nothing string
		if err := db.QueryRowContext(b.Context(), "SELECT pg_stat_force_next_flush()::text").Scan(&nothing); err != nil {
			b.Fatal(err)
		}
	}
	err := s.reader.QueryRowContext(b.Context(), "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()").Scan(&n)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkSize is what people and relays ask of a PostgreSQL in which BULKHEAD_ROWS
// messages were judged, and a tenth as many held.
func BenchmarkSize(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv(rowsAsked))
	if err != nil {
		b.Skipf("%s says how many rows to measure with, such as 1000000", rowsAsked)
	}
	b.Run("judged", func(b *testing.B) { judgedSize(b, sizedStore(b, "judged", rows, (*filler).exposures)) })
	b.Run("delivered", func(b *testing.B) { deliveredSize(b, sizedStore(b, "delivered", rows/10, (*filler).deliveries)) })
	b.Run("held", func(b *testing.B) { heldSize(b, sizedStore(b, "held", rows/10, (*filler).held)) })
}

// judgedSize is what a rehearsal of policies reads, and what is removed.
func judgedSize(b *testing.B, s *sized) {
	s.reader.SetMaxOpenConns(1) // see looked
	ctx := b.Context()
	s.pages(b, "rehearsal: how many there are", func() error {
		_, err := s.CountExposures(ctx, time.Time{})
		return err
	})
	var since time.Time
	s.pages(b, "rehearsal: where the newest 100,000 begin", func() (err error) {
		since, err = s.NewestExposures(ctx, time.Time{}, 100_000)
		return err
	})
	s.pages(b, "rehearsal: the newest 100,000", func() error {
		return s.Exposures(ctx, since, func(Exposure) error { return nil })
	})
	s.pages(b, "rehearsal: marks", func() error {
		_, err := s.Marks(ctx, since)
		return err
	})
	s.pages(b, "overview, 30 days", func() error {
		_, err := s.Overview(ctx, s.clock.Now().Add(-30*24*time.Hour))
		return err
	})
	s.pages(b, "what has changed", func() error {
		_, err := s.Changes(ctx)
		return err
	})
	s.pages(b, "ledger: 100 messages", func() error { return s.WriteLedger(ctx, passedAt(s.clock.Now().Add(-time.Second), 100)) })
	s.dropADay(b, exposuresTable, func(before time.Time) error {
		_, err := s.db.dropExposures(ctx, s.Store, before)
		return err
	})
}

// passedAt is a ledger of n messages.
func passedAt(at time.Time, n int) *Ledger {
	l := passedOn(n)
	for i := range l.Exposures {
		l.Exposures[i].At, l.Deliveries[i].At, l.Runs[i].First, l.Runs[i].Last = at, at, at, at
	}
	return l
}

// dropADay measures how long the oldest day takes to go, once.
func (s *sized) dropADay(b *testing.B, table string, drop func(before time.Time) error) {
	b.Run("retention: a day goes", func(b *testing.B) {
		all, err := partsBefore(b.Context(), s.reader, table, 100_000)
		if err != nil || len(all) < 2 {
			b.Fatal(all, err)
		}
		oldest, err := time.Parse("20060102", all[0][len(table)+1:])
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := drop(oldest.AddDate(0, 0, 1)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms")
		b.ReportMetric(0, "ns/op")
	})
}

// deliveredSize is what is asked of those whom a run has served.
func deliveredSize(b *testing.B, s *sized) {
	s.reader.SetMaxOpenConns(1)
	ctx := b.Context()
	var run string
	if err := s.reader.QueryRowContext(ctx, "SELECT run FROM deliveries WHERE day > 0 ORDER BY run DESC LIMIT 1").Scan(&run); err != nil {
		b.Fatal(err)
	}
	s.pages(b, "incident: whom a run has served", func() error {
		return s.Served(ctx, run, func(Served) error { return nil })
	})
	s.pages(b, "release: whether a run has served somebody", func() error {
		_, err := s.HasServed(ctx, run, "nobody@reader.example")
		return err
	})
	s.pages(b, "ledger: 100 messages", func() error { return s.WriteLedger(ctx, passedAt(s.clock.Now().Add(-time.Second), 100)) })
	s.dropADay(b, deliveriesTable, func(before time.Time) error {
		_, err := s.db.dropDeliveries(ctx, s.Store, before)
		return err
	})
	b.Run("retention: runs that have ended", func(b *testing.B) {
		var before int64
		if err := s.reader.QueryRowContext(ctx, "SELECT last FROM runs ORDER BY last LIMIT 1 OFFSET (SELECT count(*) / 30 FROM runs)").Scan(&before); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		removed := int64(0)
		for _, query := range []string{pruneShares, pruneRuns} {
			n, err := s.prune(ctx, query, fromMicros(before))
			if removed += n; err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(removed), "rows")
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms")
		b.ReportMetric(0, "ns/op")
	})
}

// heldSize is what the console asks of held messages, and the hold of a further one.
func heldSize(b *testing.B, s *sized) {
	s.reader.SetMaxOpenConns(1)
	ctx := b.Context()
	query := func(text string) search.Expr {
		e, err := search.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		return e
	}
	incidents := func(name, text string, q IncidentQuery) {
		q.Search, q.Limit = query(text), 50
		s.pages(b, "incidents: "+name, func() error { _, err := s.IncidentPage(ctx, q); return err })
	}
	messages := func(name, text string, q Query) {
		q.Search, q.Limit = query(text), 50
		s.pages(b, "messages: "+name, func() error { _, _, err := s.List(ctx, q); return err })
	}
	incidents("first page", "", IncidentQuery{})
	incidents("open", "state:open", IncidentQuery{})
	incidents("a page in the middle", "", IncidentQuery{After: place{seq: int64(s.size / 2)}.cursor(SortNewest)})
	incidents("the last page", "", IncidentQuery{After: place{seq: 20}.cursor(SortNewest)})
	for _, by := range []Sort{SortOldest, SortPeople, SortCopies} {
		incidents("by "+string(by), "", IncidentQuery{Sort: by})
		incidents("open, by "+string(by), "state:open", IncidentQuery{Sort: by})
	}
	for _, d := range search.Docs() {
		incidents(d.Example, d.Example, IncidentQuery{})
		incidents(d.Example+" by people", d.Example, IncidentQuery{Sort: SortPeople})
		messages(d.Example, d.Example, Query{})
	}
	for _, text := range []string{"from:sender7@shop7.example", "from:@shop7.example", "to:reader7@post.example", "to:@post.example", "policy:policy-3 people:>4900",
		"age:<24h -policy:policy-2", "people:>100000", "-state:open assigned:none"} {
		incidents(text, text, IncidentQuery{})
		incidents(text+" by people", text, IncidentQuery{Sort: SortPeople})
		messages(text, text, Query{})
	}
	messages("first page", "", Query{})
	messages("open", "state:open", Query{})
	messages("the last page", "", Query{After: position{micros(s.clock.Now().Add(-30*24*time.Hour)) + 1e9, 1}.cursor()})
	messages("from and to", "", Query{From: "sender7@shop7.example", To: "reader7@post.example"})
	messages("a day, a policy", "", Query{Policy: "policy-3", Since: s.clock.Now().Add(-48 * time.Hour), Until: s.clock.Now().Add(-24 * time.Hour)})

	page, err := s.IncidentPage(ctx, IncidentQuery{Sort: SortCopies, Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	one := page.Incidents[0].ID
	s.pages(b, "incident: itself", func() error { _, err := s.Incident(ctx, one); return err })
	messages("of an incident", "", Query{Incident: one})
	copies, _, err := s.List(ctx, Query{Incident: one, Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	s.pages(b, "message: itself", func() error { _, err := s.Get(ctx, copies[0].ID); return err })
	for name, q := range map[string]AuditLogQuery{"first page": {}, "of an incident": {Incident: one}, "of a message": {Message: copies[0].ID},
		"a day": {Since: s.clock.Now().Add(-48 * time.Hour), Until: s.clock.Now().Add(-24 * time.Hour)}, "decisions": {Act: ActRefused}} {
		q.Limit = 50
		s.pages(b, "audit: "+name, func() error { _, err := s.AuditLog(ctx, q); return err })
	}
	for _, by := range []SenderSort{SendersByMessages, SendersByPeople, SendersByLast} {
		s.pages(b, "senders: by "+string(by), func() error { _, _, err := s.Senders(ctx, SenderQuery{Sort: by, Limit: 50}); return err })
	}
	s.pages(b, "overview, 24 hours", func() error { _, err := s.Overview(ctx, s.clock.Now().Add(-24*time.Hour)); return err })
	s.pages(b, "overview, 30 days", func() error { _, err := s.Overview(ctx, s.clock.Now().Add(-30*24*time.Hour)); return err })
	s.pages(b, "figures", func() error { _, err := s.Stats(ctx); return err })
	s.pages(b, "changes", func() error { _, err := s.Changes(ctx); return err })
	s.pages(b, "rehearsal: marks of a day", func() error { _, err := s.Marks(ctx, s.clock.Now().Add(-24*time.Hour)); return err })
	s.pages(b, "retention: nothing is due", func() error { _, err := s.Expire(context.WithoutCancel(ctx), nil); return err })
	text, n := table(20), 0
	s.pages(b, "hold", func() error { n++; hold(b, s.Store, copyTo(n), fmt.Sprint(head(n), text)); return nil })
}
