package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// affected is what the list of the people affected is made of.
type affected struct {
	cfg      *configs.Config
	store    *quarantine.Store
	incident string
	list     *report.List

	inspector *rules.Inspector
	policies  *rules.Policies
	limits    extract.Limits
	people    map[rules.Key]bool
	contents  map[[sha256.Size]byte]bool // below the header, read already
}

// listAffected reads the held copies again and lists each person once. Copies
// that differ in their header only are read once.
func listAffected(ctx context.Context, p program, a affected) error {
	workers := newWorkers(nil)
	defer workers.Close() //nolint:errcheck // killed, whatever they say
	i, err := a.store.Incident(ctx, a.incident)
	if err != nil {
		return err
	}
	allowed, err := allowedAt(a.cfg, i.First)
	if err != nil {
		return err
	}
	inspector, err := rules.NewInspector(a.cfg.Lexicon)
	if err != nil {
		return err
	}
	policies, err := a.cfg.CompilePolicies()
	if err != nil {
		return err
	}
	a.inspector, a.policies = inspector.WithAllowed(allowed), policies.WithAllowed(allowed)
	if a.limits, err = limits(a.cfg, os.TempDir(), workers); err != nil {
		return err
	}
	a.people, a.contents = map[rules.Key]bool{}, map[[sha256.Size]byte]bool{}
	bar := newProgress(p.stderr, "read", i.Copies)
	defer bar.clear()
	done := 0
	return eachMessage(ctx, a.store, quarantine.Query{Incident: i.ID}, func(m *quarantine.Message) error {
		bar.set(done)
		done++
		return a.read(ctx, m)
	})
}

// allowedAt returns the allow list as it was at a time, as far as its entries are
// still there: who was allowed later is affected all the same.
func allowedAt(cfg *configs.Config, at time.Time) (*allow.Set, error) {
	list, hash, err := allowFilesOf(cfg).read()
	if err != nil {
		return nil, err
	}
	list.Entries = slices.DeleteFunc(list.Entries, func(e allow.Entry) bool { return e.Added.After(at) })
	return list.InForce(hash, at), nil
}

// read lists the people of one copy who were in none before.
func (a *affected) read(ctx context.Context, m *quarantine.Message) error {
	content, err := a.store.Content(ctx, m.ID)
	if err != nil {
		return err
	}
	defer content.Close() //nolint:errcheck // read only
	// In memory: it is never in clear on a disk.
	message, err := io.ReadAll(content)
	if err != nil {
		return fmt.Errorf("content of %s: %w", m.ID, err)
	}
	_, below, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	sum := sha256.Sum256(below)
	if a.contents[sum] {
		return nil
	}
	a.contents[sum] = true
	env := rules.Envelope{From: m.From, Authenticated: m.Auth}
	for _, r := range m.Recipients {
		env.Recipients = append(env.Recipients, r.Address)
	}
	source := extract.Source{ReaderAt: bytes.NewReader(message), Size: int64(len(message))}
	return a.inspector.People(ctx, source, a.limits, a.policies, env, func(who rules.Affected) error {
		if a.people[who.ID] {
			return nil
		}
		a.people[who.ID] = true
		return a.list.Add(affectedRow(who, m.ID)...)
	})
}

// affectedRow gives the columns of a person in the list.
func affectedRow(who rules.Affected, message string) []string {
	v := who.Values
	join := func(between string, types ...string) string {
		var parts []string
		for _, t := range types {
			if v[t] != "" {
				parts = append(parts, v[t])
			}
		}
		return strings.Join(parts, between)
	}
	name := v["person.name"]
	if name == "" {
		name = join(" ", "person.prefix", "person.given_name", "person.family_name")
	}
	return []string{
		name, v["contact.email"], v["contact.phone"],
		join(", ", "address.full", "address.street", "address.postcode", "address.city", "address.region", "address.country"),
		v["person.birth_date"],
		join("; ", "id.customer", "id.username", "id.employee", "id.national", "id.health", "id.passport", "id.licence"),
		message, who.Part,
	}
}
