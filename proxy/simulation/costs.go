package simulation

import (
	_ "embed" // the costs that were measured
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/strictyaml"
)

// Shipped are the costs that were measured of this program, as the file that
// [ParseCosts] reads.
//
//go:embed costs.yaml
var Shipped []byte

// Figure is a number and where it comes from: one of the three is set.
type Figure[T int64 | float64 | time.Duration] struct {
	Value    T      `json:"value"`
	Measured string `json:"measured,omitempty"` // the command that measures it
	Setting  string `json:"setting,omitempty"`  // of configs/bulkhead.yaml, or of the code
	Assumed  string `json:"assumed,omitempty"`  // why
}

type (
	duration = Figure[time.Duration]
	share    = Figure[float64]
	count    = Figure[int64]
)

// Costs are what the simulation is driven by.
type Costs struct {
	Machine string    `json:"machine"` // where it was measured, and when
	Kinds   []Kind    `json:"kinds"`   // of letters; the shares add up to 1
	Mailing Mailing   `json:"mailings"`
	Mishap  Mailing   `json:"accidents"`
	Relay   RelayCost `json:"relay"`
	Store   StoreCost `json:"store"`
	Around  Around    `json:"around"`
}

// Kind is a kind of message.
type Kind struct {
	Name  string   `json:"name"`
	Bytes int64    `json:"bytes"`
	Share share    `json:"share"`
	CPU   duration `json:"cpu"` // of one core, for the whole program
}

// Mailing is what many copies are.
type Mailing struct {
	Name   string   `json:"name"`
	Bytes  int64    `json:"bytes"`
	Share  share    `json:"share"` // of all messages
	CPU    duration `json:"cpu"`   // for a copy
	Copies count    `json:"copies"`
	Every  duration `json:"every"` // between two copies, on average
}

// RelayCost is what a relay spends and where it ends.
type RelayCost struct {
	Hold        duration `json:"hold"`         // of one core, beside reading it
	Held        share    `json:"held"`         // of letters
	Gather      duration `json:"gather"`       // what is to be written to the ledger
	Gathered    count    `json:"gathered"`     // entries at most
	Connections count    `json:"connections"`  // at most; then 421
	Deadline    duration `json:"deadline"`     // of an inspection; then 451
	KnownSender share    `json:"known_sender"` // of letters: its runs need not be read
	Echo        count    `json:"echo"`         // copies of an accident that show what it is
}

// StoreCost is what PostgreSQL and S3 take.
type StoreCost struct {
	Cores    count    `json:"cores"`     // of PostgreSQL
	Batch    duration `json:"batch"`     // of a core, for a batch of the ledger
	Entry    duration `json:"entry"`     // more, for each entry in it
	Runs     duration `json:"runs"`      // of a core, to read a sender's
	Hold     duration `json:"hold"`      // of a core
	HoldOpen duration `json:"hold_open"` // that its transaction is open: holds take turns
	Sync     duration `json:"sync"`      // of its disk, for a commit
	Put      duration `json:"put"`       // to S3, on average
	PutsOf   count    `json:"puts_of"`   // objects for a held copy
	Told     duration `json:"told"`      // from a commit until the other relays know of it
}

// Around is what is not ours.
type Around struct {
	Upstream  duration `json:"upstream"`   // to its reply, on average
	Bandwidth count    `json:"bandwidth"`  // of a client, in bits a second
	Check     duration `json:"check"`      // of the balancer, to each relay
	Fall      count    `json:"fall"`       // checks that fail before a relay is out
	Refusals  count    `json:"refusals"`   // or connections that it refuses
	Retry     duration `json:"retry"`      // of a client, the first time
	RetryMost duration `json:"retry_most"` // it doubles up to here
}

// ParseCosts reads a file of costs. The error names what is missing or odd.
func ParseCosts(text []byte) (*Costs, error) {
	var c Costs
	if err := strictyaml.Decode(text, &c); err != nil {
		return nil, err
	}
	return &c, c.check()
}

