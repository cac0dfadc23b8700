package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

type incidentsReport struct {
	storeSettings
	ID           string    `arg:"" help:"The incident's id."`
	Format       string    `enum:"html,pdf,json" default:"html" help:"html, pdf or json."`
	Output       string    `short:"o" placeholder:"FILE" help:"File to write, for you only; else standard output."`
	Contact      string    `placeholder:"NAME" help:"Contact point, as \"Zoe Miller <dpo@office.example>\"."`
	Phone        string    `placeholder:"NUMBER" help:"The contact point's telephone."`
	Organisation string    `placeholder:"NAME" help:"Whose data it is: the controller."`
	Measure      []string  `sep:"none" placeholder:"TEXT" help:"A measure taken or proposed; may be given more than once."`
	Known        time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME" help:"When it became known, as 2026-03-02T10:42:00Z; else when the first copy was held."`
	Delay        string    `placeholder:"TEXT" help:"Why the notification is late."`
	ListsTo      string    `placeholder:"KEY" help:"Also write the people affected and those who received, as CSV that only this age key (age1…) opens; needs --output and the quarantine's private key."`
	By           string    `placeholder:"NAME" help:"Who writes it; else the user of this machine."`
}

// Help implements kong.HelpProvider.
func (incidentsReport) Help() string {
	return `The breach record: what GDPR Article 33(3) asks for, the 72 hours, what had
really left, the phases and the audit trail; counts, kinds and masked cells only.
The lists stand beside it as FILE-people.csv.age and FILE-recipients.csv.age.

Examples:
  bulkhead incidents report IN-7K2M-Q9XD -o record.html --contact "Zoe Miller <dpo@office.example>"
  bulkhead incidents report IN-7K2M-Q9XD --format pdf -o record.pdf --lists-to age1…`
}

// Run writes the record, and the lists if a key is given.
func (c incidentsReport) Run(ctx context.Context, p program) error {
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // what is recorded is committed
	if c.ListsTo != "" {
		if err := c.writeLists(ctx, p, cfg, store); err != nil {
			return err
		}
	}
	in, err := gatherIncident(ctx, store, c.ID)
	if err != nil {
		return err
	}
	c.complete(&in)
	// Recorded before it is shown, as all that leaves the quarantine.
	if err := store.RecordIncident(ctx, in.ID, quarantine.ActReported, who(c.By), c.Format); err != nil {
		return err
	}
	write := func(w io.Writer) error {
		_, err := report.New(in).Write(w, c.Format)
		return err
	}
	if c.Output == "" {
		return write(p.stdout)
	}
	return writeNew(c.Output, write)
}

// complete adds what people say.
func (c incidentsReport) complete(in *report.Incident) {
	in.Contact = report.Contact{Name: c.Contact, Phone: c.Phone, Organisation: c.Organisation}
	if address, err := mail.ParseAddress(c.Contact); err == nil {
		in.Contact.Name, in.Contact.Mail = address.Name, address.Address
	}
	in.Measures, in.Delay = c.Measure, c.Delay
	in.Written, in.Zone = time.Now(), time.Local
	if in.Known = c.Known; in.Known.IsZero() {
		in.Known = in.Stopped
	}
}

