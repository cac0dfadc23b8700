package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

// Sort is the order of a list of incidents.
type Sort string

// The orders. Of incidents that are alike in it, the newer comes first.
const (
	SortNewest Sort = ""       // the last to begin first
	SortOldest Sort = "oldest" // the first to begin first
	SortPeople Sort = "people" // the most people first
	SortCopies Sort = "copies" // the most held copies first
)

// ListedIncident is an incident in a list, with who sent its first copy.
type ListedIncident struct {
	Incident
	From   string // "" for the null reverse path, and where it is sealed
	Sealed bool   // the private key is not here, so nobody is named
}

// IncidentPage is a part of a list of incidents.
type IncidentPage struct {
	Incidents []ListedIncident
	// Next and Prev are the cursors, for IncidentQuery.After, of the pages on
	// both sides; "" where there is none. A page of a search may have fewer
	// incidents than asked for, or none, and still a next one: one call looks
	// through no more than 10,000 incidents, and through fewer where each costs more.
	Next, Prev Cursor
}

// lookMost bounds how many rows one call of a search looks through.
const lookMost = 10_000

// lookOf is that bound for a search: each row may be on a page of the database by
// itself where they come in another order than they were written in, and is followed to
// other tables where what is searched for is there.
func (s *Store) lookOf(e search.Expr, of target, scattered bool) int {
	look := s.opts.look
	if scattered {
		look /= 4
	}
	if elsewhere(e, of) {
		look /= 8
	}
	return max(look, 1)
}

