package simulation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/simulation"
)

func costs(t *testing.T) *simulation.Costs {
	t.Helper()
	c, err := simulation.ParseCosts(simulation.Shipped)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// small is some minutes of some relays.
func small(t *testing.T) simulation.Config {
	return simulation.Config{
		Costs: costs(t), Relays: 5, Cores: 2, Rate: 150_000, For: 10 * time.Minute, Seed: 1, Degraded: simulation.Defer,
	}
}

func run(t *testing.T, cfg simulation.Config) *simulation.Report {
	t.Helper()
	r, err := simulation.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func failures(t *testing.T, texts ...string) (all []simulation.Failure) {
	t.Helper()
	for _, text := range texts {
		var f simulation.Failure
		if err := f.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// One relay of one core that only gets letters is an M/G/1 queue, of which the mean
// wait is known (Pollaczek and Khinchine), through the whole of the simulator.
func TestWaitOfOneRelayIsThatOfTheory(t *testing.T) {
	for _, load := range []float64{0.3, 0.6} {
		cfg := small(t)
		c := cfg.Costs
		c.Mailing.Share.Value, c.Mishap.Share.Value, c.Relay.Held.Value = 0, 0, 0
		c.Kinds[2].Share.Value, c.Kinds[1].Share.Value = 0, 0.22
		var mean, square float64 // of the service, in seconds
		for _, k := range c.Kinds {
			s := k.CPU.Value.Seconds()
			mean += k.Share.Value * s
			square += k.Share.Value * s * s
		}
		perSecond := load / mean
		cfg.Relays, cfg.Cores, cfg.Rate, cfg.For = 1, 1, perSecond*3600, 2*time.Minute
		r := run(t, cfg)
		want := 1000 * perSecond * square / 2 / (1 - load)
		if math.Abs(r.Waits.Mean-want) > 0.05*want {
			t.Errorf("load %v: a mean wait of %.4f ms, want %.4f ms", load, r.Waits.Mean, want)
		}
		if busy := r.Each[0].Busy; math.Abs(busy-load) > 0.01 {
			t.Errorf("load %v: busy for %.3f of the time", load, busy)
		}
	}
}

// The same seed gives the same report, another one another.
func TestTheSameSeedGivesTheSame(t *testing.T) {
	report := func(seed uint64) []byte {
		cfg := small(t)
		cfg.Seed = seed
		cfg.Failures = failures(t, "relay:at=1m,every=20s,for=30s", "postgres:at=3m,for=20s", "s3:at=5m,for=30s", "upstream:at=7m,for=1m,slower=100")
		text, err := json.Marshal(run(t, cfg))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := report(1)
	if !bytes.Equal(first, report(1)) {
		t.Error("the same seed gives another report")
	}
	if bytes.Equal(first, report(2)) {
		t.Error("another seed gives the same report")
	}
}

// With all failures at once every message is acknowledged once (Run checks that, and
// Little's law), and each failure leaves its trace.
func TestFailures(t *testing.T) {
	cfg := small(t)
	cfg.Costs.Mishap.Share.Value, cfg.Costs.Relay.Held.Value = 0, 0.01
	calm := run(t, cfg)
	if calm.Messages.Deferrals != 0 || calm.Messages.Twice != (simulation.Twice{}) || calm.Store.Lost != 0 {
		t.Errorf("nothing has failed: %+v", calm.Messages)
	}
	cfg.Failures = failures(t, "relay:at=10s,every=5s,for=20s")
	if r := run(t, cfg); r.Messages.Reasons["connection lost"] == 0 || r.Balancer.Refused == 0 || r.Balancer.TakenOut == 0 ||
		r.Balancer.TakenBack != r.Balancer.TakenOut || r.Messages.Twice.Delivered == 0 || r.Store.Lost == 0 || r.Each[0].Up > 0.99 {
		t.Errorf("relays were killed: %+v %+v %+v", r.Messages, r.Balancer, r.Store)
	}
	cfg.Failures = failures(t, "postgres:at=5m,for=20s")
	deferring := run(t, cfg)
	if n := deferring.Messages.Reasons["451 PostgreSQL away"]; n < 20*150_000/3600/2 {
		t.Errorf("PostgreSQL was away for 20 s: %d were deferred", n)
	}
	if h := deferring.Hurt; len(h) != 1 || h[0].Waiting == 0 || h[0].Healed < 60 || h[0].Healed > 600 {
		t.Errorf("after PostgreSQL: %+v", h)
	}
	cfg.Degraded = simulation.PassClean
	if r := run(t, cfg); r.Messages.Deferrals >= deferring.Messages.Deferrals/2 {
		t.Errorf("%d were deferred where clean mail passes, %d where it does not", r.Messages.Deferrals, deferring.Messages.Deferrals)
	}
	cfg.Failures = failures(t, "s3:at=4m,for=5m")
	if r := run(t, cfg); r.Messages.Reasons["451 S3 away"] == 0 {
		t.Errorf("S3 was away: %+v", r.Messages)
	}
	cfg.Failures = failures(t, "upstream:at=4m,for=5m,slower=10000")
	if r := run(t, cfg); r.Messages.Reasons["421 too many connections"] == 0 || r.Each[0].MostSessions != 1000 {
		t.Errorf("the upstream was slow: %+v %+v", r.Messages, r.Each[0])
	}
}

// Where nothing fails the last message is through a moment after the mail has ended,
// and nothing goes on after it.
func TestItEndsWithTheLastMessage(t *testing.T) {
	cfg := small(t)
	cfg.Costs.Mailing.Share.Value, cfg.Costs.Mishap.Share.Value = 0.001, 0.001 // most often none begins
	cfg.Rate, cfg.For = 1000, time.Minute
	cfg.Failures = failures(t, "upstream:at=50s,for=1m", "upstream:at=2m,for=1m")
	var latest time.Duration
	cfg.Progress = func(now time.Duration) { latest = now }
	r := run(t, cfg)
	if r.Messages.Sent == 0 || r.Ended > 62 || latest > 3*time.Minute {
		t.Errorf("%d messages, the last at %v s; it went on until %v", r.Messages.Sent, r.Ended, latest)
	}
	if len(r.Hurt) != 1 || r.Hurt[0].Healed < 0 || r.Hurt[0].Healed > 1 {
		t.Errorf("nothing waited after it: %+v", r.Hurt)
	}
}

// Twice as much mail as the cores can read waits with its clients, and in the end
// all of it is through.
func TestOverload(t *testing.T) {
	cfg := small(t)
	cfg.Relays, cfg.Cores, cfg.Rate, cfg.For = 1, 1, 6_000_000, time.Minute
	r := run(t, cfg)
	if busy := r.Each[0].Busy; busy < 0.99 {
		t.Errorf("busy for %.2f of the time", busy)
	}
	if r.Messages.Deferrals == 0 || r.Ended < 120 {
		t.Errorf("all went well: %+v, ended after %v s", r.Messages, r.Ended)
	}
}

// One relay alone knows its copies: two leave before the third is held. On many as
// many may leave at most as each may let pass by itself, and with a canary of three
// copies none.
func TestCopiesThatLeaveBeforeTheBrake(t *testing.T) {
	cfg := small(t)
	cfg.Rate, cfg.Relays, cfg.Cores, cfg.For = 1_000_000, 1, 1, 5*time.Minute
	cfg.Costs.Mailing.Share.Value, cfg.Costs.Mishap.Share.Value, cfg.Costs.Mishap.Copies.Value = 0, 0.1, 400
	if a := run(t, cfg).Accident; a.Count < 5 || a.P50 != 2 || a.Most != 2 {
		t.Errorf("one relay: %+v", a)
	}
	cfg.Relays, cfg.Costs.Store.Told.Value = 20, time.Second
	many := run(t, cfg).Accident
	if many.P50 <= 2 || many.Most > 2*20 {
		t.Errorf("20 relays: %+v", many)
	}
	cfg.Costs.Store.Told.Value, cfg.Costs.Relay.Gather.Value = 10*time.Millisecond, 10*time.Millisecond
	if sooner := run(t, cfg).Accident; sooner.Mean >= many.Mean/2 {
		t.Errorf("told sooner %v leave, told later %v", sooner.Mean, many.Mean)
	}
	cfg.Canary = simulation.Canary{Copies: 3, Wait: 10 * time.Second}
	if a := run(t, cfg).Accident; a.Most != 0 {
		t.Errorf("with a canary: %+v", a)
	}
}

func TestCostsThatAreWrong(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"value: 350us, measured", "value: -350us, measured", "kinds.letter.cpu: -350µs is no cost"},
		{"value: 350us, measured", "value: 350us, guessed", "guessed"},
		{"value: 350us, measured: \"go", "value: 350us, assumed: yes, measured: \"go", "kinds.letter.cpu: say one of"},
		{"bytes: 4096", "bytes: -4096", "kinds.letter.bytes: -4096 is no size"},
		{"share: {value: 0.78", "share: {value: 0.8", "add up to 1.02"},
		{"share: {value: 0.40", "share: {value: 0.99", "leaves no letters"},
		{"  told:", "  #told:", "store.told: say one of"},
	} {
		text := strings.Replace(string(simulation.Shipped), c.from, c.to, 1)
		if text == string(simulation.Shipped) {
			t.Fatalf("no %q in the file", c.from)
		}
		if _, err := simulation.ParseCosts([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.to, err, c.want)
		}
	}
}

func TestFailuresAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"relay:at=1m,every=30s,for=20s":    "relay:at=1m0s,for=20s,every=30s",
		"upstream:at=40m,for=5m,slower=50": "upstream:at=40m0s,for=5m0s,slower=50",
		"disk:at=1m":                       "nothing of that name",
		"relay":                            `"" is not known`,
		"postgres:at=1m":                   "for how long",
		"postgres:at=x,for=1m":             "invalid duration",
		"postgres:at=1m,for=1m,every=30s":  "before it is back",
		"upstream:at=1m,for=1m,slower=0.5": "slower from 1",
		"upstream:at=1m,for=1m,slower=NaN": "slower from 1",
		"s3:at=-1m,for=1m":                 "times are from 0 on",
	} {
		var f simulation.Failure
		err := f.UnmarshalText([]byte(text))
		if said := f.String(); err == nil && said != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v, want %s", text, said, err, want)
		}
	}
	for example := range strings.SplitSeq(strings.ReplaceAll(simulation.Usage, " or ", ", "), ", ") {
		if err := new(simulation.Failure).UnmarshalText([]byte(example)); err != nil {
			t.Error(err)
		}
	}
}

