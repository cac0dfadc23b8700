package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/secure/precis"
)

// DecisionState says how far a decision is.
type DecisionState string

// The states of a decision about an incident. The first two are open.
const (
	DecisionAwaiting  DecisionState = "awaiting" // a second person has to agree
	DecisionRunning   DecisionState = "running"  // it is being carried out, or was broken off
	DecisionEnded     DecisionState = "ended"
	DecisionWithdrawn DecisionState = "withdrawn"
)

// The actions of decisions.
const (
	ActionRelease = "release"
	ActionRefuse  = "refuse"
	ActionDelete  = "delete"
)

// Decision is one decision about an incident. What it covers is settled when it
// is made: copies that arrive later are not in it.
type Decision struct {
	ID       int64
	Incident string
	Action   string // ActionRelease, ActionRefuse or ActionDelete
	State    DecisionState
	By       string
	Reason   string
	Approver string // who agreed, "" where nobody had to
	Made     time.Time
	Ended    time.Time // zero: not yet
	Stopped  time.Time // when a person stopped it while it ran; zero: nobody has
	Plan     Plan
}

// Plan is what a decision covers.
type Plan struct {
	Messages []string `json:"messages"` // ids
	// Open are those of the messages that nobody had decided before: where they
	// are refused or deleted by this, their senders are to hear of it.
	Open []string `json:"open,omitempty"`
	// To are the recipients to send to; none: all that do not have it.
	To    []string `json:"to,omitempty"`
	Force bool     `json:"force,omitempty"` // also to those who have it, or may
}

// ErrSamePerson says that who asked for a release cannot agree to it.
var ErrSamePerson = errors.New("a second person has to agree")

// Decide begins a decision, or where it awaits a second person asks for it. It
// returns [ErrBusy] while another one of the incident is open.
func (s *Store) Decide(ctx context.Context, d Decision, await bool) (Decision, error) {
	if strings.TrimSpace(d.By) == "" {
		return d, fmt.Errorf("decide: %w: nobody is named", ErrInvalid)
	}
	plan, err := json.Marshal(d.Plan)
	if err != nil {
		return d, fmt.Errorf("decide: %w", err)
	}
	k, err := s.writeKey(ctx)
	if err != nil {
		return d, fmt.Errorf("decide: %w", err)
	}
	d.Incident = normaliseIncident(d.Incident)
	d.State, d.Made = DecisionRunning, fromMicros(micros(s.now()))
	act := ActDecisionBegun
	if await {
		d.State, act = DecisionAwaiting, ActDecisionAsked
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		open, found, err := findDecision(ctx, tx, d.Incident)
		if err != nil {
			return err
		}
		if found {
			return fmt.Errorf("incident %s: a decision to %s by %q is %s since %s: %w", d.Incident, open.Action, open.By,
				open.State, open.Made.Format(time.RFC3339), ErrBusy)
		}
		err = tx.QueryRowContext(ctx, `INSERT INTO decisions (incident, action, state, by, reason, sealed, made, lease)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`, d.Incident, d.Action, string(d.State), d.By, d.Reason,
			k.seal(plan, sealedDecision(d.Incident)), micros(d.Made), s.leaseEnd()).Scan(&d.ID)
		if err != nil {
			return err
		}
		return s.appendDecision(ctx, tx, act, d.By, d)
	})
	if err != nil {
		return d, fmt.Errorf("decide: %w", err)
	}
	return d, nil
}

func sealedDecision(incident string) string { return "decision " + incident }

func (s *Store) appendDecision(ctx context.Context, tx *sql.Tx, act Act, by string, d Decision) error {
	return s.append(ctx, tx, Entry{Act: act, By: by, Reason: d.Reason,
		Detail: Detail{Incident: d.Incident, Action: d.Action, Messages: len(d.Plan.Messages), Recipients: len(d.Plan.To), Forced: d.Plan.Force}})
}

// OpenDecision gives the decision of an incident that awaits a second person or
// is not carried out to its end; [ErrNotFound] if there is none, [ErrSealed]
// without the private key.
func (s *Store) OpenDecision(ctx context.Context, incident string) (Decision, error) {
	var d Decision
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		d, err = s.openDecision(ctx, tx, normaliseIncident(incident))
		return err
	})
	if err != nil {
		return d, fmt.Errorf("decision: %w", err)
	}
	return d, nil
}

