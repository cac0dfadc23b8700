package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/bulkhead-dlp/bulkhead/proxy/simulation"
)

// writeSimulation prints a report for people.
func writeSimulation(w io.Writer, r *simulation.Report) error {
	out := &printer{w: w}
	out.line("%d relays of %d cores, %.0f messages an hour for %s, seed %d; while PostgreSQL is away: %s.",
		r.Relays, r.Cores, r.Hourly, seconds(r.Seconds), r.Seed, r.Degraded)
	for _, f := range r.Failures {
		out.line("Failing: %s", f)
	}
	writeCounts(out, r)
	writeTimes(out, r)
	writeBusy(out, r)
	writeAfter(out, r)
	writeFigures(out, r)
	return out.err
}

// sheet prints lines whose cells are parted by tabs, below a heading.
func sheet(out *printer, heading string, lines []string) {
	out.line("\n%s", heading)
	table := tabwriter.NewWriter(out.w, 0, 8, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintln(table, "  "+line)
	}
	if err := table.Flush(); out.err == nil {
		out.err = err
	}
}

func writeCounts(out *printer, r *simulation.Report) {
	m := &r.Messages
	lines := []string{
		fmt.Sprintf("acknowledged once\t%d", m.Acknowledged),
		fmt.Sprintf("delivered, held\t%d, %d", m.Delivered-m.Twice.Delivered, m.Held-m.Twice.Held),
		fmt.Sprintf("the same again\t%d, %d\tthe first answer was lost with a relay", m.Twice.Delivered, m.Twice.Held),
		fmt.Sprintf("tried again\t%d\tat most %d at a time; the last was through %s after the mail ended", m.Retried, m.MostWaiting, seconds(max(0, r.Ended-r.Seconds))),
	}
	for _, why := range slices.Sorted(maps.Keys(m.Reasons)) {
		lines = append(lines, fmt.Sprintf("  tries that ended so\t%d\t%s", m.Reasons[why], why))
	}
	sheet(out, fmt.Sprintf("MESSAGES: %d", m.Sent), lines)
}

func writeTimes(out *printer, r *simulation.Report) {
	lines := []string{"\tmean\tp50\tp99\tp99.9\tmost"}
	for _, t := range []struct {
		name string
		of   *simulation.Spread
		unit float64 // in milliseconds
	}{
		{"wait for a core, ms", &r.Waits, 1}, {"added to what passed, ms", &r.Passed, 1}, {"added to what was held, ms", &r.Held, 1},
		{"first try to answer, of those tried again, s", &r.Late, 1000},
	} {
		if s := t.of; s.Count > 0 {
			lines = append(lines, fmt.Sprintf("%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f", t.name, s.Mean/t.unit, s.P50/t.unit, s.P99/t.unit, s.P999/t.unit, s.Most/t.unit))
		}
	}
	sheet(out, "TIMES", lines)
}

func writeBusy(out *printer, r *simulation.Report) {
	s, b := &r.Store, &r.Balancer
	sheet(out, "SHARED", []string{
		fmt.Sprintf("PostgreSQL's cores\t%s busy, %s in the worst minute", percent(s.Busy), percent(s.BusyMinute)),
		fmt.Sprintf("what holds take in turn\t%s busy, %s in the worst minute", percent(s.Alone), percent(s.AloneMinute)),
		fmt.Sprintf("a second\t%.1f batches of the ledger, %.2f holds, %.2f objects to S3", s.Batches, s.Holds, s.Puts),
		fmt.Sprintf("entries of the ledger\t%d, %d lost with relays that were killed, %d dropped", s.Entries, s.Lost, s.Dropped),
		fmt.Sprintf("balancer\t%d relays killed, %d taken out, %d back; %d connections refused and given to another", b.Kills, b.TakenOut, b.TakenBack, b.Refused),
	})
	out.line("\nRELAYS: how busy their cores were while they ran, in percent")
	for at := 0; at < len(r.Each); at += relaysInRow {
		var b strings.Builder
		fmt.Fprintf(&b, "%5d:", at+1)
		for _, each := range r.Each[at:min(at+relaysInRow, len(r.Each))] {
			fmt.Fprintf(&b, " %5.1f", 100*each.Busy)
		}
		out.line("%s", b.String())
	}
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func seconds(s float64) string { return fmt.Sprintf("%.0f s", s) }

// relaysInRow is how many relays are shown on a line.
const relaysInRow = 10

// writeAfter prints what failures did, and what left before a brake.
func writeAfter(out *printer, r *simulation.Report) {
	for _, f := range r.Hurt {
		out.line("\nAfter %s at %s for %s: at most %d messages waited with their clients; the backlog was gone %s after its end.",
			f.What, seconds(f.At), seconds(f.For), f.Waiting, seconds(f.Healed))
	}
	if a := &r.Accident; a.Count > 0 {
		out.line("\nOf %d accidents, copies that had left before all relays held the rest: mean %.1f, p50 %d, p90 %d, most %d", a.Count, a.Mean, a.P50, a.P90, a.Most)
		out.line("  each: %s", strings.Trim(fmt.Sprint(a.Left), "[]"))
	}
}

// writeFigures prints what the report rests on.
func writeFigures(out *printer, r *simulation.Report) {
	for _, origin := range []string{"measured", "setting", "assumed"} {
		heading := map[string]string{"measured": "MEASURED on " + r.Machine, "setting": "SETTINGS", "assumed": "ASSUMED"}[origin]
		var lines []string
		for _, f := range r.Figures {
			if f.Origin == origin {
				lines = append(lines, fmt.Sprintf("%s\t%s\t%s", f.Name, f.Value, f.From))
			}
		}
		sheet(out, heading, lines)
	}
}
