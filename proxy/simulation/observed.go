package simulation

import (
	"math"
	"slices"
	"time"
)

// observed is what is counted on the way.
type observed struct {
	waits   []time.Duration // for a core
	passed  []time.Duration // what relays added to messages that passed
	held    []time.Duration // and to those that were held
	late    []time.Duration // from the first try to the acknowledgement, of what was tried again
	retried int64           // messages
	reasons map[string]int64

	away, mostAway int // messages that wait with their clients
	wounds         []*wound
	kills          int64

	batches, written, lost, dropped int64 // of the ledger; all but the first are entries

	worstMinute, worstAlone time.Duration // PostgreSQL's busiest

	last time.Duration // when the last message was acknowledged

	// As the mail ended.
	busy, alone                      time.Duration
	batchesThen, holdsThen, putsThen int64
}

func (o *observed) deferred(why string) {
	if o.reasons == nil {
		o.reasons = map[string]int64{}
	}
	o.reasons[why]++
}

// acknowledged notes how long it took. The upstream's time is not ours.
func (o *observed) acknowledged(now time.Duration, a *attempt) {
	o.last = now
	took := now - a.received - a.upstream
	if a.upstream > 0 {
		o.passed = append(o.passed, took)
	} else {
		o.held = append(o.held, took)
	}
	if a.message.tries > 0 {
		o.late = append(o.late, now-a.message.arrived)
	}
}

// Spread is a distribution, in milliseconds.
type Spread struct {
	Count int     `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Most  float64 `json:"most_ms"`
}

func spread(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	slices.Sort(times)
	var sum float64
	for _, t := range times {
		sum += milliseconds(t)
	}
	return Spread{
		Count: len(times), Mean: sum / float64(len(times)),
		P50: milliseconds(at(times, 0.5)), P99: milliseconds(at(times, 0.99)), P999: milliseconds(at(times, 0.999)),
		Most: milliseconds(times[len(times)-1]),
	}
}

// at is a quantile of what is sorted, by the nearest rank.
func at[T any](sorted []T, q float64) T {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
