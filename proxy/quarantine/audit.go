package quarantine

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Act names what was done.
type Act string

// The acts of the audit trail. The store writes all but Viewed, Unmasked and
// Exported, which are for [Store.Record].
const (
	ActHeld           Act = "held"
	ActReleaseBegun   Act = "release_begun"
	ActReleaseSettled Act = "release_settled"
	ActReleaseLapsed  Act = "release_lapsed" // its lease ended without a result
	ActRefused        Act = "refused"
	ActDeleted        Act = "deleted"
	ActExpiring       Act = "expiring"   // people were told that it will expire
	ActExpired        Act = "expired"    // nobody decided; refused, and its content removed
	ActRemoved        Act = "removed"    // decided, and its content removed by retention
	ActKept           Act = "kept"       // put under legal hold
	ActRecipient      Act = "recipient"  // mail is sealed to another public key from here on
	ActKeepEnded      Act = "keep_ended" // the legal hold was ended
	ActViewed         Act = "viewed"     // somebody saw the header, the texts and the parts
	ActUnmasked       Act = "unmasked"   // somebody saw the first rows of its tables in full
	ActExported       Act = "exported"   // somebody took content out
	ActReported       Act = "reported"   // a breach record was written
	ActTested         Act = "tested"     // a copy was sent to a reviewer's own address; no release
	ActAllowed        Act = "allowed"    // something of an incident was put on the allow list
	ActAssigned       Act = "assigned"   // an incident was claimed, handed on or given back
	ActMarked         Act = "marked"     // a reviewer said that the hold of an incident was right or wrong

	ActSignedIn       Act = "signed_in"
	ActAccountAdded   Act = "account_added"
	ActAccountChanged Act = "account_changed"
	ActTokenMade      Act = "token_made"
	ActTokenRevoked   Act = "token_revoked"
	ActReloaded       Act = "reloaded" // somebody had the configuration read again

	ActDecisionAsked     Act = "decision_asked"     // about an incident; a second person has to agree
	ActDecisionApproved  Act = "decision_approved"  // who has agreed
	ActDecisionWithdrawn Act = "decision_withdrawn" // before anybody agreed
	ActDecisionBegun     Act = "decision_begun"     // about an incident
	ActDecisionStopped   Act = "decision_stopped"   // while it was carried out
	ActDecisionResumed   Act = "decision_resumed"   // after it was stopped
	ActDecisionEnded     Act = "decision_ended"     // and all its messages were dealt with
)

// bySystem is who acts where no person does.
const bySystem = "bulkhead"

// Entry is one line of the audit trail.
type Entry struct {
	Seq     int64     `json:"seq"` // from 1, without gaps
	At      time.Time `json:"at"`
	Message string    `json:"message"` // its id, "" where Detail names an incident
	Act     Act       `json:"act"`
	By      string    `json:"by"`
	Reason  string    `json:"reason"`
	Detail  Detail    `json:"detail"`
	Hash    string    `json:"hash"` // lower-case hex
}

// BySystem reports whether no person acted.
func (e *Entry) BySystem() bool { return e.By == bySystem }

// Detail is what an act was about, in numbers and places.
type Detail struct {
	SHA256        string                 `json:"sha256,omitempty"` // of the content
	Recipients    int                    `json:"recipients,omitempty"`
	Places        []int                  `json:"places,omitempty"`  // recipients concerned, from 1, by their order in the envelope
	Results       map[RecipientState]int `json:"results,omitempty"` // how many recipients came to which state
	Superseded    int                    `json:"superseded,omitempty"`
	Forced        bool                   `json:"forced,omitempty"`
	Subjects      int                    `json:"subjects,omitempty"`
	Action        string                 `json:"action,omitempty"`
	PolicyVersion string                 `json:"policy_version,omitempty"`
	Completeness  string                 `json:"completeness,omitempty"`
	Incident      string                 `json:"incident,omitempty"` // where the act is about a whole one
	Messages      int                    `json:"messages,omitempty"` // of the incident, that it is about
	Until         string                 `json:"until,omitempty"`    // when they expire (RFC 3339)
	Assigned      string                 `json:"assigned,omitempty"` // to whom; "" to nobody
	Mark          IncidentMark           `json:"mark,omitempty"`     // "" where it was taken back
	Account       string                 `json:"account,omitempty"`  // whose account or token
	Role          string                 `json:"role,omitempty"`     // that it has from now on
	Method        string                 `json:"method,omitempty"`   // of a log-in
	Token         string                 `json:"token,omitempty"`    // the id of an API token
	Changed       []string               `json:"changed,omitempty"`  // what of an account is other; the rights of a token
}

// AuditQuery picks entries, oldest first.
type AuditQuery struct {
	Message string // only this message's; "": all
	// Incident picks the entries of an incident and of all its messages; "":
	// all.
	Incident string
	Since    time.Time // only entries of this time or later; zero: all
	After    int64     // only entries with a greater Seq
	Limit    int       // at most so many; 0 is 100, never more than 1000
}