// IncidentPage gives a page of incidents with their senders.
func (s *Store) IncidentPage(ctx context.Context, q IncidentQuery) (IncidentPage, error) {
	var page IncidentPage
	err := s.endLapsed(ctx)
	if err == nil {
		err = s.readPage(ctx, func(tx *sql.Tx) (err error) {
			if page, err = s.incidentPage(ctx, tx, q); err != nil {
				return err
			}
			for i := range page.Incidents {
				if err := s.nameSender(ctx, tx, &page.Incidents[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return IncidentPage{}, fmt.Errorf("incidents: %w", err)
	}
	return page, nil
}

func (s *Store) nameSender(ctx context.Context, tx *sql.Tx, i *ListedIncident) (err error) {
	i.From, err = s.senderOf(ctx, tx, i.message)
	if errors.Is(err, ErrSealed) {
		i.Sealed = true
		return nil
	}
	return err
}

func (s *Store) incidentPage(ctx context.Context, tx *sql.Tx, q IncidentQuery) (page IncidentPage, err error) {
	limit := pageSize(q.Limit)
	at, err := parsePlace(q.After, q.Sort)
	if err != nil {
		return page, err
	}
	q.splitState()
	var floor *place
	if q.Search != nil && !selective(q.Search) {
		if floor, err = s.floorOf(ctx, tx, q, at); err != nil {
			return page, err
		}
	}
	query, args := s.incidentSQL(q, at, floor, limit)
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return page, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		i, err := scanIncident(rows.Scan)
		if err != nil {
			return page, err
		}
		page.Incidents = append(page.Incidents, ListedIncident{Incident: i})
	}
	if err := rows.Err(); err != nil {
		return page, err
	}
	page.cut(q, at, floor, limit)
	return page, nil
}

// cut takes the row too many off, and makes the cursors.
func (p *IncidentPage) cut(q IncidentQuery, at place, floor *place, limit int) {
	var on Cursor
	placeOf := func(i int) place { return place{p.Incidents[i].value(q.Sort), p.Incidents[i].seq, at.back} }
	switch {
	case len(p.Incidents) > limit:
		p.Incidents = p.Incidents[:limit]
		on = placeOf(limit - 1).cursor(q.Sort)
	case floor != nil:
		on = floor.cursor(q.Sort)
	}
	var home Cursor // the page that the caller comes from
	if q.After != "" {
		from := at
		from.back = !at.back
		switch {
		case len(p.Incidents) > 0:
			from.value, from.seq = p.Incidents[0].value(q.Sort), p.Incidents[0].seq
		case from.descends(q.Sort): // the one at which this page began is on the other
			from.seq++
		default:
			from.seq--
		}
		home = from.cursor(q.Sort)
	}
	if p.Next, p.Prev = on, home; at.back {
		slices.Reverse(p.Incidents)
		p.Next, p.Prev = home, on
	}
}

// value is what an incident is sorted by, beside its number.
func (i *Incident) value(by Sort) int64 {
	switch by {
	case SortPeople:
		return int64(i.Subjects)
	case SortCopies:
		return int64(i.Copies)
	}
	return 0
}

// place is where a page of incidents ended, and in which direction to go on.
type place struct {
	value, seq int64
	back       bool
}

// column is what a list is sorted by, "" for the number alone.
func (s Sort) column() string {
	switch s {
	case SortPeople:
		return "subjects"
	case SortCopies:
		return "copies"
	}
	return ""
}

// descends reports in which direction a page is read.
func (p place) descends(by Sort) bool { return (by == SortOldest) == p.back }

// letter marks cursors, so that one of another order is refused.
func (s Sort) letter() string { return (string(s) + "newest")[:1] }

func (p place) cursor(by Sort) Cursor {
	way := "+"
	if p.back {
		way = "-"
	}
	return Cursor(by.letter() + way + strconv.FormatInt(p.value, 36) + "." + strconv.FormatInt(p.seq, 36))
}

func parsePlace(c Cursor, by Sort) (place, error) {
	switch by {
	case SortNewest, SortOldest, SortPeople, SortCopies:
	default:
		return place{}, fmt.Errorf("%w order %.40q; there are oldest, people and copies", ErrInvalid, by)
	}
	if c == "" {
		if by == SortOldest {
			return place{}, nil
		}
		return place{value: math.MaxInt64, seq: math.MaxInt64}, nil
	}
	bad := fmt.Errorf("%w cursor %.40q", ErrInvalid, c)
	rest, ok := strings.CutPrefix(string(c), by.letter())
	if !ok || rest == "" || rest[0] != '+' && rest[0] != '-' {
		return place{}, bad
	}
	a, b, _ := strings.Cut(rest[1:], ".")
	value, errA := strconv.ParseUint(a, 36, 63)
	seq, errB := strconv.ParseUint(b, 36, 63)
	if errA != nil || errB != nil {
		return place{}, bad
	}
	return place{int64(value), int64(seq), rest[0] == '-'}, nil
}

// beyond is the SQL for what comes after a place.
func (p place) beyond(by Sort) (string, []any) {
	if p.descends(by) {
		return p.compared(by, "<")
	}
	return p.compared(by, ">")
}

// upTo is the SQL for what does not come after a place.
func (p place) upTo(by Sort) (string, []any) {
	if p.descends(by) {
		return p.compared(by, ">=")
	}
	return p.compared(by, "<=")
}

// compared is the SQL for incidents on one side of a place, which an index is
// entered at however many incidents are alike in what they are sorted by.
func (p place) compared(by Sort, sign string) (string, []any) {
	if column := by.column(); column != "" {
		return "(" + column + ", place) " + sign + " (?, ?)", []any{p.value, p.seq}
	}
	return "seq " + sign + " ?", []any{p.seq}
}

func (p place) order(by Sort) string {
	way := ""
	if p.descends(by) {
		way = " DESC"
	}
	if column := by.column(); column != "" {
		return " ORDER BY " + column + way + ", place" + way
	}
	return " ORDER BY seq" + way
}

// floorOf finds the last row that a search looks at, nil where it is the end.
func (s *Store) floorOf(ctx context.Context, tx *sql.Tx, q IncidentQuery, at place) (*place, error) {
	query, args := s.floorSQL(q, at)
	floor := place{back: at.back}
	err := tx.QueryRowContext(ctx, query, args...).Scan(&floor.value, &floor.seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &floor, err
}

// floorSQL goes along the index that incidentSQL will, and nothing else.
func (s *Store) floorSQL(q IncidentQuery, at place) (string, []any) {
	where, args := at.beyond(q.Sort)
	c := s.finderOf(q, args)
	drive := c.driving(q.Search)
	columns := "0, seq"
	if column := q.Sort.column(); column != "" {
		columns = column + ", place" // as the index has them: no row is read
	}
	return "SELECT " + columns + " FROM incidents WHERE " + where + drive + q.stateSQL() + at.order(q.Sort) + " LIMIT 1 OFFSET ?", append(c.args, s.lookOf(q.Search, ofIncidents, q.Sort.column() != "")-1)
}

// stateSQL is the part of the condition that has indexes of its own.
func (q *IncidentQuery) stateSQL() string {
	switch {
	case q.State == "":
		return ""
	case q.State == IncidentDecided:
		return " AND (open > 0) = FALSE"
	case q.Sort.column() != "":
		return " AND open > 0"
	}
	return " AND (open > 0) = TRUE"
}
