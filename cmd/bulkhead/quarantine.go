package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/api"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/search"
)

type quarantineCommand struct {
	List    quarantineList    `cmd:"" help:"List held messages, the newest first."`
	Show    quarantineShow    `cmd:"" help:"Show what was found in a held message, masked."`
	Release quarantineRelease `cmd:"" help:"Send a held message to all or some of its recipients."`
	Refuse  quarantineRefuse  `cmd:"" help:"Decide that a held message is not to be sent."`
	Export  quarantineExport  `cmd:"" help:"Write a held message's exact bytes; this is recorded."`
	Keep    quarantineKeep    `cmd:"" help:"Put a message or an incident under legal hold, or end that."`
	Delete  quarantineDelete  `cmd:"" help:"Destroy a held message's content."`
}

// openFor loads the configuration of a store command and opens its store.
func (s storeSettings) openFor(ctx context.Context, p program) (*configs.Config, *quarantine.Store, error) {
	cfg, _, err := configs.Load(s.Config, p.environ)
	if err != nil {
		return nil, nil, err
	}
	s.apply(&cfg)
	if _, err := os.Stat(cfg.DataDir); err != nil {
		return nil, nil, fmt.Errorf("data_dir: %w: name the folder that serve uses with --data-dir or --config", err)
	}
	store, err := openStore(ctx, &cfg)
	return &cfg, store, err
}

type quarantineList struct {
	storeSettings
	Format      string        `enum:"table,json" default:"table" help:"table for people, json for programs: one object a line."`
	State       []string      `placeholder:"STATE" help:"Only these states: held, releasing, released, partly_released, release_failed, refused, deleted, expired."`
	Policy      string        `placeholder:"NAME" help:"Only this policy's."`
	From        string        `placeholder:"ADDR" help:"Only this sender's; with @shop.example, this domain's."`
	To          string        `placeholder:"ADDR" help:"Only to this recipient; with @client.example, to this domain."`
	Incident    string        `placeholder:"ID" help:"Only this incident's."`
	MinSubjects int           `placeholder:"N" help:"Only with at least so many people."`
	Query       string        `short:"q" placeholder:"SEARCH" help:"Only what this finds, such as 'from:@shop.example size:>5M'; the README has all words."`
	Since       time.Duration `placeholder:"AGE" help:"Only those received within this time, such as 24h."`
	Limit       int           `default:"0" placeholder:"N" help:"At most so many; 0 means all."`
}

// Help implements kong.HelpProvider.
func (quarantineList) Help() string {
	return "Examples:\n  bulkhead quarantine list --state held --min-subjects 100\n  bulkhead quarantine list --since 24h --format json\n  bulkhead quarantine list -q 'to:@client.example -completeness:complete'"
}

// Run lists held messages.
func (c quarantineList) Run(ctx context.Context, p program) error {
	found, err := search.Parse(c.Query)
	if err != nil {
		return err
	}
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	q := quarantine.Query{Policy: c.Policy, From: c.From, To: c.To, Incident: c.Incident, MinSubjects: c.MinSubjects,
		Search: found, Me: who(""), Limit: 500}
	for _, s := range c.State {
		q.States = append(q.States, quarantine.State(s))
	}
	if c.Since > 0 {
		q.Since = time.Now().Add(-c.Since)
	}
	out := newLister(p.stdout, c.Format, "ID\tRECEIVED\tSTATE\tPEOPLE\tTO\tFROM\tPOLICY")
	for left := c.Limit; ; {
		page, next, err := store.List(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			m := &page[i]
			if err := out.add(api.NewMessage(m), fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%s\t%s", m.ID,
				m.Received.Local().Format("2006-01-02 15:04"), m.State, m.Subjects, len(m.Recipients), nameOr(m, m.From), m.Policy)); err != nil {
				return err
			}
			if left--; left == 0 {
				return out.end()
			}
		}
		if next == "" {
			return out.end()
		}
		q.After = next
	}
}

