package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// IncidentMark is what a reviewer says of a hold, whatever was decided: it may
// have been right to hold what is then released.
type IncidentMark string

// The marks of an incident.
const (
	Unmarked    IncidentMark = ""
	MarkedRight IncidentMark = "right" // it was to be held
	MarkedWrong IncidentMark = "wrong" // a false alarm
)

// maxName bounds the name of a person, in bytes.
const maxName = 200

// Claim notes that a person works on an incident. It returns [ErrClaimed], with
// the name, where somebody else does; [Store.Assign] takes it over.
func (s *Store) Claim(ctx context.Context, incident, by, reason string) error {
	return s.assign(ctx, assignment{incident: incident, to: by, by: by, reason: reason, free: true})
}

// Assign gives an incident to a person, or with "" back to all, whoever had it.
func (s *Store) Assign(ctx context.Context, incident, to, by, reason string) error {
	return s.assign(ctx, assignment{incident: incident, to: to, by: by, reason: reason})
}

type assignment struct {
	incident, to, by, reason string
	free                     bool // only if nobody has it
}

func (s *Store) assign(ctx context.Context, a assignment) error {
	if strings.TrimSpace(a.by) == "" || len(a.to) > maxName || len(a.by) > maxName {
		return fmt.Errorf("assign: %w: nobody is named, or with more than %d bytes", ErrInvalid, maxName)
	}
	a.incident = normaliseIncident(a.incident)
	err := s.write(ctx, func(tx *sql.Tx) error {
		var now string
		if err := incidentColumn(ctx, tx, a.incident, "assigned", &now); err != nil {
			return err
		}
		if a.free && now != "" && now != a.to {
			return fmt.Errorf("incident %s: %w: %q", a.incident, ErrClaimed, now)
		}
		if now == a.to {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE incidents SET assigned = ? WHERE id = ?", a.to, a.incident); err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Act: ActAssigned, By: a.by, Reason: a.reason, Detail: Detail{Incident: a.incident, Assigned: a.to}})
	})
	if err != nil {
		return fmt.Errorf("assign: %w", err)
	}
	return nil
}

// MarkIncident notes that a hold was right or wrong, or with Unmarked takes
// that back. The last mark counts; the audit trail has all.
func (s *Store) MarkIncident(ctx context.Context, incident string, mark IncidentMark, by, reason string) error {
	switch {
	case strings.TrimSpace(by) == "":
		return fmt.Errorf("mark: %w: nobody is named", ErrInvalid)
	case mark != Unmarked && mark != MarkedRight && mark != MarkedWrong:
		return fmt.Errorf("mark: %w mark %.40q; there are right and wrong", ErrInvalid, mark)
	}
	incident = normaliseIncident(incident)
	err := s.write(ctx, func(tx *sql.Tx) error {
		var now IncidentMark
		if err := incidentColumn(ctx, tx, incident, "mark", &now); err != nil || now == mark {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE incidents SET mark = ? WHERE id = ?", string(mark), incident); err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Act: ActMarked, By: by, Reason: reason, Detail: Detail{Incident: incident, Mark: mark}})
	})
	if err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	return nil
}

// incidentColumn reads one column, whose name is from this package.
func incidentColumn(ctx context.Context, tx *sql.Tx, id, column string, to any) error {
	err := tx.QueryRowContext(ctx, "SELECT "+column+" FROM incidents WHERE id = ?", id).Scan(to)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("incident %.40q: %w", id, ErrNotFound)
	}
	return err
}
