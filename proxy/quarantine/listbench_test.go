package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

// millions are what benchmarks share, since it takes minutes to write: a store of
// 1,000,000 messages, of 20,000 with -short. Nobody may change it.
var millions struct {
	once  sync.Once
	dir   string
	store *Store
	clock *clock
	size  int
}

// million gives the store that benchmarks share. Its last message came just now.
func million(b *testing.B) (*Store, *clock) {
	b.Helper()
	millions.once.Do(func() {
		m := &millions
		m.size = 1_000_000
		if testing.Short() {
			m.size = 20_000
		}
		var err error
		if m.dir, err = os.MkdirTemp("", "million-"); err != nil {
			b.Fatal(err)
		}
		m.clock = &clock{now: time.Now().Add(-30 * 24 * time.Hour)}
		if m.store, err = Open(context.Background(), m.dir, Options{Clock: m.clock.Now}); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		many(b, m.store, m.clock, m.size)
		b.Logf("%d messages written in %v", m.size, time.Since(began))
	})
	if millions.clock == nil {
		b.Fatal("the messages could not be written")
	}
	return millions.store, millions.clock
}

// removeMillions removes what benchmarks shared.
func removeMillions() {
	if millions.store != nil {
		millions.store.Close()
	}
	if millions.dir != "" {
		os.RemoveAll(millions.dir)
	}
}

