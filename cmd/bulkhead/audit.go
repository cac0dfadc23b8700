package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	apiclient "github.com/bulkhead-dlp/bulkhead/proxy/console/client"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

type auditCommand struct {
	List   auditList   `cmd:"" help:"List who did what, when and why, the oldest first."`
	Export auditExport `cmd:"" help:"Write the whole trail as JSON lines, with the hashes that chain it."`
	Verify auditVerify `cmd:"" help:"Check that nothing in the trail was changed, and that the messages fit it."`
}

type auditList struct {
	storeSettings
	remote
	Message string        `placeholder:"ID" help:"Only what was done to this message."`
	Since   time.Duration `placeholder:"AGE" help:"Only what was done within this time, such as 24h."`
	Format  string        `enum:"table,json" default:"table" help:"table for people, json for programs: one object a line."`
}

// Help implements kong.HelpProvider.
func (auditList) Help() string {
	return "Examples:\n  bulkhead audit list --message BH-7K2M-Q9XD\n  bulkhead audit list --since 24h --format json"
}

// Run lists entries.
func (c auditList) Run(ctx context.Context, p program) error {
	q := quarantine.AuditQuery{Message: c.Message, Since: ago(c.Since)}
	out := newLister(p.stdout, c.Format, "ENTRY\tWHEN\tWHAT\tABOUT\tBY\tWHY")
	err := c.each(ctx, p, q, func(e *quarantine.Entry) error {
		about := e.Message
		if about == "" {
			about = cmp.Or(e.Detail.Incident, e.Detail.Account)
		}
		return out.add(e, fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s", e.Seq, e.At.Local().Format("2006-01-02 15:04:05"), e.Act, about, e.By, e.Reason))
	})
	if err != nil {
		return err
	}
	return out.end()
}

// each calls fn for all entries of a query, of the store or of a server's.
func (c auditList) each(ctx context.Context, p program, q quarantine.AuditQuery, fn func(*quarantine.Entry) error) error {
	if c.Server == "" {
		_, store, err := c.openFor(ctx, p)
		if err != nil {
			return err
		}
		defer store.Close() //nolint:errcheck // read only
		return eachEntry(ctx, store, q, fn)
	}
	server, err := c.client(p)
	if err != nil {
		return err
	}
	trail := apiclient.TrailQuery{Message: q.Message, Since: q.Since, Limit: 1000}
	for e, err := range listed(func(after int64) ([]quarantine.Entry, int64, error) {
		trail.After = after
		got, err := server.Trail(ctx, trail)
		return got.Entries, got.Newer, err
	}) {
		if err == nil {
			err = fn(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachEntry calls fn for all entries of a query, page by page.
func eachEntry(ctx context.Context, store *quarantine.Store, q quarantine.AuditQuery, fn func(*quarantine.Entry) error) error {
	q.Limit = 1000
	for e, err := range listed(func(after int64) ([]quarantine.Entry, int64, error) {
		q.After = after
		return store.Audit(ctx, q)
	}) {
		if err == nil {
			err = fn(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type auditExport struct {
	storeSettings
	Output string `short:"o" placeholder:"FILE" help:"File to write; else standard output."`
}

// Help implements kong.HelpProvider.
func (auditExport) Help() string {
	return `Each line has the entry's hash: SHA-256 over the hash of the line before, the
number and the time in microseconds as 64-bit big endian, and message, act, by,
reason and detail, each behind its length.

Examples:
  bulkhead audit export -o trail.jsonl
  bulkhead audit export | tail -n 1`
}

// Run writes all entries.
func (c auditExport) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	write := func(w io.Writer) error {
		lines := json.NewEncoder(w)
		return eachEntry(ctx, store, quarantine.AuditQuery{}, func(e *quarantine.Entry) error { return lines.Encode(e) })
	}
	if c.Output == "" {
		return write(p.stdout)
	}
	return writeNew(c.Output, write)
}

// writeNew writes a file that was not there, for its owner only.
func writeNew(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half of it says something else
	}
	return nil
}

type auditVerify struct {
	storeSettings
	Head string `placeholder:"ENTRY:HASH" help:"An entry that was noted elsewhere, as verify prints it: proves that the trail was not written anew."`
}

// Help implements kong.HelpProvider.
func (auditVerify) Help() string {
	return `Exit status: 0 intact, 1 changed (the first entry that is wrong is named), 2 an
error.

Examples:
  bulkhead audit verify
  bulkhead audit verify --head 1042:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`
}

// Run verifies the trail.
func (c auditVerify) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	err = store.Verify(ctx)
	if err == nil && c.Head != "" {
		err = c.checkHead(ctx, store)
	}
	if errors.Is(err, quarantine.ErrTampered) {
		return errFound{err.Error()}
	}
	if err != nil {
		return err
	}
	seq, hash, err := store.AuditHead(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Intact: %d entries. Keep the last one elsewhere, to prove it later:\n%d:%s\n", seq, seq, hash)
	return err
}

// checkHead compares an entry with what was noted of it.
func (c auditVerify) checkHead(ctx context.Context, store *quarantine.Store) error {
	number, want, found := strings.Cut(c.Head, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil || seq < 1 {
		return fmt.Errorf("--head %q: want ENTRY:HASH as verify prints it", c.Head)
	}
	page, _, err := store.Audit(ctx, quarantine.AuditQuery{After: seq - 1, Limit: 1})
	if err != nil {
		return err
	}
	if len(page) == 0 || page[0].Seq != seq || !strings.EqualFold(page[0].Hash, want) {
		return fmt.Errorf("%w: entry %d is not the one that was noted", quarantine.ErrTampered, seq)
	}
	return nil
}
