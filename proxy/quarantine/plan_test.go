package quarantine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// asked is a query of the console.
type asked struct {
	name, sql string
	args      []any
	sorts     bool // it sorts the few rows that it has found
}

// askedByTheConsole gives each query of the console of a store with about 10,000
// messages and incidents, whatever is searched by; of messages a page that begins at one
// place and looks no further than another.
func askedByTheConsole(t *testing.T, s *Store, at, floor position) (all []asked) {
	t.Helper()
	add := func(name, sql string, args []any) { all = append(all, asked{name: name, sql: sql, args: args}) }
	texts := []string{"", "-policy:a OR from:b@c.example", "state:open people:>5", "state:awaiting_approval -mark:wrong", "policy:a from:@shop.example people:>5"}
	for _, d := range search.Docs() {
		texts = append(texts, d.Example)
	}
	for _, text := range texts {
		found := parse(t, text)
		few := selective(found)
		for _, by := range []Sort{SortNewest, SortOldest, SortPeople, SortCopies} {
			for _, back := range []bool{false, true} {
				q, at, floor := IncidentQuery{Search: found, Sort: by}, place{9, 5000, back}, &place{5, 4000, back}
				q.splitState()
				sql, args := s.incidentSQL(q, at, floor, 100)
				if few {
					sql, args = s.incidentSQL(q, at, nil, 100)
				}
				name := fmt.Sprintf("incidents by %q, back %t, %s", by, back, text)
				all = append(all, asked{name, sql, args, few})
				sql, args = s.floorSQL(q, at)
				add("floor of "+name, sql, args)
			}
		}
		q := Query{Search: found}
		q.splitState()
		for _, state := range []State{"", Held} {
			sql, args := s.listSQL(q, state, at, &floor)
			all = append(all, asked{"messages, " + text, sql, args, few})
			sql, args = s.listFloorSQL(q, state, at)
			add("floor of messages, "+text, sql, args)
		}
	}
	now := time.Now()
	for _, q := range []AuditLogQuery{
		{}, {Before: 9}, {After: 9}, {By: "ana"}, {Act: ActHeld}, {Since: now}, {Until: now}, {Message: "BH-0000-0000"},
		{By: "ana", Act: ActHeld, Since: now, Until: now, After: 5},
	} {
		where, args, err := auditSQL(q, 100)
		if err != nil {
			t.Fatal(err)
		}
		add(fmt.Sprintf("audit %+v", q), "SELECT seq FROM audit WHERE "+where, args)
	}
	where, args, err := auditSQL(AuditLogQuery{Incident: "IN-0000-0000"}, 100)
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, asked{"audit of an incident", "SELECT seq FROM audit WHERE " + where, args, true})
	add("overview: hours", overviewHours, []any{1, 2})
	add("overview: incidents", overviewIncidents, []any{1, 2})
	add("overview: last", overviewLast, nil)
	add("exposures", exposuresSince, []any{1})
	add("place of an exposure", exposureAt, []any{1, 2})
	add("exposures of an hour", countedSince, []any{1, 2, 3})
	add("oldest exposure", oldestSince, []any{1})
	add("incident of a run", incidentOfRun, []any{"run"})
	add("changes", changeSQL, nil)
	add("oldest open", oldestOpen, nil)
	// These sort their groups: policies, and senders of the days.
	return append(all, asked{"overview: policies", overviewPolicies, []any{1, 2, 20}, true}, asked{"overview: senders", s.db.sendersOfDays(), []any{1, 2, 10}, true})
}

// Each query of the console follows an index in the order of its list, whatever
// is searched by: it neither looks through a whole table nor sorts it.
func TestQueriesOfTheConsoleFollowAnIndex(t *testing.T) {
	testbed.SkipShort(t, "filling a store takes long")
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	fill(t, s, 10_000)
	for _, q := range askedByTheConsole(t, s, position{9, 5000}, position{1, 4000}) {
		steps := plan(t, s, q.sql, q.args)
		for _, by := range []Sort{SortPeople, SortCopies} {
			if strings.HasPrefix(q.name, fmt.Sprintf("incidents by %q", by)) && !q.sorts && !strings.Contains(strings.Join(steps, "\n"), "("+by.column()+",place)") {
				t.Errorf("%s: a page passes all that are alike: %q", q.name, steps)
			}
		}
		for _, step := range steps {
			scans := strings.HasPrefix(step, "SCAN ") && step != "SCAN CONSTANT ROW" && step != "SCAN d" && step != "SCAN next" && !strings.HasPrefix(step, "SCAN totals")
			if sorts := strings.Contains(step, "TEMP B-TREE"); scans || sorts && !q.sorts {
				t.Errorf("%s: %s\n\t%s", q.name, step, q.sql)
			}
		}
	}
	for _, by := range []SenderSort{SendersByMessages, SendersByPeople, SendersByLast} {
		sql, args, err := senderSQL(SenderQuery{Sort: by}, 100)
		if err != nil {
			t.Fatal(err)
		}
		// There are few senders: these are sorted when they are read.
		if steps := plan(t, s, sql, args); len(steps) != 2 || steps[0] != "SCAN senders" {
			t.Errorf("senders: %q", steps)
		}
	}
}