// many fills a store with n messages over 30 days: half of them incidents of
// their own, the others in runs of 100; 1,000 senders of 100 domains; one in a
// hundred incidents is open. 20,000 messages were judged.
func many(b *testing.B, s *Store, c *clock, n int) {
	b.Helper()
	key, err := s.writeKey(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	start := c.Now()
	step := 30 * 24 * time.Hour / time.Duration(n)
	for i := 0; i < n; {
		err := s.write(b.Context(), func(tx *sql.Tx) error {
			insert := newInserter(b, s, tx, key)
			for range min(50_000, n-i) {
				m := letter(1)
				m.ID = fmt.Sprintf("BH-%s-%s", base32(i>>20, 4), base32(i, 4))
				m.State, m.Policy, m.Action, m.Completeness = Refused, fmt.Sprint("policy-", i/2%3), "hold", "complete"
				if i%2 == 0 && i/2%100 == 0 {
					m.State = Held
				}
				m.From = fmt.Sprintf("sender%d@shop%d.example", i/200%1000, i/200%100)
				m.Recipients[0].Address = fmt.Sprintf("reader%d@post.example", i%50_000)
				m.Fields = []string{"contact.email", "person.name"}
				m.Subjects, m.Size = 10+i/2*7919%5000, int64(2000+i%90_000)
				m.Received = start.Add(time.Duration(i) * step)
				m.SHA256 = fmt.Sprintf("%064x", i)
				m.IncidentKey, m.Incident = "", fmt.Sprintf("IN-%s-%s", base32(i>>20, 4), base32(i, 4))
				if i%2 == 1 {
					j := i / 200
					m.IncidentKey, m.Incident = fmt.Sprint("run ", j), fmt.Sprintf("IN-ZZ%s-%s", base32(j>>20, 2), base32(j, 4))
				}
				insert.message(i+1, &m)
				i++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	c.Add(30 * 24 * time.Hour)
	judged(b, s, start)
}

// inserter writes rows as Hold does, with statements that are prepared once.
type inserter struct {
	b                             *testing.B
	s                             *Store
	key                           writeKey
	incidents, messages, receives *sql.Stmt
	senders, days                 *sql.Stmt
}

func newInserter(b *testing.B, s *Store, tx *sql.Tx, key writeKey) *inserter {
	b.Helper()
	prepare := func(query string) *sql.Stmt {
		stmt, err := tx.Prepare(query)
		if err != nil {
			b.Fatal(err)
		}
		return stmt
	}
	return &inserter{
		b: b, s: s, key: key,
		incidents: prepare(`INSERT INTO incidents (id, key, policy, first, last, subjects, sender, sender_domain, fields, size)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
		messages: prepare(`INSERT INTO messages (seq, id, incident, incident_key, state, sealed, sender_hash, sender_domain, action, policy,
			policy_version, subjects, records, fields, completeness, size, sha256, received, expires, plain)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '7', ?, 1, ?, ?, ?, ?, ?, 0, 0)`),
		senders: prepare(`INSERT INTO senders (sender, messages, open, incidents, people, message, last) VALUES (?, 1, 0, 1, ?, ?, ?)
			ON CONFLICT DO UPDATE SET messages = messages + 1, incidents = incidents + 1, people = people + excluded.people, message = excluded.message, last = excluded.last`),
		days: prepare(`INSERT INTO sender_days (day, sender, messages, people) VALUES (?, ?, 1, ?)
			ON CONFLICT DO UPDATE SET messages = messages + 1, people = max(people, excluded.people)`),
		receives: prepare("INSERT INTO recipients (message, place, address, domain) VALUES (?, 1, ?, ?)"),
	}
}

func (x *inserter) message(seq int, m *Message) {
	sealed, err := sealRecord(x.key, m.ID, recordOf(m))
	at := micros(m.Received)
	fields, errF := json.Marshal(m.Fields)
	sender, domain := x.s.hashAddress(m.From), x.s.hashDomain(m.From)
	_, errI := x.incidents.Exec(m.Incident, m.IncidentKey, m.Policy, at, at, m.Subjects, sender, domain, string(fields), m.Size)
	_, errM := x.messages.Exec(seq, m.ID, m.Incident, m.IncidentKey, string(m.State), sealed, sender, domain,
		m.Action, m.Policy, m.Subjects, string(fields), m.Completeness, m.Size, m.SHA256, at)
	_, errS := x.senders.Exec(sender, m.Subjects, seq, at)
	_, errD := x.days.Exec(at/dayMicros, sender, m.Subjects)
	_, errR := x.receives.Exec(seq, x.s.hashAddress(m.Recipients[0].Address), x.s.hashDomain(m.Recipients[0].Address))
	if err := errors.Join(err, errF, errI, errM, errS, errD, errR); err != nil {
		x.b.Fatal(err)
	}
}

func judged(b *testing.B, s *Store, start time.Time) {
	b.Helper()
	actions := []string{"pass", "tag", "hold", "reject", "defer"}
	read := []string{"complete", "partial", "unscanned"}
	l := &Ledger{}
	for i := range 20_000 {
		l.Exposures = append(l.Exposures, Exposure{At: start.Add(time.Duration(i) * (30 * 24 * time.Hour / 20_000)), Sender: "s", Action: actions[i%5],
			Policy: fmt.Sprint("policy-", i%10), Exposure: fmt.Appendf(nil, `{"completeness":%q}`, read[i%3])})
	}
	if err := s.WriteLedger(b.Context(), l); err != nil {
		b.Fatal(err)
	}
}

// What the console asks for, of 1,000,000 messages; -short takes 20,000.
func BenchmarkMillion(b *testing.B) {
	s, c := million(b)
	n := millions.size
	// rows searches for what text says, and reports how many rows it finds.
	rows := func(text string, find func(search.Expr) (int, error)) func(*testing.B) {
		return func(b *testing.B) {
			e, err := search.Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			found := 0
			for b.Loop() {
				if found, err = find(e); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(found), "rows")
		}
	}
	incidents := func(q IncidentQuery, text string) func(*testing.B) {
		return rows(text, func(e search.Expr) (int, error) {
			q.Search, q.Limit = e, 50
			page, err := s.IncidentPage(b.Context(), q)
			return len(page.Incidents), err
		})
	}
	messages := func(text string, q Query) func(*testing.B) {
		return rows(text, func(e search.Expr) (int, error) {
			q.Search, q.Limit = e, 50
			page, _, err := s.List(b.Context(), q)
			return len(page), err
		})
	}
	b.Run("incidents/first page", incidents(IncidentQuery{}, ""))
	b.Run("incidents/open", incidents(IncidentQuery{}, "state:open"))
	b.Run("incidents/open, most people", incidents(IncidentQuery{Sort: SortPeople}, "state:open"))
	b.Run("incidents/open, oldest", incidents(IncidentQuery{Sort: SortOldest}, "state:open"))
	b.Run("incidents/most copies", incidents(IncidentQuery{Sort: SortCopies}, ""))
	b.Run("incidents/last page", incidents(IncidentQuery{After: place{seq: 20}.cursor(SortNewest)}, ""))
	b.Run("incidents/middle, most copies", incidents(IncidentQuery{Sort: SortCopies, After: place{value: 1, seq: int64(n / 4)}.cursor(SortCopies)}, ""))
	b.Run("incidents/policy and people", incidents(IncidentQuery{}, "policy:policy-1 people:>4900"))
	b.Run("incidents/sender", incidents(IncidentQuery{}, "from:sender7@shop7.example"))
	b.Run("incidents/domain, most people", incidents(IncidentQuery{Sort: SortPeople}, "from:@shop7.example"))
	b.Run("incidents/recipient", incidents(IncidentQuery{}, "to:reader7@post.example"))
	b.Run("incidents/last day, not a policy", incidents(IncidentQuery{}, "age:<24h -policy:policy-2"))
	b.Run("incidents/one id", incidents(IncidentQuery{}, "BH-0000-0003"))
	b.Run("incidents/nobody's, most people", incidents(IncidentQuery{Sort: SortPeople}, "assigned:none people:<20"))
	b.Run("incidents/nothing found", incidents(IncidentQuery{}, "people:>100000"))

	b.Run("messages/first page", messages("", Query{}))
	b.Run("messages/open", messages("state:open", Query{}))
	b.Run("messages/last page", messages("", Query{After: position{micros(c.Now().Add(-30*24*time.Hour)) + 1e9, 1}.cursor()}))
	b.Run("messages/sender", messages("from:sender7@shop7.example size:>80K", Query{}))
	b.Run("messages/nothing found", messages("people:>100000", Query{}))

	b.Run("overview/24 hours", func(b *testing.B) { overviewOf(b, s, c.Now().Add(-24*time.Hour)) })
	b.Run("overview/30 days", func(b *testing.B) { overviewOf(b, s, c.Now().Add(-30*24*time.Hour)) })
	b.Run("senders", func(b *testing.B) {
		for b.Loop() {
			if page, _, err := s.Senders(b.Context(), SenderQuery{Sort: SendersByPeople, Limit: 50}); err != nil || len(page) != 50 {
				b.Fatal(len(page), err)
			}
		}
	})
	// What a rehearsal of the newest 100,000 messages asks for.
	b.Run("marks/3 days", func(b *testing.B) {
		for b.Loop() {
			if marks, err := s.Marks(b.Context(), c.Now().Add(-3*24*time.Hour)); err != nil || len(marks) == 0 {
				b.Fatal(len(marks), err)
			}
		}
	})
	b.Run("changes", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Changes(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func overviewOf(b *testing.B, s *Store, since time.Time) {
	for b.Loop() {
		if o, err := s.Overview(b.Context(), since); err != nil || len(o.Hours) == 0 || len(o.Senders) == 0 {
			b.Fatal(len(o.Hours), err)
		}
	}
}