func (c *Costs) check() error {
	var wrong []error
	sum := 0.0
	bytes := func(of string, n int64) {
		if n <= 0 {
			wrong = append(wrong, fmt.Errorf("%s.bytes: %d is no size of a message", of, n))
		}
	}
	for _, k := range c.Kinds {
		sum += k.Share.Value
		bytes("kinds."+k.Name, k.Bytes)
	}
	bytes("mailings", c.Mailing.Bytes)
	bytes("accidents", c.Mishap.Bytes)
	if math.Abs(sum-1) > 1e-9 {
		wrong = append(wrong, fmt.Errorf("kinds: the shares add up to %v, not 1", sum))
	}
	if of := c.Mailing.Share.Value + c.Mishap.Share.Value; of >= 1 {
		wrong = append(wrong, fmt.Errorf("mailings and accidents: %v of all messages leaves no letters", of))
	}
	if s := &c.Store; s.HoldOpen.Value < s.Hold.Value {
		wrong = append(wrong, fmt.Errorf("store.hold_open: %v is less than store.hold, %v", s.HoldOpen.Value, s.Hold.Value))
	}
	for _, f := range c.Figures() {
		if err := f.check(); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

// Named is a figure of [Costs] for people to read.
type Named struct {
	Name      string `json:"name"`
	Value     string `json:"value"`
	Origin    string `json:"origin"` // measured, setting or assumed
	From      string `json:"from"`   // the command, the setting's name, or why
	number    float64
	mayBeZero bool
}

func (n *Named) check() error {
	switch {
	case n.Origin == "":
		return fmt.Errorf("%s: say one of measured, setting and assumed", n.Name)
	case n.number < 0 || n.number == 0 && !n.mayBeZero || math.IsNaN(n.number) || math.IsInf(n.number, 0):
		return fmt.Errorf("%s: %s is no cost", n.Name, n.Value)
	}
	return nil
}

func name[T int64 | float64 | time.Duration](name string, f Figure[T]) Named {
	n := Named{Name: name, Value: fmt.Sprint(f.Value), number: float64(f.Value)}
	_, n.mayBeZero = any(f.Value).(float64) // a share
	for _, from := range [][2]string{{"measured", f.Measured}, {"setting", f.Setting}, {"assumed", f.Assumed}} {
		if from[1] == "" {
			continue
		}
		if n.Origin != "" {
			n.Origin = ""
			break // two are as good as none
		}
		n.Origin, n.From = from[0], from[1]
	}
	return n
}

// Figures are all figures, in the order of the file.
func (c *Costs) Figures() []Named {
	var all []Named
	for _, k := range c.Kinds {
		all = append(all, name("kinds."+k.Name+".share", k.Share), name("kinds."+k.Name+".cpu", k.CPU))
	}
	for _, m := range []struct {
		name string
		of   *Mailing
	}{{"mailings", &c.Mailing}, {"accidents", &c.Mishap}} {
		all = append(all, name(m.name+".share", m.of.Share), name(m.name+".cpu", m.of.CPU), name(m.name+".copies", m.of.Copies), name(m.name+".every", m.of.Every))
	}
	r, s, a := &c.Relay, &c.Store, &c.Around
	return append(all,
		name("relay.hold", r.Hold), name("relay.held", r.Held), name("relay.gather", r.Gather), name("relay.gathered", r.Gathered),
		name("relay.connections", r.Connections), name("relay.deadline", r.Deadline), name("relay.known_sender", r.KnownSender), name("relay.echo", r.Echo),
		name("store.cores", s.Cores), name("store.batch", s.Batch), name("store.entry", s.Entry), name("store.runs", s.Runs),
		name("store.hold", s.Hold), name("store.hold_open", s.HoldOpen), name("store.sync", s.Sync), name("store.put", s.Put), name("store.puts_of", s.PutsOf), name("store.told", s.Told),
		name("around.upstream", a.Upstream), name("around.bandwidth", a.Bandwidth), name("around.check", a.Check), name("around.fall", a.Fall), name("around.refusals", a.Refusals),
		name("around.retry", a.Retry), name("around.retry_most", a.RetryMost),
	)
}
