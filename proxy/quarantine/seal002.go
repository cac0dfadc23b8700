package quarantine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// seal002 is the part of migration 2 that SQL cannot do: it seals what names
// people in the messages of an older store, whose retention begins now.
func (s *Store) seal002(ctx context.Context, tx *sql.Tx) error {
	if err := s.loadKeysIn(ctx, tx, &s.keys); err != nil {
		return err
	}
	key, err := s.newKeyIn(ctx, tx)
	if err != nil {
		return err
	}
	for last := int64(0); ; {
		old, err := plainMessages(ctx, tx, last)
		if err != nil || len(old) == 0 {
			return errors.Join(err, finish002(ctx, tx))
		}
		for _, r := range old {
			if err := s.sealOld(ctx, tx, key, &r); err != nil {
				return fmt.Errorf("message %s: %w", r.ID, err)
			}
			last = r.seq
		}
	}
}

// finish002 removes what was plain. SQLite writes zeros over it.
func finish002(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `
		DROP TABLE recipients;
		ALTER TABLE recipients_sealed RENAME TO recipients;
		CREATE INDEX recipients_address ON recipients (address);
		CREATE INDEX recipients_domain ON recipients (domain);
		DROP INDEX messages_sender;
		ALTER TABLE messages DROP COLUMN sender;
		ALTER TABLE messages DROP COLUMN mail_params;
		ALTER TABLE messages DROP COLUMN client;
		ALTER TABLE messages DROP COLUMN auth;
		ALTER TABLE messages DROP COLUMN reasons;
		ALTER TABLE messages DROP COLUMN evidence;`)
	return err
}

// plainMessages reads some of the messages after one, as version 1 kept them.
func plainMessages(ctx context.Context, tx *sql.Tx, after int64) (all []row, err error) {
	const batch = 500
	rows, err := tx.QueryContext(ctx, `SELECT seq, id, state, policy, sender, mail_params, client, auth, reasons, evidence
		FROM messages WHERE seq > ? ORDER BY seq LIMIT ?`, after, batch)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var r row
		var params, reasons, evidence string
		if err := rows.Scan(&r.seq, &r.ID, &r.State, &r.Policy, &r.From, &params, &r.Client, &r.Auth, &reasons, &evidence); err != nil {
			return nil, err
		}
		r.MailParams, r.Evidence = splitParams(params), json.RawMessage(evidence)
		if err := json.Unmarshal([]byte(reasons), &r.Reasons); err != nil {
			return nil, fmt.Errorf("message %s: %w", r.ID, err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// sealOld writes one message and its recipients in their new form.
func (s *Store) sealOld(ctx context.Context, tx *sql.Tx, key writeKey, r *row) error {
	rows, err := tx.QueryContext(ctx, "SELECT address, params FROM recipients WHERE message = ? ORDER BY place", r.seq)
	if err != nil {
		return err
	}
	for rows.Next() {
		var address, params string
		if err := rows.Scan(&address, &params); err != nil {
			return errors.Join(err, rows.Close())
		}
		r.Recipients = append(r.Recipients, Recipient{Address: address, Params: splitParams(params)})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for i, rcpt := range r.Recipients {
		_, err := tx.ExecContext(ctx, `INSERT INTO recipients_sealed (message, place, address, domain, state, reply, release)
			SELECT message, place, ?, ?, state, reply, release FROM recipients WHERE message = ? AND place = ?`,
			s.hashAddress(rcpt.Address), s.hashDomain(rcpt.Address), r.seq, i+1)
		if err != nil {
			return err
		}
	}
	rec := recordOf(&r.Message)
	rec.Evidence = text(r.Evidence) // of any size: cutting chunks would take a transaction of its own
	sealed, err := sealRecord(key, r.ID, rec)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE messages SET sealed = ?, sender_hash = ?, sender_domain = ?, expires = ? WHERE seq = ?",
		sealed, s.hashAddress(r.From), s.hashDomain(r.From), micros(s.opts.Retention.expiry(r.Policy, r.State, s.now())), r.seq)
	return err
}