func TestConfigsThatAreWrong(t *testing.T) {
	for want, change := range map[string]func(*simulation.Config){
		"no costs":          func(c *simulation.Config) { c.Costs = nil },
		"0 relays":          func(c *simulation.Config) { c.Relays = 0 },
		"0 cores":           func(c *simulation.Config) { c.Cores = 0 },
		"defer or pass":     func(c *simulation.Config) { c.Degraded = "hope" },
		"less than 0":       func(c *simulation.Config) { c.Canary.Wait = -time.Second },
		"more than 0":       func(c *simulation.Config) { c.Rate = math.NaN() },
		"up to 100 million": func(c *simulation.Config) { c.For = 1000 * time.Hour },
	} {
		cfg := small(t)
		change(&cfg)
		if _, err := simulation.Run(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cfg := small(t)
	cfg.Progress = func(time.Duration) { cancel() }
	if _, err := simulation.Run(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Whoever reads a report sees of each number where it comes from.
func TestFiguresSayWhereTheyComeFrom(t *testing.T) {
	r := run(t, func() simulation.Config { c := small(t); c.For = time.Second; return c }())
	origins := map[string]int{}
	for _, f := range r.Figures {
		origins[f.Origin]++
		if f.Origin == "measured" && !strings.HasPrefix(f.From, "go test ") {
			t.Errorf("%s is measured by %q, which is no command", f.Name, f.From)
		}
	}
	if origins["measured"] == 0 || origins["assumed"] == 0 || origins["setting"] == 0 || len(origins) != 3 {
		t.Errorf("%v", origins)
	}
	if !slices.ContainsFunc(r.Figures, func(f simulation.Named) bool { return f.Name == "store.hold_open" }) {
		t.Error("the holds' own part is not told")
	}
}
