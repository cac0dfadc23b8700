package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// told is what people are told of how the program runs.
type told struct {
	started time.Time

	mu           sync.Mutex        // guards what a reload changes
	settings     []configs.Setting // nil: the defaults
	certificates []console.Certificate
}

// certificate notes until when the certificate of an address is good; the zero
// time where it has none yet.
func (t *told) certificate(where string, ends time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := console.Certificate{Where: where, Ends: ends}
	if i := slices.IndexFunc(t.certificates, func(c console.Certificate) bool { return c.Where == where }); i >= 0 {
		t.certificates[i] = now
		return
	}
	t.certificates = append(t.certificates, now)
}

// taken notes the settings of a configuration that was taken. Those that wait
// for a restart are told as they are in force.
func (t *told) taken(settings []configs.Setting, waiting []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, s := range settings {
		if slices.Contains(waiting, s.Name) {
			settings[i] = t.settings[i] // both list every setting, in one order
		}
	}
	t.settings = settings
}

// taken notes a configuration that was taken while running.
func (r *relay) taken(cfg *configs.Config, policies *rules.Policies, settings []configs.Setting, waiting []string) {
	if r.level != nil {
		r.level.Set(logLevel(cfg))
	}
	r.figures.metrics.AddPolicies(policies.Names())
	r.told.taken(settings, waiting)
}

// now gives the settings and certificates in force.
func (t *told) now() ([]configs.Setting, []console.Certificate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.settings, slices.Clone(t.certificates)
}

// consoleSettings are what the relay runs with.
func (r *relay) consoleSettings(context.Context) console.Settings {
	now := r.live.now.Load()
	values, certificates := r.told.now()
	s := console.Settings{
		Version: version, Revision: revision(), RuleSet: now.inspector.RuleSet(), Policies: now.policies.Version(),
		Started: r.told.started, DataDir: r.cfg.DataDir, Certificates: certificates, Indexes: r.live.indexesInUse(),
	}
	if values == nil {
		values = r.cfg.Settings(nil, nil)
	}
	for _, v := range values {
		s.Values = append(s.Values, console.Setting{Name: v.Name, Value: v.Value, Origin: v.Origin, Changed: v.Origin != configs.FromDefault})
	}
	return s
}

// indexesInUse tells of the indexes that messages are searched for.
func (l *live) indexesInUse() []console.Index {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []console.Index
	for i, x := range l.indexes {
		info := l.opened[i].index.About()
		all = append(all, console.Index{Name: x.Name, Records: info.Records, Built: info.Built})
	}
	return all
}
