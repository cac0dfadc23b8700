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
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/replay"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

type replayCommand struct {
	storeSettings
	Policy string         `required:"" type:"existingfile" placeholder:"FILE" help:"The new policies, as 'config policies' prints them."`
	Since  configs.Period `default:"30d" placeholder:"AGE" help:"How far back, such as 30d or 12h; run.keep says what there is."`
	Format string         `enum:"text,json" default:"text" help:"text for people, json for programs: one object."`
}

// Help implements kong.HelpProvider.
func (replayCommand) Help() string {
	return `Says which verdicts would change if these policies took the place of those in
force (--config), by policy and by sender, from the numbers that are kept of each
message: no content is needed. What a run, an allow list or a reviewer made of a
message is left out on both sides. With the quarantine's private key senders of
held mail are named; else they are hashes. Reviewers' decisions tell which holds
were right (refused) and wrong (released).

Exit status: 0 no verdict changes, 1 some do, 2 an error.

Examples:
  bulkhead replay --policy new.yaml
  bulkhead replay --policy new.yaml --since 7d --format json --config bulkhead.yaml`
}

// Run rehearses the policies.
func (c replayCommand) Run(ctx context.Context, p program) error {
	cfg, store, err := c.openFor(ctx, p)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // read only
	next, err := readPolicies(c.Policy, cfg.OwnDomains)
	if err != nil {
		return err
	}
	now, err := cfg.CompilePolicies()
	if err != nil {
		return err
	}
	since := time.Time{}
	if c.Since != configs.Never {
		since = time.Now().Add(-time.Duration(c.Since))
	}
	var bar *progress
	report, err := replay.Run(ctx, replay.Config{Source: store, Now: now, Next: next, Since: since, Progress: func(done, total int64) {
		if bar == nil {
			bar = newProgress(p.stderr, "judged", int(total))
		}
		bar.set(int(done))
	}})
	if bar != nil {
		bar.clear()
	}
	if err != nil {
		return err
	}
	if err := nameSenders(ctx, store, report); err != nil {
		return err
	}
	if c.Format == "json" {
		err = json.NewEncoder(p.stdout).Encode(report)
	} else {
		err = writeReplay(p.stdout, report)
	}
	if err == nil && report.Changed > 0 {
		return errFound{}
	}
	return err
}

func readPolicies(path string, ownDomains []string) (*rules.Policies, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	specs, err := rules.ParsePolicies(path, source)
	if err != nil {
		return nil, err
	}
	policies, err := rules.CompilePolicies(specs, ownDomains)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return policies, nil
}

// nameSenders names the senders of whom something is held, where the private
// key is here.
func nameSenders(ctx context.Context, store *quarantine.Store, r *replay.Report) error {
	marks, err := store.Marks(ctx, r.Since)
	if err != nil {
		return err
	}
	for i := range r.Senders {
		mark, held := marks[r.Senders[i].Run]
		if !held {
			continue
		}
		m, err := store.Get(ctx, mark.Message)
		if err != nil {
			return err
		}
		r.Senders[i].Name = m.From
		if m.Auth != "" {
			r.Senders[i].Name = m.Auth
		}
	}
	return nil
}

// shownSenders is how many senders people are shown.
const shownSenders = 20

func writeReplay(w io.Writer, r *replay.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d messages since %s; %d verdicts would change.\n", r.Messages, r.Since.Local().Format("2006-01-02 15:04"), r.Changed)
	fmt.Fprintf(&b, "Held or rejected by the policies in force: %d; by the new ones: %d.\n", r.Held.Now, r.Held.Next)
	if r.Unsure > 0 {
		fmt.Fprintf(&b, "Of %d it cannot be told.\n", r.Unsure)
	}
	for _, n := range r.NotKept {
		fmt.Fprintf(&b, "Policy %s cannot be replayed where it turns on %s, which is not kept.\n", n.Policy, strings.Join(n.Variables, ", "))
	}
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	if len(r.Policies) > 0 {
		fmt.Fprintln(t, "\nFROM\tTO\tMESSAGES\tSENDERS\tMOST PEOPLE")
		for _, c := range r.Policies {
			fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\n", verdictText(c.From), verdictText(c.To), c.Count, c.Senders, c.Subjects)
		}
	}
	if len(r.Senders) > 0 {
		fmt.Fprintln(t, "\nSENDER\tHELD NEWLY\tHELD NO MORE\tOTHER\tMOST PEOPLE")
		for i, s := range r.Senders {
			if i == shownSenders {
				break
			}
			name := s.Name
			if name == "" {
				name = s.Sender
			}
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\n", name, s.Held, s.Passed, s.Other, s.Subjects)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	writeReviewed(&b, &r.Reviewed)
	_, err := io.WriteString(w, b.String())
	return err
}

func verdictText(v replay.Verdict) string { return strings.TrimSpace(v.Action + " " + v.Policy) }

func writeReviewed(b *strings.Builder, v *replay.Reviewed) {
	decided := v.Right + v.WronglyHeld + v.RightlyLet + v.WronglyLet + v.Undetermined
	if decided == 0 {
		b.WriteString("\nNo reviewer has decided on any of them yet.\n")
		return
	}
	fmt.Fprintf(b, "\nOf %d messages that reviewers decided on:\n", decided)
	fmt.Fprintf(b, "  %d held, and rightly: they were refused (now %d)\n", v.Right, v.Now.Right)
	fmt.Fprintf(b, "  %d held, and wrongly: they were released (now %d)\n", v.WronglyHeld, v.Now.WronglyHeld)
	fmt.Fprintf(b, "  %d let pass, and rightly: they were released\n", v.RightlyLet)
	fmt.Fprintf(b, "  %d let pass, and WRONGLY: they were refused\n", v.WronglyLet)
	if v.Undetermined > 0 {
		fmt.Fprintf(b, "  %d cannot be told\n", v.Undetermined)
	}
	if v.Mixed > 0 {
		fmt.Fprintf(b, "Another %d are of mailings of which some copies were released and some refused.\n", v.Mixed)
	}
}
