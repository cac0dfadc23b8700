package quarantine

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

// Query picks messages. Its zero value picks all.
type Query struct {
	States      []State // any of these; none: all
	Policy      string  // "": all
	From        string  // the reverse path, or a domain as "@shop.example"; "": all
	To          string  // a recipient, or a domain; "": all
	Incident    string  // an incident's id; "": all
	MinSubjects int
	Since       time.Time   // received at or after; zero: all
	Until       time.Time   // received before; zero: all
	Search      search.Expr // nil: all
	Me          string      // who "assigned:me" is
	After       Cursor      // where the page before ended; "": the first page
	Limit       int         // at most so many; 0 is 100, never more than 1000
}

// Cursor is a place between two pages, as List gave it. It stays valid while
// messages come and go.
type Cursor string

// pageSize bounds what one call reads.
func pageSize(limit int) int {
	const usual, most = 100, 1000
	if limit <= 0 {
		return usual
	}
	return min(limit, most)
}

// List gives a page of messages, newest first, and the cursor of the next
// page, "" after the last one. A page of a search may be short, or empty, and
// still have a next one: one call looks through no more than 10,000 messages of
// a state, and through fewer where each costs more. Evidence is left out where it is
// large: see [Store.Get].
func (s *Store) List(ctx context.Context, q Query) ([]Message, Cursor, error) {
	q.Limit = pageSize(q.Limit)
	at, err := parseCursor(q.After)
	if err != nil {
		return nil, "", fmt.Errorf("list: %w", err)
	}
	if err := s.endLapsed(ctx); err != nil {
		return nil, "", fmt.Errorf("list: %w", err)
	}
	q.splitState()
	var page []row
	var floor *position
	err = s.readPage(ctx, func(tx *sql.Tx) error {
		if page, floor, err = s.listRows(ctx, tx, q, at); err != nil {
			return err
		}
		for i := range page[:min(len(page), q.Limit)] {
			if err := s.complete(ctx, tx, &page[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("list: %w", err)
	}
	var next Cursor
	if floor != nil {
		next = floor.cursor()
	}
	if len(page) > q.Limit {
		page = page[:q.Limit]
		last := page[q.Limit-1]
		next = position{micros(last.Received), last.seq}.cursor()
	}
	messages := make([]Message, len(page))
	for i, r := range page {
		messages[i] = r.Message
	}
	return messages, next, nil
}

// Get gives one message, or [ErrNotFound].
func (s *Store) Get(ctx context.Context, id string) (Message, error) {
	if err := s.endLapsed(ctx); err != nil {
		return Message{}, fmt.Errorf("get: %w", err)
	}
	var r row
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		r, err = s.find(ctx, tx, id)
		return err
	})
	if err == nil {
		err = s.openEvidence(ctx, &r)
	}
	if err != nil {
		return Message{}, fmt.Errorf("get: %w", err)
	}
	return r.Message, nil
}

// position is where a page ended: keyset paging needs no OFFSET, so the last
// page costs what the first does.
type position struct{ received, seq int64 }

func (p position) cursor() Cursor {
	return Cursor(strconv.FormatInt(p.received, 36) + "." + strconv.FormatInt(p.seq, 36))
}

func parseCursor(c Cursor) (position, error) {
	if c == "" {
		return position{math.MaxInt64, math.MaxInt64}, nil
	}
	a, b, _ := strings.Cut(string(c), ".")
	received, err := strconv.ParseInt(a, 36, 64)
	if err != nil {
		return position{}, fmt.Errorf("%w cursor %.40q", ErrInvalid, c)
	}
	seq, err := strconv.ParseInt(b, 36, 64)
	if err != nil {
		return position{}, fmt.Errorf("%w cursor %.40q", ErrInvalid, c)
	}
	return position{received, seq}, nil
}

// listRows reads one row more than the limit, so that it is known whether
// there is a next page. Each state has its own query: SQLite follows one
// index in order for one state, but would sort all rows of several.
//
// Of a search, floor is the place up to which all states were looked through,
// nil where that is the end.
func (s *Store) listRows(ctx context.Context, tx *sql.Tx, q Query, at position) (all []row, floor *position, err error) {
	states := slices.Compact(slices.Sorted(slices.Values(q.States)))
	if len(states) == 0 {
		states = []State{""}
	}
	if q.Search != nil && !selective(q.Search) {
		if floor, err = s.listFloor(ctx, tx, q, states, at); err != nil {
			return nil, nil, err
		}
	}
	for _, state := range states {
		query, args := s.listSQL(q, state, at, floor)
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return nil, nil, err
		}
		for rows.Next() {
			r, err := scanMessage(rows.Scan)
			if err != nil {
				_ = rows.Close() // the first error tells
				return nil, nil, err
			}
			all = append(all, r)
		}
		if err := rows.Err(); err != nil {
			return nil, nil, err
		}
	}
	slices.SortFunc(all, func(a, b row) int {
		return cmp.Or(b.Received.Compare(a.Received), cmp.Compare(b.seq, a.seq))
	})
	return all[:min(len(all), q.Limit+1)], floor, nil
}

// listFloor finds the newest of the places where the states' bounds are.
func (s *Store) listFloor(ctx context.Context, tx *sql.Tx, q Query, states []State, at position) (floor *position, err error) {
	for _, state := range states {
		query, args := s.listFloorSQL(q, state, at)
		var p position
		err := tx.QueryRowContext(ctx, query, args...).Scan(&p.received, &p.seq)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if floor == nil || p.received > floor.received || p.received == floor.received && p.seq > floor.seq {
			floor = &p
		}
	}
	return floor, nil
}

// listFloorSQL goes along the index that listSQL will, and nothing else.
func (s *Store) listFloorSQL(q Query, state State, at position) (string, []any) {
	where, args := "received <= ? AND (received, seq) < (?, ?)", []any{at.received, at.received, at.seq}
	if state != "" {
		where, args = where+" AND state = ?", append(args, string(state))
	}
	c := finder{s: s, of: ofMessages, me: q.Me, args: args, ordered: state == ""}
	return "SELECT received, seq FROM messages WHERE " + where + c.driving(q.Search) + " ORDER BY received DESC, seq DESC LIMIT 1 OFFSET ?", append(c.args, s.lookOf(q.Search, ofMessages, false)-1)
}

// listSQL always bounds received, by the end of time if need be, so that every
// plan is a search in an index and none a scan.
func (s *Store) listSQL(q Query, state State, at position, floor *position) (string, []any) {
	where := []string{"received <= ?", "(received, seq) < (?, ?)"}
	args := []any{at.received, at.received, at.seq}
	add := func(condition string, arg any) {
		where, args = append(where, condition), append(args, arg)
	}
	if state != "" {
		add("state = ?", string(state))
	}
	if q.Policy != "" {
		add("policy = ?", q.Policy)
	}
	if q.From != "" {
		condition, hash := s.addressCondition(q.From, "sender_hash = ?", "sender_domain = ?")
		add(condition, hash)
	}
	if q.To != "" {
		column, hash := s.addressCondition(q.To, "address", "domain")
		add("seq IN (SELECT message FROM recipients WHERE "+column+" = ?)", hash)
	}
	if q.Incident != "" {
		add("incident = ?", q.Incident)
	}
	if q.MinSubjects > 0 {
		add("subjects >= ?", q.MinSubjects)
	}
	if !q.Since.IsZero() {
		add("received >= ?", micros(q.Since))
	}
	if !q.Until.IsZero() {
		add("received < ?", micros(q.Until))
	}
	if floor != nil {
		add("received >= ?", floor.received)
		where, args = append(where, "(received, seq) >= (?, ?)"), append(args, floor.received, floor.seq)
	}
	if q.Search != nil {
		c := finder{s: s, of: ofMessages, me: q.Me, args: args, ordered: state == ""}
		where = append(where, c.sql(q.Search))
		args = c.args
	}
	return "SELECT " + messageColumns + " FROM messages WHERE " + strings.Join(where, " AND ") +
		" ORDER BY received DESC, seq DESC LIMIT ?", append(args, q.Limit+1)
}