// gatherIncident reads all that the store knows of an incident.
func gatherIncident(ctx context.Context, store *quarantine.Store, id string) (report.Incident, error) {
	i, err := store.Incident(ctx, id)
	if err != nil {
		return report.Incident{}, err
	}
	in := report.Incident{
		ID: i.ID, Open: i.State != quarantine.IncidentDecided, State: string(i.State), Policy: i.Policy,
		First: i.First, Stopped: i.First, Last: i.Last, RuleSet: rules.Version,
		Copies:   report.Copies{Held: i.Copies, LeftUnknown: i.Run == ""},
		Subjects: int64(i.Subjects), Estimated: i.Subjects > exactSubjects || i.Run == "" && i.Copies > 1,
	}
	most, worst, categories := -1, "", categorySums{}
	err = eachMessage(ctx, store, quarantine.Query{Incident: i.ID}, func(m *quarantine.Message) error {
		countRecipients(&in.Copies, m)
		categories.add(m, in.Subjects)
		for _, f := range m.Fields {
			if !slices.Contains(in.Fields, f) {
				in.Fields = append(in.Fields, f)
			}
		}
		if m.Subjects <= most {
			return nil
		}
		most, worst = m.Subjects, m.ID
		return nil
	})
	if err != nil {
		return report.Incident{}, err
	}
	if worst != "" {
		if err := describeCopy(ctx, store, worst, &in); err != nil {
			return report.Incident{}, err
		}
	}
	slices.Sort(in.Fields)
	in.ByCategory, in.ByCategoryEstimated = categories.of(in.Subjects)
	err = eachEntry(ctx, store, quarantine.AuditQuery{Incident: i.ID}, func(e *quarantine.Entry) error {
		in.Trail = append(in.Trail, report.Entry{At: e.At, Message: e.Message, Act: string(e.Act), By: e.By, Reason: e.Reason, Results: resultsText(e.Detail)})
		return nil
	})
	if err != nil || i.Run == "" {
		return in, err
	}
	return in, gatherRun(ctx, store, i.Run, &in)
}

// describeCopy adds what is known of one copy: the one that carried most stands
// for all, which are alike.
func describeCopy(ctx context.Context, store *quarantine.Store, id string, in *report.Incident) error {
	m, err := store.Get(ctx, id) // with its evidence
	if err != nil {
		return err
	}
	in.PolicyVersion, in.Completeness, in.Reasons = m.PolicyVersion, m.Completeness, m.Reasons
	in.Records, in.Sender, in.Client = int64(m.Records), m.From, m.Client
	if m.Sealed || len(m.Evidence) == 0 {
		return nil
	}
	if err := json.Unmarshal(m.Evidence, &in.Findings); err != nil {
		return fmt.Errorf("evidence of %s: %w", m.ID, err)
	}
	return nil
}

// categorySums adds up the people of the copies by category. Those of the whole
// run are not counted by category: they are reckoned from their shares.
type categorySums struct {
	subjects int64
	people   map[string]int64
	differ   bool // copies have other people than the run, such as all but their own reader
}

func (s *categorySums) add(m *quarantine.Message, run int64) {
	if m.ByCategory == nil || m.Subjects == 0 {
		return // nobody, or the private key is not here
	}
	if s.people == nil {
		s.people = map[string]int64{}
	}
	s.subjects += int64(m.Subjects)
	s.differ = s.differ || int64(m.Subjects) != run
	for category, n := range m.ByCategory {
		s.people[category] += n
	}
}

// of gives the people of a run by category, and whether that is an estimate.
func (s *categorySums) of(run int64) (by map[string]int64, estimated bool) {
	if s.subjects == 0 {
		return nil, false
	}
	by = map[string]int64{}
	for category, n := range s.people {
		by[category] = int64(math.Round(float64(n) / float64(s.subjects) * float64(run)))
	}
	return by, s.differ
}

// exactSubjects is up to how many people a run's are counted one by one.
const exactSubjects = 100_000

// gatherRun adds what the ledger knows of an incident's run: its first copy, and
// what had left of it. What left after a person had released the run was let go.
func gatherRun(ctx context.Context, store *quarantine.Store, key string, in *report.Incident) error {
	run, err := store.Run(ctx, key)
	if errors.Is(err, quarantine.ErrNotFound) {
		in.Copies.LeftUnknown = true
		return nil
	}
	if err != nil {
		return err
	}
	if run.First.Before(in.First) {
		in.First = run.First
	}
	released := time.Time{}
	for _, e := range in.Trail {
		if e.Act == string(quarantine.ActReleaseBegun) {
			released = e.At
			break
		}
	}
	last := time.Time{}
	return store.Served(ctx, key, func(s quarantine.Served) error {
		if !released.IsZero() && s.At.After(released) {
			return nil
		}
		in.Copies.LeftTo++
		if !s.At.Equal(last) { // a copy's recipients have one time
			in.Copies.Left++
			last = s.At
		}
		return nil
	})
}