// nameOr gives a word of a message's that names people, or says that it
// cannot be read here.
func nameOr(m *quarantine.Message, word string) string {
	if m.Sealed {
		return "(sealed)"
	}
	return word
}

// lister writes a list as a table for people or as JSON lines.
type lister struct {
	json  *json.Encoder
	table *tabwriter.Writer
	empty bool
	w     io.Writer
}

func newLister(w io.Writer, format, head string) *lister {
	l := &lister{w: w, empty: true}
	if format == "json" {
		l.json = json.NewEncoder(w)
		return l
	}
	l.table = tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(l.table, head)
	return l
}

func (l *lister) add(object any, row string) error {
	l.empty = false
	if l.json != nil {
		return l.json.Encode(object)
	}
	_, err := fmt.Fprintln(l.table, row)
	return err
}

func (l *lister) end() error {
	if l.json != nil {
		return nil
	}
	if l.empty {
		_, err := fmt.Fprintln(l.w, "Nothing to show.")
		return err
	}
	return l.table.Flush()
}

type quarantineShow struct {
	storeSettings
	ID     string `arg:"" help:"The id from the client's reply or the list."`
	Format string `enum:"text,json" default:"text" help:"text for people, json for programs."`
}

// Help implements kong.HelpProvider.
func (quarantineShow) Help() string {
	return "Examples:\n  bulkhead quarantine show BH-7K2M-Q9XD\n  bulkhead quarantine show --format json BH-7K2M-Q9XD"
}

// Run shows one message.
func (c quarantineShow) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	m, err := store.Get(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return json.NewEncoder(p.stdout).Encode(api.NewShownMessage(&m))
	}
	return writeMessage(p.stdout, &m)
}

// decision are the flags of a command that decides.
type decision struct {
	storeSettings
	ID     string `arg:"" help:"The id from the client's reply or the list."`
	Reason string `required:"" placeholder:"TEXT" help:"Why; kept in the audit trail."`
	By     string `placeholder:"NAME" help:"Who decides; else the user of this machine."`
}

func (d decision) by() string { return who(d.By) }

// who names the person who acts: as given, or the user of this machine.
func who(given string) string {
	if given != "" {
		return given
	}
	return ownUser()
}

type quarantineRefuse struct{ decision }

// Help implements kong.HelpProvider.
func (quarantineRefuse) Help() string {
	return "Examples:\n  bulkhead quarantine refuse BH-7K2M-Q9XD --reason \"wrong file\"\n  bulkhead quarantine refuse BH-7K2M-Q9XD --reason \"not agreed\" --by ana"
}

// Run refuses one message, and tells who sent it.
func (c quarantineRefuse) Run(ctx context.Context, p program) error {
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the decision is committed
	if err := refuseAlone(ctx, p, cfg, store, c.decision); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Refused %s. It is kept, and will not be sent.\n", strings.ToUpper(c.ID))
	return err
}

type quarantineExport struct {
	decision
	Output string `short:"o" placeholder:"FILE" help:"File to write; else standard output."`
}

// Help implements kong.HelpProvider.
func (quarantineExport) Help() string {
	return "Examples:\n  bulkhead quarantine export BH-7K2M-Q9XD --reason \"for the DPO\" -o held.eml\n  bulkhead quarantine export BH-7K2M-Q9XD --reason check | bulkhead scan -"
}

// Run writes one message's bytes.
func (c quarantineExport) Run(ctx context.Context, p program) error {
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the record is committed
	content, err := store.Content(ctx, c.ID)
	if err != nil {
		return err
	}
	defer content.Close() //nolint:errcheck // read only
	// Recorded before a byte leaves, so that nobody sees it unrecorded.
	if err := store.Record(ctx, c.ID, quarantine.ActExported, c.by(), c.Reason); err != nil {
		return err
	}
	if c.Output == "" {
		return copyAll(p.stdout, content)
	}
	return writeNew(c.Output, func(w io.Writer) error { return copyAll(w, content) })
}
