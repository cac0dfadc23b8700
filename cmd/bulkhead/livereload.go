package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// reloading is one look at everything that can be reloaded.
type reloading struct {
	live    *live
	changed bool
	errs    []error
}

// tried notes what became of one thing that was to be reloaded, by its kind and
// its name, and reports whether it was taken. What is not taken is wrong until
// it is.
func (r *reloading) tried(kind, name string, err error) (taken bool) {
	r.changed = true
	r.live.metrics.Tried(kind, err == nil)
	if err != nil {
		r.errs = append(r.errs, &notTaken{kind, name, err})
		r.live.wrong[kind+" "+name] = true
		return false
	}
	delete(r.live.wrong, kind+" "+name)
	return true
}

// notTaken is why something on disk is not in use.
type notTaken struct {
	kind, name string // as "index" and its name; the name may be ""
	err        error
}

func (n *notTaken) Error() string { return n.err.Error() }

func (n *notTaken) Unwrap() error { return n.err }

// reload loads what has changed on disk, or with force everything, and puts it
// in force at once. What cannot be loaded stays as it was; the error is joined of a
// notTaken for each.
func (l *live) reload(force bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &reloading{live: l}
	l.reloadCertificates(force, r)
	l.reloadConfig(force, r)
	l.reloadIndexes(force, r)
	l.reloadAllow(force, r)
	now := time.Now()
	if r.changed || l.allow.due(now) {
		l.swap(now)
	}
	if r.changed {
		l.metrics.Reloaded(len(l.wrong) == 0, now)
	}
	return errors.Join(r.errs...)
}

// lookEvery is how often files are looked at for a change: an index is new in
// use within seconds of its build.
const lookEvery = 2 * time.Second

// notTaken names what is not in use as it is on disk.
func (l *live) notTaken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.wrong))
}

// followFiles reloads on a change of a file, and everything on a hang-up signal,
// until the context ends.
func (r *relay) followFiles(ctx context.Context, hangUp <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			before := r.status()
			r.live.reload(false) //nolint:errcheck // logged and counted
			if now := r.status(); now != before {
				r.manager.tell("STATUS=" + now)
			}
		case <-hangUp:
			r.log.Info("reloading: hang-up signal")
			r.manager.reloading()
			r.live.reload(true) //nolint:errcheck // logged and counted
			r.manager.ready(r.status())
		case <-ctx.Done():
			return
		}
	}
}
