package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// live is what messages are judged by, and can be swapped while they are: the
// exact-match indexes and the allow list. Each message is read by all of the
// old or all of the new, and decided on by what is in force once it is read.
type live struct {
	indexes []configs.Index
	base    *rules.Inspector
	plain   *rules.Policies // without an allow list
	log     *slog.Logger
	metrics *metrics.Reloads // nil where nobody asks for figures

	now atomic.Pointer[judge]

	mu     sync.Mutex // held by the one that loads
	opened []openedIndex
	allow  openedAllow
}

// judge is what one message is judged by.
type judge struct {
	inspector *rules.Inspector
	policies  *rules.Policies
}

// openedIndex is an index in use, and the files as they were looked at last.
type openedIndex struct {
	index     *exact.Index
	file, key index.Stamp
}

// newLive loads everything. Whatever is wrong is an error, since nothing is in
// use yet that could stay.
func newLive(cfg *configs.Config, log *slog.Logger) (*live, error) {
	policies, err := cfg.CompilePolicies()
	if err != nil {
		return nil, err
	}
	base, err := rules.NewInspector(cfg.Lexicon)
	if err != nil {
		return nil, err
	}
	l := &live{indexes: cfg.Indexes, base: base, plain: policies, allow: openedAllow{files: allowFilesOf(cfg)}, log: log, opened: make([]openedIndex, len(cfg.Indexes))}
	for i := range l.indexes {
		if err := l.open(i); err != nil {
			return nil, fmt.Errorf("indexes[%d]: %w", i, err)
		}
	}
	if err := l.allow.open(); err != nil {
		return nil, err
	}
	l.swap(time.Now())
	return l, nil
}

// remember has parts that come again known from a memory.
func (l *live) remember(m *rules.Memory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.base = l.base.WithMemory(m)
	l.swap(time.Now())
}

// Inspect implements proxy.Inspector.
func (l *live) Inspect(ctx context.Context, message extract.Source, limits extract.Limits) (*rules.Evidence, error) {
	return l.now.Load().inspector.Inspect(ctx, message, limits)
}

// policies are those in force.
func (l *live) policies() *rules.Policies { return l.now.Load().policies }

// open opens an index in the place of the one before.
func (l *live) open(i int) error {
	x, o := l.indexes[i], &l.opened[i]
	o.file, o.key = index.StampOf(x.Path), index.StampOf(x.KeyFile)
	secret, err := index.ReadKey(x.KeyFile)
	if err != nil {
		return err
	}
	opened, err := index.Open(x.Name, x.Path, secret)
	if err != nil {
		return err
	}
	o.index = opened
	return nil
}

// swap puts what is loaded in force.
func (l *live) swap(now time.Time) {
	var set *exact.Set
	if len(l.opened) > 0 {
		var all []*exact.Index
		for _, o := range l.opened {
			all = append(all, o.index)
		}
		set = exact.NewSet(all...)
	}
	allowed := l.allow.inForce(now, l.log)
	in, policies := l.base.WithIndexes(set).WithAllowed(allowed), l.plain.WithAllowed(allowed)
	l.now.Store(&judge{in, policies})
	l.metrics.RuleSet(in.RuleSet() + "-" + policies.Version())
	l.metrics.Allowed(l.allow.counts())
}

// reload loads what has changed on disk, or with force everything, and puts it
// in force. What cannot be loaded stays as it was; the error says why.
func (l *live) reload(force bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	changed := false
	for i, x := range l.indexes {
		o := &l.opened[i]
		if !force && index.StampOf(x.Path) == o.file && index.StampOf(x.KeyFile) == o.key {
			continue
		}
		changed = true
		before := o.index.Version()
		err := l.open(i)
		l.metrics.Index(x.Name, err == nil)
		if err != nil {
			errs = append(errs, err)
			l.log.Error("index not taken; the one before stays in use", "index", x.Name, "version", before, "error", err)
			continue
		}
		info := o.index.About()
		l.metrics.IndexIs(x.Name, info.Records, info.Built)
		l.log.Info("index taken", "index", x.Name, "version", o.index.Version(), "before", before,
			"records", info.Records, "built", info.Built)
	}
	now := time.Now()
	if force || l.allow.changed() {
		changed = true
		if err := l.allow.open(); err != nil {
			errs = append(errs, err)
			l.log.Error("allow list not taken; the one before stays in use, up to its entries' ends", "error", err)
		} else {
			l.log.Info("allow list taken", "entries", len(l.allow.list.Entries))
		}
	}
	if changed || l.allow.due(now) {
		l.swap(now)
	}
	if changed {
		l.metrics.Reloaded(len(errs) == 0, now)
	}
	return errors.Join(errs...)
}

// watch makes the figures of what can be reloaded.
func (l *live) watch(m *metrics.Reloads) {
	l.metrics = m
	for i, x := range l.indexes {
		info := l.opened[i].index.About()
		m.Index(x.Name, true)
		m.IndexIs(x.Name, info.Records, info.Built)
	}
	m.Reloaded(true, time.Now())
	m.Allowed(l.allow.counts())
	m.RuleSet(l.now.Load().inspector.RuleSet() + "-" + l.policies().Version())
}

// lookEvery is how often files are looked at for a change: an index is new in
// use within seconds of its build.
const lookEvery = 2 * time.Second

// follow reloads on a change of a file, and everything on a hang-up signal,
// until the context ends.
func (l *live) follow(ctx context.Context, hangUp <-chan struct{}) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.reload(false) //nolint:errcheck // logged and counted
		case <-hangUp:
			l.log.Info("reloading: hang-up signal")
			l.reload(true) //nolint:errcheck // logged and counted
		case <-ctx.Done():
			return
		}
	}
}