// countRecipients adds what became of a held copy for each of its recipients.
func countRecipients(c *report.Copies, m *quarantine.Message) {
	for _, r := range m.Recipients {
		switch r.State {
		case quarantine.RecipientReleased:
			c.Released++
		case quarantine.RecipientUnknown, quarantine.RecipientSending:
			c.Uncertain++
		default:
			c.Withheld++
		}
	}
}

// resultsText tells the results of an act in numbers.
func resultsText(d quarantine.Detail) string {
	var parts []string
	for _, s := range []quarantine.RecipientState{quarantine.RecipientReleased, quarantine.RecipientRefused,
		quarantine.RecipientDeferred, quarantine.RecipientUnknown} {
		if n := d.Results[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// eachMessage calls do for the messages that q picks.
func eachMessage(ctx context.Context, store *quarantine.Store, q quarantine.Query, do func(*quarantine.Message) error) error {
	q.Limit = 500
	for m, err := range listed(func(after quarantine.Cursor) ([]quarantine.Message, quarantine.Cursor, error) {
		q.After = after
		return store.List(ctx, q)
	}) {
		if err == nil {
			err = do(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errNeedsOutput says where the lists would go.
var errNeedsOutput = errors.New("--lists-to writes files beside the record: name it with --output FILE")

// writeLists writes both lists beside the record.
func (c incidentsReport) writeLists(ctx context.Context, p program, cfg *configs.Config, store *quarantine.Store) error {
	if c.Output == "" {
		return errNeedsOutput
	}
	key, err := report.ParseKey(c.ListsTo)
	if err != nil {
		return fmt.Errorf("--lists-to: %w", err)
	}
	if err := store.RecordIncident(ctx, c.ID, quarantine.ActExported, who(c.By), "lists of people affected and of recipients"); err != nil {
		return err
	}
	base := strings.TrimSuffix(c.Output, "."+c.Format)
	err = writeNew(base+"-recipients.csv.age", func(w io.Writer) error {
		list, err := report.NewList(w, key, "address", "state", "message", "received")
		if err != nil {
			return err
		}
		return errors.Join(listRecipients(ctx, store, c.ID, list), list.Close())
	})
	if err != nil {
		return err
	}
	return writeNew(base+"-people.csv.age", func(w io.Writer) error {
		list, err := report.NewList(w, key, "name", "mail", "telephone", "address", "born", "numbers", "message", "part")
		if err != nil {
			return err
		}
		return errors.Join(listAffected(ctx, p, affected{cfg: cfg, store: store, incident: c.ID, list: list}), list.Close())
	})
}

// listRecipients lists who has a copy, who may have one and who has none: first
// those to whom copies had gone before any was held, then those of the held ones.
func listRecipients(ctx context.Context, store *quarantine.Store, incident string, list *report.List) error {
	i, err := store.Incident(ctx, incident)
	if err != nil {
		return err
	}
	err = store.Served(ctx, i.Run, func(s quarantine.Served) error {
		if s.Sealed {
			return fmt.Errorf("incident %s: %w: name the quarantine's private key with --identity", i.ID, quarantine.ErrSealed)
		}
		return list.Add(s.Address, "delivered", "", s.At.Format(time.RFC3339))
	})
	if err != nil {
		return err
	}
	return eachMessage(ctx, store, quarantine.Query{Incident: incident}, func(m *quarantine.Message) error {
		if m.Sealed {
			return fmt.Errorf("message %s: %w: name the quarantine's private key with --identity", m.ID, quarantine.ErrSealed)
		}
		for _, r := range m.Recipients {
			if err := list.Add(r.Address, string(r.State), m.ID, m.Received.Format(time.RFC3339)); err != nil {
				return err
			}
		}
		return nil
	})
}