// Audit lists entries. The second result is the AuditQuery.After of the next
// page, 0 after the last.
func (s *Store) Audit(ctx context.Context, q AuditQuery) ([]Entry, int64, error) {
	limit := pageSize(q.Limit)
	where, args := "seq > ?", []any{q.After}
	if q.Message != "" {
		id, err := NormaliseID(q.Message)
		if err != nil {
			return nil, 0, fmt.Errorf("audit: %w", err)
		}
		where, args = where+" AND message = ?", append(args, id)
	}
	if q.Incident != "" {
		where += ` AND (message IN (SELECT id FROM messages WHERE incident = ?) OR
			message = '' AND incident = ?)`
		id := normaliseIncident(q.Incident)
		args = append(args, id, id)
	}
	if !q.Since.IsZero() {
		where, args = where+" AND at >= ?", append(args, micros(q.Since))
	}
	var page []Entry
	err := s.read(ctx, func(tx *sql.Tx) error {
		return eachEntry(ctx, tx, where+" ORDER BY seq LIMIT ?", append(args, limit+1), func(e entryRow) error {
			entry, err := e.entry()
			page = append(page, entry)
			return err
		})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("audit: %w", err)
	}
	if len(page) <= limit {
		return page, 0, nil
	}
	page = page[:limit]
	return page, page[limit-1].Seq, nil
}

// Record notes that a person saw or took the content of a message: act is
// ActViewed, ActUnmasked, ActExported or ActTested. Callers record before they show.
func (s *Store) Record(ctx context.Context, id string, act Act, by, reason string) error {
	if act != ActViewed && act != ActUnmasked && act != ActExported && act != ActTested {
		return fmt.Errorf("record: %w act %q", ErrInvalid, act)
	}
	if by == "" {
		return fmt.Errorf("record: %w: nobody is named", ErrInvalid)
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		r, err := s.find(ctx, tx, id)
		if err != nil {
			return err
		}
		return s.append(ctx, tx, Entry{Message: r.ID, Act: act, By: by, Reason: reason, Detail: Detail{SHA256: r.SHA256}})
	})
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// RecordIncident notes what a person saw or took of a whole incident: act is
// ActViewed, ActExported, ActReported or ActAllowed. Callers record before they show.
func (s *Store) RecordIncident(ctx context.Context, id string, act Act, by, reason string) error {
	switch {
	case act != ActViewed && act != ActExported && act != ActReported && act != ActAllowed:
		return fmt.Errorf("record: %w act %q", ErrInvalid, act)
	case by == "":
		return fmt.Errorf("record: %w: nobody is named", ErrInvalid)
	}
	id = normaliseIncident(id)
	err := s.write(ctx, func(tx *sql.Tx) error {
		var n int
		err := tx.QueryRowContext(ctx, "SELECT copies FROM incidents WHERE id = ?", id).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("incident %.40q: %w", id, ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("incident %s: %w", id, err)
		}
		return s.append(ctx, tx, Entry{Act: act, By: by, Reason: reason, Detail: Detail{Incident: id, Messages: n}})
	})
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// append adds an entry to the chain, with the time of now.
func (s *Store) append(ctx context.Context, tx *sql.Tx, e Entry) (err error) {
	defer func() {
		if err != nil {
			s.auditFailures.Add(1)
		}
	}()
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	// The hash is of what will be read again.
	r := entryRow{at: micros(s.now()), message: e.Message, act: string(e.Act), by: storable(e.By), reason: storable(e.Reason), detail: storable(string(detail))}
	var before []byte
	err = tx.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&r.seq, &before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("audit: read the last entry: %w", err)
	}
	r.seq++
	_, err = tx.ExecContext(ctx, "INSERT INTO audit (seq, at, message, act, by, reason, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		r.seq, r.at, r.message, r.act, r.by, r.reason, r.detail, r.sum(before))
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// entryRow is an entry as it is stored, and as its hash sees it.
type entryRow struct {
	seq, at                          int64
	message, act, by, reason, detail string
	hash                             []byte
}

// sum is SHA-256 over the hash before, the numbers as 64-bit big endian, and
// the texts, each behind its length, so that no two entries read the same.
func (r entryRow) sum(before []byte) []byte {
	h := sha256.New()
	var n [8]byte
	number := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	number(int64(len(before)))
	h.Write(before)
	number(r.seq)
	number(r.at)
	for _, text := range []string{r.message, r.act, r.by, r.reason, r.detail} {
		number(int64(len(text)))
		h.Write([]byte(text))
	}
	return h.Sum(nil)
}

func (r entryRow) entry() (Entry, error) {
	e := Entry{
		Seq: r.seq, At: fromMicros(r.at), Message: r.message, Act: Act(r.act),
		By: r.by, Reason: r.reason, Hash: hex.EncodeToString(r.hash),
	}
	if err := json.Unmarshal([]byte(r.detail), &e.Detail); err != nil {
		return Entry{}, fmt.Errorf("entry %d: %w", r.seq, err)
	}
	return e, nil
}

// eachEntry calls fn for the entries that fit where, which is SQL from this
// package.
func eachEntry(ctx context.Context, tx *sql.Tx, where string, args []any, fn func(entryRow) error) error {
	rows, err := tx.QueryContext(ctx, "SELECT seq, at, message, act, by, reason, detail, hash FROM audit WHERE "+where, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var r entryRow
		if err := rows.Scan(&r.seq, &r.at, &r.message, &r.act, &r.by, &r.reason, &r.detail, &r.hash); err != nil {
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return rows.Err()
}