func (s *Store) openDecision(ctx context.Context, tx *sql.Tx, incident string) (Decision, error) {
	d, found, err := findDecision(ctx, tx, incident)
	if err != nil {
		return d, err
	}
	if !found {
		return d, fmt.Errorf("no open decision of incident %.40q: %w", incident, ErrNotFound)
	}
	var sealed []byte
	if err := tx.QueryRowContext(ctx, "SELECT sealed FROM decisions WHERE seq = ?", d.ID).Scan(&sealed); err != nil {
		return d, err
	}
	plan, err := s.unseal(ctx, tx, sealed, sealedDecision(incident))
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(plan, &d.Plan)
}

func findDecision(ctx context.Context, tx *sql.Tx, incident string) (d Decision, found bool, err error) {
	var made, stopped int64
	err = tx.QueryRowContext(ctx, `SELECT seq, incident, action, state, by, reason, approver, made, stopped FROM decisions
		WHERE incident = ? AND state IN ('awaiting', 'running')`, incident).
		Scan(&d.ID, &d.Incident, &d.Action, &d.State, &d.By, &d.Reason, &d.Approver, &made, &stopped)
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	d.Made, d.Stopped = fromMicros(made), fromMicros(stopped)
	return d, err == nil, err
}

// Approve lets the decision of an incident that awaits a second person be
// carried out. by must be somebody else than who asked: [ErrSamePerson].
func (s *Store) Approve(ctx context.Context, incident, by, reason string) (Decision, error) {
	return s.turnDecision(ctx, decisionTurn{incident: incident, by: by, reason: reason,
		state: DecisionRunning, act: ActDecisionApproved, other: true})
}

// Withdraw takes back a decision that awaits a second person. Anybody may.
func (s *Store) Withdraw(ctx context.Context, incident, by, reason string) (Decision, error) {
	return s.turnDecision(ctx, decisionTurn{incident: incident, by: by, reason: reason,
		state: DecisionWithdrawn, act: ActDecisionWithdrawn})
}

// samePerson reports whether two names are one to people: in another case, with
// other spaces or in another form of Unicode (RFC 8266). A name with characters
// that nobody sees is nobody's, and so never another person's.
func samePerson(a, b string) bool {
	keyA, errA := precis.Nickname.CompareKey(a)
	keyB, errB := precis.Nickname.CompareKey(b)
	return errA != nil || errB != nil || keyA == keyB
}

type decisionTurn struct {
	incident, by, reason string
	state                DecisionState
	act                  Act
	other                bool // by must be somebody else
}

func (s *Store) turnDecision(ctx context.Context, q decisionTurn) (d Decision, err error) {
	if strings.TrimSpace(q.by) == "" {
		return d, fmt.Errorf("decision: %w: nobody is named", ErrInvalid)
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if d, err = s.openDecision(ctx, tx, normaliseIncident(q.incident)); err != nil {
			return err
		}
		if d.State != DecisionAwaiting {
			return fmt.Errorf("incident %s: the decision of %q is %s: %w", d.Incident, d.By, d.State, ErrDecided)
		}
		if q.other && samePerson(q.by, d.By) {
			return fmt.Errorf("incident %s: %q asked for it: %w", d.Incident, d.By, ErrSamePerson)
		}
		ended := int64(0)
		if q.state == DecisionWithdrawn {
			ended = micros(s.now())
		}
		if q.other {
			d.Approver = q.by
		}
		d.State = q.state
		_, err := tx.ExecContext(ctx, "UPDATE decisions SET state = ?, approver = ?, ended = ?, lease = ? WHERE seq = ?",
			string(d.State), d.Approver, ended, s.leaseEnd(), d.ID)
		if err != nil {
			return err
		}
		entry := d
		entry.Reason = q.reason
		return s.appendDecision(ctx, tx, q.act, q.by, entry)
	})
	if err != nil {
		return d, fmt.Errorf("decision: %w", err)
	}
	return d, nil
}

// EndDecision says that a decision was carried out, with how many recipients
// came to which state.
func (s *Store) EndDecision(ctx context.Context, d Decision, results map[RecipientState]int) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE decisions SET state = 'ended', ended = ? WHERE seq = ? AND state = 'running'",
			micros(s.now()), d.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // somebody else ended it, too
		}
		return s.append(ctx, tx, Entry{Act: ActDecisionEnded, By: d.By, Reason: d.Reason,
			Detail: Detail{Incident: d.Incident, Action: d.Action, Messages: len(d.Plan.Messages), Results: results}})
	})
	if err != nil {
		return fmt.Errorf("decision: %w", err)
	}
	return nil
}
