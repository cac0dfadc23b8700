package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
	"github.com/gofrs/flock"
)

type allowCommand struct {
	Add    allowAdd    `cmd:"" help:"Allow a person, a table, or a sender or recipient."`
	List   allowList   `cmd:"" help:"List what is allowed, by whom, why and until when."`
	Remove allowRemove `cmd:"" help:"Take an entry away."`
}

// allowFiles are an allow list's file and its key's.
type allowFiles struct{ list, key string }

// allowFilesOf returns the files of a configuration.
func allowFilesOf(cfg *configs.Config) allowFiles {
	f := allowFiles{cfg.Allow.File, cfg.Allow.KeyFile}
	if f.list == "" {
		f.list = filepath.Join(cfg.DataDir, "allow.yaml")
	}
	if f.key == "" {
		f.key = filepath.Join(cfg.DataDir, "allow.key")
	}
	return f
}

// read returns the list and its key's function. Without a list nothing is
// allowed, and no key is needed.
func (f allowFiles) read() (allow.List, keyed.Hash, error) {
	text, err := os.ReadFile(f.list)
	if errors.Is(err, fs.ErrNotExist) {
		return allow.List{}, keyed.Hash{}, nil
	}
	if err != nil {
		return allow.List{}, keyed.Hash{}, fmt.Errorf("allow list: %w", err)
	}
	secret, err := index.ReadKey(f.key)
	if err != nil {
		return allow.List{}, keyed.Hash{}, fmt.Errorf("allow list: %w", err)
	}
	hash := secret.For(allow.Purpose)
	list, err := allow.Parse(f.list, text, hash)
	return list, hash, err
}

// lockWait bounds how long a command waits for another that changes the list.
const lockWait = 10 * time.Second

// change puts what do makes of the list in its place. Two processes that change
// it at once do so one after the other.
func (f allowFiles) change(ctx context.Context, do func(allow.List) (allow.List, error)) error {
	if err := os.MkdirAll(filepath.Dir(f.list), 0o700); err != nil {
		return fmt.Errorf("allow list: %w", err)
	}
	// The list itself is replaced, so that it cannot be locked.
	lock := flock.New(f.list+".lock", flock.SetPermissions(0o600))
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	if _, err := lock.TryLockContext(waiting, 20*time.Millisecond); err != nil {
		return fmt.Errorf("allow list: another command changes it: %s: %w", lock.Path(), err)
	}
	defer lock.Close() //nolint:errcheck // the lock ends with the process at the latest
	list, _, err := f.read()
	if err != nil {
		return err
	}
	if list, err = do(list); err != nil {
		return err
	}
	text, err := list.Text()
	if err != nil {
		return err
	}
	return index.Write(f.list, func(file *os.File) error {
		_, err := file.Write(text)
		return err
	})
}

// allowFiles returns the files that a command's settings name.
func (s storeSettings) allowFiles(p program) (allowFiles, error) {
	cfg, _, err := configs.Load(s.Config, p.environ)
	if err != nil {
		return allowFiles{}, err
	}
	s.apply(&cfg)
	return allowFilesOf(&cfg), nil
}

type allowList struct {
	storeSettings
	Format string `enum:"table,json" default:"table" help:"table for people, json for programs: one object a line."`
}

// Help implements kong.HelpProvider.
func (allowList) Help() string {
	return `Values are kept as keyed hashes, so the list shows none.

Examples:
  bulkhead allow list --config /etc/bulkhead/bulkhead.yaml
  bulkhead allow list --format json`
}

// allowedEntry is an entry in JSON. The names are a contract.
type allowedEntry struct {
	allow.Entry
	State string `json:"state"` // active or expired
}

// Run lists the entries.
func (c allowList) Run(p program) error {
	files, err := c.allowFiles(p)
	if err != nil {
		return err
	}
	list, _, err := files.read()
	if err != nil {
		return err
	}
	now := time.Now()
	tab := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	if c.Format == "table" {
		fmt.Fprintln(tab, "ID\tSTATE\tKIND\tFOR\tEXPIRES\tOWNER\tREASON")
	}
	for _, e := range list.Entries {
		state := "active"
		if e.Expired(now) {
			state = "expired"
		}
		if c.Format == "json" {
			if err := json.NewEncoder(p.stdout).Encode(allowedEntry{e, state}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, state, e.Kind, scopeOf(&e), e.Expires.Format(time.DateOnly), e.Owner, e.Reason)
	}
	return tab.Flush()
}

// scopeOf says what an entry is for.
func scopeOf(e *allow.Entry) string {
	switch {
	case e.Kind == allow.Person:
		return e.Type
	case e.Kind == allow.Table:
		return "its rows"
	case len(e.Policies) > 0:
		return strings.Join(e.Policies, " ")
	}
	return "all but unread"
}

type allowRemove struct {
	storeSettings
	ID string `arg:"" name:"id" help:"The entry's id, as allow list shows it."`
}

// Help implements kong.HelpProvider.
func (allowRemove) Help() string {
	return "Examples:\n  bulkhead allow remove AL-7K2M9Q\n  bulkhead allow remove --data-dir /var/lib/bulkhead AL-7K2M9Q"
}

// Run takes an entry away.
func (c allowRemove) Run(ctx context.Context, p program) error {
	files, err := c.allowFiles(p)
	if err != nil {
		return err
	}
	err = files.change(ctx, func(list allow.List) (allow.List, error) {
		list, was := list.Without(strings.ToUpper(c.ID))
		if !was {
			return list, fmt.Errorf("no entry %s: `bulkhead allow list` shows them", c.ID)
		}
		return list, nil
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Removed %s.\n", strings.ToUpper(c.ID))
	return err
}

// ownUser is the user of this machine who runs the command.
func ownUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}
