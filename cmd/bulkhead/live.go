package main

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
)

// live is what messages are judged by, and can be swapped while they are: the
// policies, the lexicon, the exact-match indexes and the allow list. Each
// message is read and decided on by all of the old or all of the new. The
// certificates are renewed beside it.
type live struct {
	indexes []configs.Index
	base    *rules.Inspector
	plain   *rules.Policies // without an allow list
	log     *slog.Logger
	metrics *metrics.Reloads // nil where nobody asks for figures

	now atomic.Pointer[judge]

	mu           sync.Mutex // held by the one that loads
	memory       *rules.Memory
	config       openedConfig
	opened       []openedIndex
	allow        openedAllow
	certificates []*shownCertificate
	wrong        map[string]bool // what was not taken as it is on disk
}

// judge is what one message is judged by.
type judge struct {
	inspector *rules.Inspector
	policies  *rules.Policies
}

// version names what a message is judged by.
func (j *judge) version() string { return j.inspector.RuleSet() + "-" + j.policies.Version() }

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
	l := &live{
		indexes: cfg.Indexes, base: base, plain: policies, log: log, wrong: map[string]bool{},
		config: openedConfig{started: cfg, now: cfg, lexicon: cfg.Lexicon},
		opened: make([]openedIndex, len(cfg.Indexes)), allow: openedAllow{files: allowFilesOf(cfg)},
	}
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
	l.memory, l.base = m, l.base.WithMemory(m)
	l.swap(time.Now())
}

// rules are what the relay judges a message by.
func (l *live) rules() proxy.Rules {
	now := l.now.Load()
	return proxy.Rules{Inspector: now.inspector, Policies: now.policies}
}

// policies are those in force.
func (l *live) policies() *rules.Policies { return l.now.Load().policies }

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
	next := &judge{l.base.WithIndexes(set).WithAllowed(allowed), l.plain.WithAllowed(allowed)}
	l.now.Store(next)
	l.metrics.RuleSet(next.version())
	l.metrics.Allowed(l.allow.counts())
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
	m.RuleSet(l.now.Load().version())
}
