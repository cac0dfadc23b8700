package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// StopDecision has whoever carries out the decision of an incident, in whatever
// process, stop before its next message, until [Store.ContinueDecision]. It
// returns [ErrNotFound] where nothing is carried out.
func (s *Store) StopDecision(ctx context.Context, incident, by, reason string) error {
	return s.turnStop(ctx, Entry{Act: ActDecisionStopped, By: by, Reason: reason, Detail: Detail{Incident: incident}}, true)
}

// ContinueDecision lets a decision that was stopped go on. Where it was not,
// nothing changes.
func (s *Store) ContinueDecision(ctx context.Context, incident, by, reason string) error {
	return s.turnStop(ctx, Entry{Act: ActDecisionResumed, By: by, Reason: reason, Detail: Detail{Incident: incident}}, false)
}

func (s *Store) turnStop(ctx context.Context, e Entry, stop bool) error {
	if strings.TrimSpace(e.By) == "" {
		return fmt.Errorf("decision: %w: nobody is named", ErrInvalid)
	}
	e.Detail.Incident = normaliseIncident(e.Detail.Incident)
	err := s.write(ctx, func(tx *sql.Tx) error {
		d, found, err := findDecision(ctx, tx, e.Detail.Incident)
		if err != nil {
			return err
		}
		if !found || d.State != DecisionRunning {
			return fmt.Errorf("nothing is carried out of incident %.40q: %w", e.Detail.Incident, ErrNotFound)
		}
		if d.Stopped.IsZero() != stop {
			return nil
		}
		at := int64(0)
		if stop {
			at = micros(s.now())
		}
		if _, err := tx.ExecContext(ctx, "UPDATE decisions SET stopped = ? WHERE seq = ?", at, d.ID); err != nil {
			return err
		}
		e.Detail.Action = d.Action
		return s.append(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("decision: %w", err)
	}
	return nil
}
