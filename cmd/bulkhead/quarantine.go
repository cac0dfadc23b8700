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
	apiclient "github.com/bulkhead-dlp/bulkhead/proxy/console/client"
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
	remote
	Format      string        `enum:"table,json" default:"table" help:"table for people, json for programs: one object a line."`
	State       []string      `placeholder:"STATE" help:"Only these states: held, releasing, released, partly_released, release_failed, refused, deleted, expired."`
	Policy      string        `placeholder:"NAME" help:"Only this policy's."`
	From        string        `placeholder:"ADDR" help:"Only this sender's; with @shop.example, this domain's."`
	To          string        `placeholder:"ADDR" help:"Only to this recipient; with @client.example, to this domain."`
	Incident    string        `placeholder:"ID" help:"Only this incident's."`
	MinSubjects int           `placeholder:"N" help:"Only with at least so many people."`
	Query       string        `short:"q" placeholder:"SEARCH" help:"Only what this finds, such as 'from:@shop.example size:>5M'; configs/README.md has all words."`
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
	next, done, err := c.pages(ctx, p, found)
	if err != nil {
		return err
	}
	defer done()
	out := newLister(p.stdout, c.Format, "ID\tRECEIVED\tSTATE\tPEOPLE\tTO\tFROM\tPOLICY")
	left := c.Limit
	for m, err := range listed(next) {
		if err == nil {
			err = out.add(m.Message, fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%s\t%s", m.ID,
				m.Received.Local().Format("2006-01-02 15:04"), m.State, m.Subjects, m.Total, nameOr(&m.Message, sender(&m.Message)), m.Policy))
		}
		if err != nil {
			return err
		}
		if left--; left == 0 {
			break
		}
	}
	return out.end()
}

// pages gives what reads a page of messages and where the next one begins, and
// what ends the reading.
func (c quarantineList) pages(ctx context.Context, p program, found search.Expr) (next func(after string) ([]api.ListedMessage, string, error), done func(), err error) {
	since := ago(c.Since)
	if c.Server != "" {
		server, err := c.client(p)
		if err != nil {
			return nil, nil, err
		}
		q := apiclient.MessageQuery{Query: c.words(), States: c.State, Policy: c.Policy, Incident: c.Incident, MinSubjects: c.MinSubjects, Since: since}
		return func(after string) ([]api.ListedMessage, string, error) {
			q.Page = apiclient.Page{After: after, Limit: 500}
			got, err := server.Messages(ctx, q)
			return got.Messages, got.Next, err
		}, func() {}, nil
	}
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	q := quarantine.Query{Policy: c.Policy, From: c.From, To: c.To, Incident: c.Incident, MinSubjects: c.MinSubjects,
		Search: found, Me: who(""), Limit: 500, Since: since}
	for _, s := range c.State {
		q.States = append(q.States, quarantine.State(s))
	}
	return func(after string) (all []api.ListedMessage, _ string, err error) {
		q.After = quarantine.Cursor(after)
		got, more, err := store.List(ctx, q)
		for i := range got {
			all = append(all, api.NewListedMessage(&got[i]))
		}
		return all, string(more), err
	}, func() { _ = store.Close() }, nil // read only
}

// words is the search with the sender and the recipient that flags name.
func (c quarantineList) words() string {
	all := c.Query
	if all != "" {
		all = "(" + all + ")"
	}
	for key, value := range map[string]string{"from": c.From, "to": c.To} {
		if value != "" {
			all += fmt.Sprintf(" %s:%q", key, value)
		}
	}
	return strings.TrimSpace(all)
}

// nameOr gives a word of a message's that names people, or says that it
// cannot be read here.
func nameOr(m *api.Message, word string) string {
	if m.Sealed {
		return "(sealed)"
	}
	return word
}

// sender is who sent a message, "" for nobody or where it is sealed.
func sender(m *api.Message) string {
	if m.From == nil {
		return ""
	}
	return *m.From
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
	remote
	ID     string `arg:"" help:"The id from the client's reply or the list."`
	Format string `enum:"text,json" default:"text" help:"text for people, json for programs."`
}

// Help implements kong.HelpProvider.
func (quarantineShow) Help() string {
	return "Examples:\n  bulkhead quarantine show BH-7K2M-Q9XD\n  bulkhead quarantine show --format json BH-7K2M-Q9XD"
}

// Run shows one message.
func (c quarantineShow) Run(ctx context.Context, p program) error {
	m, err := c.read(ctx, p)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return json.NewEncoder(p.stdout).Encode(m.ShownMessage)
	}
	return writeMessage(p.stdout, m)
}

func (c quarantineShow) read(ctx context.Context, p program) (*api.WholeMessage, error) {
	if c.Server != "" {
		server, err := c.client(p)
		if err != nil {
			return nil, err
		}
		m, err := server.Message(ctx, c.ID)
		return &m, err
	}
	_, store, err := c.openFor(ctx, p)
	if err != nil {
		return nil, err
	}
	defer store.Close() //nolint:errcheck // read only
	m, err := store.Get(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	whole := api.NewWholeMessage(&m)
	return &whole, nil
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

func copyAll(to io.Writer, from io.Reader) error {
	_, err := io.Copy(to, from)
	return err
}
