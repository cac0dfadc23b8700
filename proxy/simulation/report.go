package simulation

import (
	"slices"
	"time"
)

// Report is what a simulation came to.
type Report struct {
	Relays   int      `json:"relays"`
	Cores    int      `json:"cores"`
	Hourly   float64  `json:"messages_an_hour"`
	Seconds  float64  `json:"seconds"`     // that mail came
	Ended    float64  `json:"ended_after"` // seconds, as the last message was acknowledged
	Seed     uint64   `json:"seed"`
	Degraded Degraded `json:"degraded"`
	Failures []string `json:"failures"`

	Messages Messages `json:"messages"`
	Waits    Spread   `json:"wait_for_a_core"`
	Passed   Spread   `json:"added_to_passed"`
	Held     Spread   `json:"added_to_held"`
	Late     Spread   `json:"first_try_to_answer_of_retried"`

	Each     []RelayReport   `json:"each_relay"`
	Store    StoreReport     `json:"store"`
	Balancer BalancerReport  `json:"balancer"`
	Hurt     []FailureReport `json:"after_failures"`
	Accident AccidentReport  `json:"accidents"`
	Figures  []Named         `json:"figures"`
	Machine  string          `json:"measured_on"`
}

// Messages counts them.
type Messages struct {
	Sent         int64            `json:"sent"`
	Acknowledged int64            `json:"acknowledged"`
	Delivered    int64            `json:"delivered"`
	Held         int64            `json:"held"`
	Twice        Twice            `json:"more_than_once"` // of the two above
	Retried      int64            `json:"retried"`
	Deferrals    int64            `json:"deferrals"` // each try that did not succeed
	Reasons      map[string]int64 `json:"deferred_by_reason"`
	MostWaiting  int              `json:"most_waiting_with_clients"`
}

// Twice are copies too many: their client did not hear the first answer, since the
// relay was killed before it could give it, and tried again (RFC 1047).
type Twice struct {
	Delivered int64 `json:"delivered"`
	Held      int64 `json:"held"`
}

// RelayReport is how one relay did. Busy is the share of its cores' time while it
// ran.
type RelayReport struct {
	Busy         float64 `json:"busy"`
	Up           float64 `json:"up"` // share of the time
	MostSessions int     `json:"most_sessions"`
}

// StoreReport is how PostgreSQL and S3 did. Busy is a share of the time of all of
// PostgreSQL's cores, Alone of what holds take in turn.
type StoreReport struct {
	Busy        float64 `json:"busy"`
	BusyMinute  float64 `json:"busy_in_the_worst_minute"`
	Alone       float64 `json:"alone"`
	AloneMinute float64 `json:"alone_in_the_worst_minute"`
	Batches     float64 `json:"ledger_batches_a_second"`
	Entries     int64   `json:"ledger_entries"`
	Lost        int64   `json:"ledger_entries_lost_with_relays"`
	Dropped     int64   `json:"ledger_entries_dropped"`
	Holds       float64 `json:"holds_a_second"`
	Puts        float64 `json:"s3_puts_a_second"`
}

// BalancerReport is what the balancer met.
type BalancerReport struct {
	Kills     int64 `json:"relays_killed"`
	Refused   int64 `json:"refused_and_given_to_another"`
	TakenOut  int64 `json:"taken_out"`
	TakenBack int64 `json:"taken_back"`
}

// FailureReport is a failure of what all relays share, and the backlog after it.
type FailureReport struct {
	What    string  `json:"what"`
	At      float64 `json:"at_seconds"`
	For     float64 `json:"for_seconds"`
	Waiting int     `json:"most_waiting_with_clients"`
	Healed  float64 `json:"backlog_gone_after_seconds"` // from its end on
}

// AccidentReport is how many copies had left before all relays held the rest.
type AccidentReport struct {
	Count int     `json:"count"`
	Mean  float64 `json:"mean_left"`
	P50   int     `json:"p50_left"`
	P90   int     `json:"p90_left"`
	Most  int     `json:"most_left"`
	Left  []int   `json:"left"` // of each, sorted
}

// report sums up, once all is over.
func (w *world) report() *Report {
	o := &w.seen
	r := &Report{
		Relays: w.cfg.Relays, Cores: w.cfg.Cores, Hourly: w.cfg.Rate, Seconds: w.cfg.For.Seconds(), Ended: o.last.Seconds(),
		Seed: w.cfg.Seed, Degraded: w.cfg.Degraded, Failures: []string{},
		Waits: spread(o.waits), Passed: spread(o.passed), Held: spread(o.held), Late: spread(o.late),
		Balancer: BalancerReport{o.kills, w.balancer.refused, w.balancer.takenOut, w.balancer.takenBack},
		Figures:  w.costs.Figures(), Machine: w.costs.Machine,
	}
	for _, f := range w.cfg.Failures {
		r.Failures = append(r.Failures, f.String())
	}
	r.Messages = Messages{Sent: int64(len(w.accounts.of)), Retried: o.retried, Reasons: o.reasons, MostWaiting: o.mostAway}
	r.Messages.Acknowledged = r.Messages.Sent // else it had been an error
	r.Messages.Delivered, r.Messages.Held, r.Messages.Twice = w.accounts.sums()
	for _, n := range o.reasons {
		r.Messages.Deferrals += n
	}
	for _, relay := range w.relays {
		r.Each = append(r.Each, relay.report())
	}
	r.Store = w.storeReport()
	for _, x := range o.wounds {
		r.Hurt = append(r.Hurt, FailureReport{x.failure.What, x.began.Seconds(), x.failure.For.Seconds(), x.most, (x.healed - x.ended).Seconds()})
	}
	r.Accident = w.accidentReport()
	return r
}

func (r *relay) report() RelayReport {
	busy := r.busy.Seconds() / max(r.ran, time.Second).Seconds() / float64(r.cpu.servers)
	return RelayReport{Busy: busy, Up: r.ran.Seconds() / r.world.cfg.For.Seconds(), MostSessions: r.most}
}

func (w *world) storeReport() StoreReport {
	o := &w.seen
	seconds := w.cfg.For.Seconds()
	cores := float64(w.store.cores.servers)
	s := StoreReport{
		Busy: o.busy.Seconds() / seconds / cores, Alone: o.alone.Seconds() / seconds,
		Batches: float64(o.batchesThen) / seconds, Entries: o.written, Lost: o.lost, Dropped: o.dropped,
		Holds: float64(o.holdsThen) / seconds, Puts: float64(o.putsThen) / seconds,
	}
	s.BusyMinute = max(s.Busy, o.worstMinute.Seconds()/60/cores)
	s.AloneMinute = max(s.Alone, o.worstAlone.Seconds()/60)
	return s
}

func (w *world) accidentReport() AccidentReport {
	a := AccidentReport{Count: len(w.mailings), Left: []int{}}
	for _, m := range w.mailings {
		a.Left = append(a.Left, m.left)
		a.Mean += float64(m.left) / float64(len(w.mailings))
	}
	if a.Count > 0 {
		slices.Sort(a.Left)
		a.P50, a.P90, a.Most = at(a.Left, 0.5), at(a.Left, 0.9), a.Left[a.Count-1]
	}
	return a
}
