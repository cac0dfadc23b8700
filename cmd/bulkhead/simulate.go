package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/simulation"
)

type simulateCommand struct {
	Relays     int                  `default:"50" placeholder:"N" help:"Relays behind the balancer."`
	Cores      int                  `default:"2" placeholder:"N" help:"Cores of each."`
	Rate       pace                 `default:"1000000/h" placeholder:"N/h" help:"Messages that come, such as 1000000/h or 300/s."`
	For        time.Duration        `default:"1h" placeholder:"TIME" help:"How long they come."`
	Fail       []simulation.Failure `sep:"none" placeholder:"WHAT" help:"What goes wrong, such as relay:at=1m,every=30s,for=20s; may be given more than once."`
	Degraded   simulation.Degraded  `enum:"defer,pass-clean" default:"defer" help:"While PostgreSQL is away: defer all mail, or pass-clean and defer what would be held."`
	Canary     int                  `default:"0" placeholder:"N" help:"First copies of an accident that wait for each other; 0: none do."`
	Wait       time.Duration        `default:"10s" placeholder:"TIME" help:"How long they wait at most."`
	Seed       uint64               `default:"1" placeholder:"N" help:"The same seed gives the same report."`
	Costs      string               `type:"existingfile" placeholder:"FILE" help:"Costs of your own, in place of the shipped ones."`
	PrintCosts bool                 `help:"Print the shipped costs, to start from."`
	Format     string               `enum:"table,json" default:"table" help:"table for people, json for programs: one object."`
}

// Help implements kong.HelpProvider.
func (simulateCommand) Help() string {
	return `An hour of mail over many relays, with their PostgreSQL, S3 store and balancer, on a
clock of its own: nothing is sent, opened or waited for. What a message costs was
measured of this program, on the machine that the report names; what was not
measured is assumed, and the report says of each figure which it is. --print-costs
prints the file that it comes from: measure on your machine, change it, and give it
by --costs. Every run checks that each message is acknowledged exactly once.

Failures, with at= for when, every= for how often and for= for how long:
  relay      one is killed, and comes back
  postgres   is restarted
  s3         does not answer
  upstream   answers slower=N times later

Exit status: 0 done, 2 an error, such as a check that did not hold.

Examples:
  bulkhead simulate --relays 3 --rate 1000000/h
  bulkhead simulate --fail relay:at=1m,every=30s,for=20s --fail postgres:at=20m,for=30s
  bulkhead simulate --rate 50000000/h --for 5m --fail upstream:at=1m,for=1m,slower=50
  bulkhead simulate --print-costs > costs.yaml
  bulkhead simulate --costs costs.yaml --format json`
}

// pace is how many messages come in an hour.
type pace float64

// UnmarshalText reads a number by the hour, minute or second.
func (r *pace) UnmarshalText(text []byte) error {
	number, unit, _ := strings.Cut(string(text), "/")
	n, err := strconv.ParseFloat(number, 64)
	each := map[string]float64{"h": 1, "m": 60, "s": 3600}[unit]
	if err != nil || !(n > 0) || each == 0 { // nor NaN
		return fmt.Errorf("%q: say a number by the hour, minute or second, such as 1000000/h or 300/s", text)
	}
	*r = pace(n * each)
	return nil
}

// Run simulates and prints.
func (c simulateCommand) Run(ctx context.Context, p program) error {
	if c.PrintCosts {
		_, err := p.stdout.Write(simulation.Shipped)
		return err
	}
	text := simulation.Shipped
	if c.Costs != "" {
		var err error
		if text, err = os.ReadFile(c.Costs); err != nil {
			return err
		}
	}
	costs, err := simulation.ParseCosts(text)
	if err != nil {
		return fmt.Errorf("costs %s: %w", c.Costs, err)
	}
	bar := newProgress(p.stderr, "seconds of mail", int(c.For.Seconds()))
	report, err := simulation.Run(ctx, simulation.Config{
		Costs: costs, Relays: c.Relays, Cores: c.Cores, Rate: float64(c.Rate), For: c.For, Seed: c.Seed,
		Degraded: c.Degraded, Canary: simulation.Canary{Copies: c.Canary, Wait: c.Wait}, Failures: c.Fail,
		Progress: func(now time.Duration) { bar.set(int(now.Seconds())) },
	})
	bar.clear()
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("stopped")
	case err != nil:
		return err
	case c.Format == "json":
		return json.NewEncoder(p.stdout).Encode(report)
	}
	return writeSimulation(p.stdout, report)
}
