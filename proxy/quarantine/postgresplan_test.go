//go:build unix

package quarantine

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
)

// step is a node of a plan as EXPLAIN (ANALYZE, FORMAT JSON) gives it.
type step struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Plans    []step
}

// each calls visit for the steps that were taken.
func (p step) each(visit func(step)) {
	if p.Loops == 0 {
		return
	}
	visit(p)
	for _, child := range p.Plans {
		child.each(visit)
	}
}

// postgresPlan carries a query out, and gives what the server did.
func postgresPlan(t *testing.T, s *Store, q asked) step {
	t.Helper()
	var text string
	if err := s.reader.QueryRowContext(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+q.sql, q.args...).Scan(&text); err != nil {
		t.Fatalf("%s: %v\n%s", q.name, err, q.sql)
	}
	var all []struct{ Plan step }
	if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) != 1 {
		t.Fatal(err, text)
	}
	return all[0].Plan
}

// A page of the console looks through no table that grows, sorts no more than what it
// may look at, and of what is kept by days reads those alone that it is about.
func pagesFollowAnIndex(t *testing.T, server *postgrestest.Server) {
	dir := t.TempDir()
	o := optionsOn(t, server, dir, Options{})
	o.look = 1000
	s := open(t, dir, o)
	today := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	f := newFiller(t, s, o.Database, today.Add(-time.Microsecond))
	f.exposures(30_000)
	f.deliveries(30_000)
	f.held(20_000)
	f.close()

	middle := micros(today.AddDate(0, 0, -15))
	const most = 3000 // rows that a page is made of, at the places that are asked for
	for _, q := range askedByTheConsole(t, s, position{middle, 10_000}, position{middle - dayMicros, 9000}) {
		days := map[string]bool{}
		postgresPlan(t, s, q).each(func(p step) {
			switch p.Relation {
			case "messages", "recipients", "incidents", "audit", "releases":
				if p.Type == "Seq Scan" {
					t.Errorf("%s looks through %s\n\t%s", q.name, p.Relation, q.sql)
				}
			}
			if strings.HasPrefix(p.Relation, partOf(exposuresTable, 0)[:len(exposuresTable)+1]) {
				days[p.Relation] = true
			}
			if p.Type == "Sort" && p.Plans[0].Rows > most {
				t.Errorf("%s sorts %v rows\n\t%s", q.name, p.Plans[0].Rows, q.sql)
			}
		})
		if len(days) > 2 && q.name != "exposures" && q.name != "changes" {
			t.Errorf("%s reads %d days of 30\n\t%s", q.name, len(days), q.sql)
		}
	}
	for _, by := range []SenderSort{SendersByMessages, SendersByPeople, SendersByLast} {
		sql, args, err := senderSQL(SenderQuery{Sort: by}, 100)
		if err != nil {
			t.Fatal(err)
		}
		postgresPlan(t, s, asked{"senders", sql, args, false}).each(func(p step) {
			if p.Type == "Sort" || p.Type == "Seq Scan" {
				t.Errorf("senders %q: %s\n\t%s", by, p.Type, sql)
			}
		})
	}
	// A statement that is seen again and again is planned for what is asked for.
	s.reader.SetMaxOpenConns(1)
	for range 10 {
		if all, _, err := s.List(t.Context(), Query{States: []State{Releasing}}); err != nil || len(all) > 0 {
			t.Fatal(len(all), err)
		}
	}
	var anew, same int
	err := s.reader.QueryRowContext(t.Context(), `SELECT coalesce(sum(custom_plans), 0), coalesce(sum(generic_plans), 0)
		FROM pg_prepared_statements WHERE statement LIKE 'SELECT seq%FROM messages WHERE received%'`).Scan(&anew, &same)
	if err != nil || anew < 10 || same > 0 {
		t.Errorf("a page was planned %d times, and %d times taken from a plan for any, %v", anew, same, err)
	}
	days := 0
	lastDay := asked{"exposures", exposuresSince, []any{micros(today.Add(-time.Hour))}, false}
	postgresPlan(t, s, lastDay).each(func(p step) {
		if p.Relation != "" {
			days++
		}
	})
	if days != 1 {
		t.Errorf("exposures of an hour are read from %d days", days)
	}
}
