package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Degraded is what relays do while PostgreSQL is away.
type Degraded string

// The choices: everything waits at its client, or what is clean passes.
const (
	Defer     Degraded = "defer"
	PassClean Degraded = "pass-clean"
)

// Canary has the first copies of a mailing wait for each other. It is off with
// no copies.
type Canary struct {
	Copies int
	Wait   time.Duration
}

// Config is what is simulated.
type Config struct {
	Costs    *Costs
	Relays   int
	Cores    int     // of each relay
	Rate     float64 // messages in an hour, mailings and accidents among them
	For      time.Duration
	Seed     uint64
	Degraded Degraded
	Canary   Canary
	Failures []Failure
	// Progress is told now and then how far it is; nil for nobody.
	Progress func(now time.Duration)
}

func (c *Config) check() error {
	switch {
	case c.Costs == nil:
		return errors.New("no costs")
	case c.Relays < 1 || c.Relays > 10_000:
		return fmt.Errorf("%d relays; from 1 to 10,000 can be simulated", c.Relays)
	case c.Cores < 1 || c.Cores > 1024:
		return fmt.Errorf("%d cores; from 1 to 1024 can be simulated", c.Cores)
	case c.Degraded != Defer && c.Degraded != PassClean:
		return fmt.Errorf("%q: while the store is away relays %s or %s", c.Degraded, Defer, PassClean)
	case !(c.Rate > 0): // nor NaN
		return errors.New("a rate is more than 0 messages an hour")
	case c.Canary.Copies < 0 || c.Canary.Wait < 0:
		return fmt.Errorf("a canary of %d copies that wait %v: neither can be less than 0", c.Canary.Copies, c.Canary.Wait)
	case c.For <= 0 || c.Rate*c.For.Hours() > 100e6:
		return fmt.Errorf("%.0f messages an hour for %v: up to 100 million messages can be simulated", c.Rate, c.For)
	}
	return nil
}

// world is all there is, at one moment.
type world struct {
	cfg   Config
	costs *Costs
	clock clock
	// Chance has a source for each purpose, so that one more failure does not
	// change which messages come.
	chance struct{ letters, mailings, times, failures *rand.Rand }

	relays   []*relay
	balancer balancer
	store    store
	slower   float64 // the upstream

	mailings []*mailing // the accidents alone
	accounts accounts
	seen     observed
}

func newWorld(cfg Config) *world {
	w := &world{cfg: cfg, costs: cfg.Costs, slower: 1}
	for i, source := range []**rand.Rand{&w.chance.letters, &w.chance.mailings, &w.chance.times, &w.chance.failures} {
		*source = rand.New(rand.NewPCG(cfg.Seed, uint64(i)))
	}
	for i := range cfg.Relays {
		w.relays = append(w.relays, newRelay(w, i))
	}
	w.balancer = balancer{world: w}
	w.store = store{
		world: w, up: true, s3: true,
		cores: newStation("PostgreSQL", &w.clock, int(w.costs.Store.Cores.Value)),
		alone: newStation("PostgreSQL, one hold after another", &w.clock, 1),
	}
	return w
}

// progressEvery is how many events there are between two reports of progress.
const progressEvery = 10_000

// Run simulates until the last message is acknowledged. The error is that of the
// context, says what is wrong with the configuration, or which of the checks of
// the package comment did not hold.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	w := newWorld(cfg)
	w.startLetters()
	w.startMailings(&w.costs.Mailing, false)
	w.startMailings(&w.costs.Mishap, true)
	for i := range cfg.Failures {
		w.startFailure(&cfg.Failures[i])
	}
	w.watch()
	for n := 1; w.clock.next(); n++ {
		if n%progressEvery != 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if cfg.Progress != nil {
			cfg.Progress(w.clock.now)
		}
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("the simulation is wrong: %w", err)
	}
	return w.report(), nil
}

// check says which of the invariants does not hold.
func (w *world) check() error {
	wrong := []error{w.accounts.check(), w.store.cores.check(), w.store.alone.check()}
	for _, r := range w.relays {
		wrong = append(wrong, r.cpu.check())
		if n := len(r.sessions); n > 0 {
			wrong = append(wrong, fmt.Errorf("relay %d: %d sessions are left", r.number+1, n))
		}
	}
	if w.seen.away != 0 {
		wrong = append(wrong, fmt.Errorf("%d messages are still with their clients", w.seen.away))
	}
	return errors.Join(wrong...)
}
