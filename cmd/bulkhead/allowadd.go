package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

type allowAdd struct {
	storeSettings
	Kind    string   `arg:"" enum:"person,table,sender,recipient,sender-domain,recipient-domain" help:"What is allowed: person, table, sender, recipient, sender-domain, recipient-domain."`
	Value   string   `arg:"" help:"The person's value, the address or the domain; \"-\" reads it from standard input, so that it stays out of the shell's history. For a table, a file with that table."`
	Type    string   `placeholder:"TYPE" help:"Field type of a person's value, such as contact.email; else it is recognised."`
	Policy  []string `placeholder:"NAME" help:"Policies that do not hold, for senders and recipients; else all but those that ask what could not be read."`
	Reason  string   `required:"" placeholder:"TEXT" help:"Why; it is kept and shown, so name no customer."`
	Owner   string   `placeholder:"NAME" help:"Who answers for it; else the user of this machine."`
	Expires string   `required:"" placeholder:"DATE" help:"From when it has no effect: a date such as 2027-03-31, or days from now such as 90d."`
}

// Help implements kong.HelpProvider.
func (allowAdd) Help() string {
	return `person            who has this value is no third party and is left out of every count,
                  like a message's readers; staff, the press office
table             rows under this header, column for column, are not looked at; a
                  table with one column more is another table
sender            the policies do not hold mail with this envelope sender; a client
                  can claim any, so prefer recipients
recipient         the policies do not hold mail all of whose envelope recipients are
                  allowed; one who is not is enough to hold it
sender-domain, recipient-domain
                  the same for all addresses of a domain, without its subdomains

People are still counted for senders and recipients, and the verdict names the
entry by its id. Policies that ask what could not be read (as the default policy
unread does) are only waived by their names: nobody allows what nobody has seen.

Only a keyed hash of the value is kept. A running serve takes the change within
seconds.

Examples:
  bulkhead allow add person press@office.example --reason "press office" --expires 365d
  bulkhead allow add table rota.xlsx --reason "weekly rota" --expires 2027-03-31
  bulkhead allow add recipient-domain payroll.example --policy bulk-customer-records \
      --policy national-ids --reason "contract 12" --owner hr --expires 90d
  echo "$VALUE" | bulkhead allow add person - --type id.customer --reason test --expires 7d`
}

// Run adds an entry.
func (c allowAdd) Run(ctx context.Context, p program) error {
	files, err := c.allowFiles(p)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	e := allow.Entry{ID: newAllowID(), Kind: allow.Kind(c.Kind), Policies: c.Policy, Reason: c.Reason, Owner: c.Owner, Added: now}
	if e.Owner == "" {
		e.Owner = ownUser()
	}
	if e.Expires, err = parseExpiry(c.Expires, now); err != nil {
		return err
	}
	if c.Value, err = c.value(p.stdin); err != nil {
		return err
	}
	if e.Kind != allow.Table && strings.Contains(strings.ToLower(e.Reason+" "+e.Owner), strings.ToLower(c.Value)) {
		return errors.New("the reason or the owner holds the value itself: word it otherwise, since both are kept as they are")
	}
	err = files.change(ctx, func(list allow.List) (allow.List, error) {
		hash, err := files.openKey(p)
		if err != nil {
			return list, err
		}
		if err := c.fill(ctx, &e, hash); err != nil {
			return list, err
		}
		list.Key = hash.Check()
		return list.With(e)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Added %s: %s, until %s.\n", e.ID, e.Kind, e.Expires.Format(time.DateOnly))
	return err
}

// openKey returns the key's function, and makes the key with the first entry.
func (f allowFiles) openKey(p program) (keyed.Hash, error) {
	if err := os.MkdirAll(filepath.Dir(f.key), 0o700); err != nil {
		return keyed.Hash{}, fmt.Errorf("allow list: %w", err)
	}
	secret, made, err := index.OpenKey(f.key)
	if err != nil {
		return keyed.Hash{}, fmt.Errorf("allow list: %w", err)
	}
	if made {
		fmt.Fprintf(p.stderr, "bulkhead: made the key file %s; keep it secret\n", f.key)
	}
	return secret.For(allow.Purpose), nil
}

// value returns what is allowed, from standard input if that is asked for.
func (c allowAdd) value(stdin io.Reader) (string, error) {
	if c.Value != "-" {
		return strings.TrimSpace(c.Value), nil
	}
	line, err := bufio.NewReader(stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", errors.New("standard input is empty: want the value on one line")
	}
	return line, nil
}

// fill hashes what is allowed.
func (c allowAdd) fill(ctx context.Context, e *allow.Entry, hash keyed.Hash) error {
	switch e.Kind {
	case allow.Person:
		kind, err := c.personType()
		if err != nil {
			return err
		}
		e.Type = kind.String()
		e.Hash = allow.HashPerson(hash, uint64(rules.ValueKey(kind, c.Value)))
	case allow.Table:
		template, err := templateOf(ctx, c.Value)
		if err != nil {
			return err
		}
		e.Hash = allow.HashTable(hash, template)
	case allow.Sender, allow.Recipient:
		if at := strings.LastIndexByte(c.Value, '@'); at <= 0 || at == len(c.Value)-1 {
			return fmt.Errorf("want an address for a %s; a domain is a %s-domain", e.Kind, e.Kind)
		}
		e.Hash = allow.HashAddress(hash, e.Kind, c.Value)
	default:
		domain := strings.TrimPrefix(c.Value, "@")
		if domain == "" || strings.ContainsAny(domain, "@ /") {
			return fmt.Errorf("want a domain such as example.org for a %s", e.Kind)
		}
		e.Hash = allow.HashDomain(hash, e.Kind, domain)
	}
	return nil
}

// personType returns the field type of a person's value.
func (c allowAdd) personType() (detect.Type, error) {
	if c.Type != "" {
		kind, known := detect.Parse(c.Type)
		if !known || !rules.Names(kind) {
			return kind, fmt.Errorf("--type %s: want a type that tells people apart: %s", c.Type, namingTypes())
		}
		return kind, nil
	}
	det, err := detect.New()
	if err != nil {
		return detect.None, err
	}
	for _, r := range det.Classify(nil, []byte(c.Value)) {
		if rules.Names(r.Type) && r.LogOdds > 0 {
			return r.Type, nil
		}
	}
	return detect.None, fmt.Errorf("the value is not recognised: give its --type, one of %s", namingTypes())
}

func namingTypes() string {
	var names []string
	for _, t := range detect.Types() {
		if rules.Names(t) {
			names = append(names, t.String())
		}
	}
	return strings.Join(names, ", ")
}

// parseExpiry reads a date, or a number of days from now.
func parseExpiry(text string, now time.Time) (at time.Time, err error) {
	if days, found := strings.CutSuffix(text, "d"); found {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 3650 {
			return at, fmt.Errorf("--expires %s: want 1d to 3650d", text)
		}
		return now.AddDate(0, 0, n), nil
	}
	if at, err = time.Parse(time.DateOnly, text); err != nil {
		return at, fmt.Errorf("--expires %s: want a date such as 2027-03-31, or days such as 90d", text)
	}
	if !at.After(now) {
		return at, fmt.Errorf("--expires %s: is past", text)
	}
	return at, nil
}

// newAllowID makes an id for an entry.
func newAllowID() string {
	var b [4]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return "AL-" + base32.StdEncoding.EncodeToString(b[:])[:6]
}
