package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// AuditLogQuery picks entries for people, who read the newest first. Its zero
// value picks all.
type AuditLogQuery struct {
	Message  string // only this message's; "": all
	Incident string // only of this incident and of its messages; "": all
	By       string // only this person's; "": all
	Act      Act    // "": all
	Since    time.Time
	Until    time.Time // before; zero: all
	// Before and After are where a page begins: entries with a smaller Seq, the
	// newest of them first, or with a greater one, those next to it. At most one
	// is set; 0: the newest.
	Before, After int64
	Limit         int // at most so many; 0 is 100, never more than 1000
}

// AuditPage is a part of the trail, newest first.
type AuditPage struct {
	Entries []Entry
	// Older is the Before of the page of older entries, Newer the After of that
	// of newer ones; 0 where there is none.
	Older, Newer int64
}

// AuditLog gives a page of the audit trail.
func (s *Store) AuditLog(ctx context.Context, q AuditLogQuery) (AuditPage, error) {
	limit := pageSize(q.Limit)
	where, args, err := auditSQL(q, limit)
	if err != nil {
		return AuditPage{}, fmt.Errorf("audit: %w", err)
	}
	var page AuditPage
	err = s.readPage(ctx, func(tx *sql.Tx) error {
		return eachEntry(ctx, tx, where, args, func(r entryRow) error {
			e, err := r.entry()
			page.Entries = append(page.Entries, e)
			return err
		})
	})
	if err != nil {
		return AuditPage{}, fmt.Errorf("audit: %w", err)
	}
	more := len(page.Entries) > limit
	page.Entries = page.Entries[:min(len(page.Entries), limit)]
	if q.After > 0 {
		slices.Reverse(page.Entries)
	}
	if n := len(page.Entries); n > 0 {
		if more || q.After > 0 {
			page.Older = page.Entries[n-1].Seq
		}
		if q.Before > 0 || q.After > 0 && more {
			page.Newer = page.Entries[0].Seq
		}
	}
	return page, nil
}

// auditSQL gives what comes behind WHERE. The narrowest of the conditions is
// the one whose index is followed; the others are written with a plus.
func auditSQL(q AuditLogQuery, limit int) (string, []any, error) {
	where, args := []string{"seq < ?"}, []any{int64(math.MaxInt64)}
	order := " ORDER BY seq DESC LIMIT ?"
	switch {
	case q.Before > 0 && q.After > 0:
		return "", nil, fmt.Errorf("%w query: before and after at once", ErrInvalid)
	case q.Before > 0:
		args[0] = q.Before
	case q.After > 0:
		where[0], args[0], order = "seq > ?", q.After, " ORDER BY seq LIMIT ?"
	}
	plus := ""
	add := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
		plus = "+"
	}
	if q.Message != "" {
		id, err := NormaliseID(q.Message)
		if err != nil {
			return "", nil, err
		}
		add("message = ?", id)
	}
	if q.Incident != "" {
		id := normaliseIncident(q.Incident)
		add(`seq IN (SELECT a.seq FROM messages m JOIN audit a ON a.message = m.id WHERE m.incident = ?
			UNION ALL SELECT seq FROM audit WHERE message = '' AND incident = ?)`, id, id)
	}
	if q.By != "" {
		if q.By != bySystem {
			where = append(where, "by <> '"+bySystem+"'") // as the index has it
		}
		add(plus+"by = ?", q.By)
	}
	if q.Act != "" {
		if q.Act != ActHeld {
			where = append(where, "act <> '"+string(ActHeld)+"'")
		}
		add(plus+"act = ?", string(q.Act))
	}
	// Entries are in the order of time but for clocks that were put right, so
	// those of a day around bound what is looked through.
	if !q.Since.IsZero() {
		add("+at >= ? AND seq >= coalesce((SELECT seq FROM audit WHERE at >= ? ORDER BY at, seq LIMIT 1), 0)",
			micros(q.Since), micros(q.Since.Add(-24*time.Hour)))
	}
	if !q.Until.IsZero() {
		add("+at < ? AND seq <= coalesce((SELECT seq FROM audit WHERE at < ? ORDER BY at DESC, seq DESC LIMIT 1), 0)",
			micros(q.Until), micros(q.Until.Add(24*time.Hour)))
	}
	return strings.Join(where, " AND ") + order, append(args, limit+1), nil
}
