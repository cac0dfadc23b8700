package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/upstream"
)

// What callers of SendTest decide by.
var (
	// ErrNotOwn is for an address that is not known as that of a reviewer.
	ErrNotOwn = errors.New("not an address of a reviewer")
	// ErrNotTaken says that the upstream did not take the copy.
	ErrNotTaken = errors.New("the upstream did not take it")
)

// TestCopy is a copy of a held message for who reviews it.
type TestCopy struct {
	Message string // its id
	To      string
	By      string
	Reason  string
}

// SendTest sends one copy of a held message, in its exact bytes, to a reviewer's
// own address, so that it is seen as its readers would see it. It is no release:
// nothing is settled, and its recipients still have nothing. It comes from the
// null sender, so that no bounce of it reaches who had sent the message. The
// audit trail has it before a byte leaves.
func (d *Desk) SendTest(ctx context.Context, q TestCopy) error {
	if d.cfg.Own == nil || !d.cfg.Own(q.By, q.To) {
		return fmt.Errorf("test copy of %s: %w: review.test_to lists them", q.Message, ErrNotOwn)
	}
	m, err := d.cfg.Store.Get(ctx, q.Message)
	if err != nil {
		return err
	}
	content, err := d.cfg.Store.Content(ctx, m.ID)
	if err != nil {
		return err
	}
	defer content.Close() //nolint:errcheck // read only
	if err := d.cfg.Store.Record(ctx, m.ID, quarantine.ActTested, q.By, q.Reason); err != nil {
		return err
	}
	envelope := upstream.Envelope{MailParams: ofContent(m.MailParams), Recipients: []upstream.Recipient{{Path: q.To}}}
	results, err := d.cfg.Upstream.Send(ctx, envelope, content, content.Size())
	if err != nil {
		return fmt.Errorf("test copy of %s: %w: %w", m.ID, ErrNotTaken, err)
	}
	if len(results) != 1 || results[0].Outcome != upstream.Accepted {
		return fmt.Errorf("test copy of %s: %w", m.ID, ErrNotTaken)
	}
	return nil
}

// ofContent keeps the parameters of MAIL that say how the content is to be read
// (RFC 6152, RFC 6531), and none that is about its first sending.
func ofContent(params []string) []string {
	return slices.DeleteFunc(slices.Clone(params), func(p string) bool {
		return !strings.HasPrefix(strings.ToUpper(p), "BODY=") && !strings.EqualFold(p, "SMTPUTF8")
	})
}
