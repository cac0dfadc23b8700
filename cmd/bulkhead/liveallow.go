package main

import (
	"log/slog"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/allow"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

// openedAllow is the allow list in use, and its files.
type openedAllow struct {
	files   allowFiles
	watched watched
	list    allow.List
	hash    keyed.Hash
	next    time.Time // when the next entry expires, zero if none does
	active  int
	told    map[string]bool // entries that are known to have expired
}

// open reads the list in the place of the one before.
func (o *openedAllow) open() error {
	o.watched = watch(o.files.list, o.files.key)
	list, hash, err := o.files.read()
	if err != nil {
		return err
	}
	o.list, o.hash = list, hash
	return nil
}

// due reports whether an entry has expired since inForce.
func (o *openedAllow) due(now time.Time) bool { return !o.next.IsZero() && !now.Before(o.next) }

// inForce returns the entries that are in force, and logs each once that is
// not any more.
func (o *openedAllow) inForce(now time.Time, log *slog.Logger) *allow.Set {
	o.next, o.active = o.list.Next(now), 0
	if o.told == nil {
		o.told = map[string]bool{}
	}
	for _, e := range o.list.Entries {
		if !e.Expired(now) {
			o.active++
			continue
		}
		if !o.told[e.ID] {
			o.told[e.ID] = true
			log.Warn("an entry of the allow list has expired and has no effect", "entry", e.ID, "kind", string(e.Kind), "expired", e.Expires)
		}
	}
	return o.list.InForce(o.hash, now)
}

// counts returns how many entries are in force, and how many have expired.
func (o *openedAllow) counts() (active, expired int) {
	return o.active, len(o.list.Entries) - o.active
}

// reloadAllow reads the allow list where it has changed, or with force.
func (l *live) reloadAllow(force bool, r *reloading) {
	if !force && !l.allow.watched.others() {
		return
	}
	err := l.allow.open()
	if r.tried("allow", "", err) {
		l.log.Info("allow list taken", "entries", len(l.allow.list.Entries))
		return
	}
	l.log.Error("allow list not taken; the one before stays in use, up to its entries' ends", "error", err)
}
