package simulation

import "time"

// startFailure has something fail when it is its time.
func (w *world) startFailure(f *Failure) {
	var fail func()
	fail = func() {
		w.fail(f)
		if f.Every > 0 {
			w.whileMailComes(f.Every, fail)
		}
	}
	w.whileMailComes(f.At, fail)
}

func (w *world) fail(f *Failure) {
	s := &w.store
	switch f.What {
	case FailRelay:
		w.killOne(f.For)
	case FailPostgres:
		if s.up {
			w.wound(f)
			s.stop()
			w.clock.after(f.For, s.start)
		}
	case FailS3:
		if s.s3 {
			w.wound(f)
			s.s3 = false
			w.clock.after(f.For, func() { s.s3 = true })
		}
	case FailUpstream:
		if w.slower == 1 {
			w.wound(f)
			w.slower = f.Slower
			w.clock.after(f.For, func() { w.slower = 1 })
		}
	}
}

// killOne kills a relay that runs, and starts it again.
func (w *world) killOne(down time.Duration) {
	var up []*relay
	for _, r := range w.relays {
		if r.up {
			up = append(up, r)
		}
	}
	if len(up) == 0 {
		return
	}
	r := up[w.chance.failures.IntN(len(up))]
	w.seen.kills++
	r.kill()
	w.clock.after(down, r.start)
}

// wound notes what a failure does to the backlog.
func (w *world) wound(f *Failure) {
	w.seen.wounds = append(w.seen.wounds, &wound{failure: f, began: w.clock.now, ended: w.clock.now + f.For, before: w.seen.away, most: w.seen.away, healed: -1})
}

// wound is a failure and what came of it. The backlog are the messages that wait
// with their clients for another try.
type wound struct {
	failure      *Failure
	began, ended time.Duration
	before, most int
	healed       time.Duration // but for a hundredth the backlog is gone; -1: not yet
}

// lookEvery is how often is looked at what is not an event by itself.
const lookEvery = time.Second

// watch looks every second until the mail has ended and nothing is left.
func (w *world) watch() {
	w.clock.after(w.cfg.For, w.sum)
	var busy, alone time.Duration // a minute ago
	seconds := 0
	var look func()
	look = func() {
		o, pg := &w.seen, &w.store
		o.mostAway = max(o.mostAway, o.away)
		for _, wound := range o.wounds {
			wound.look(w.clock.now, o.away)
		}
		if seconds++; seconds%60 == 0 {
			now, nowAlone := pg.cores.busyNow(), pg.alone.busyNow()
			o.worstMinute = max(o.worstMinute, now-busy)
			o.worstAlone = max(o.worstAlone, nowAlone-alone)
			busy, alone = now, nowAlone
		}
		if w.clock.now < w.cfg.For || len(w.clock.events) > 0 {
			w.clock.after(lookEvery, look)
		}
	}
	w.clock.after(lookEvery, look)
}

// sum notes, once the mail has ended, how busy all were: what is only tried again
// later is no load of that time.
func (w *world) sum() {
	for _, r := range w.relays {
		r.ran = r.upFor
		if r.up {
			r.ran += w.clock.now - r.upSince
		}
		r.busy = r.cpu.busyNow()
	}
	o, s := &w.seen, &w.store
	o.busy, o.alone = s.cores.busyNow(), s.alone.busyNow()
	o.batchesThen, o.holdsThen, o.putsThen = o.batches, s.holds, s.puts
}

func (x *wound) look(now time.Duration, away int) {
	if x.healed >= 0 {
		return
	}
	x.most = max(x.most, away)
	if now >= x.ended && away <= x.before+(x.most-x.before)/100 {
		x.healed = now
	}
}
