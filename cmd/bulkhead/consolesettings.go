package main

import (
	"context"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/console"
)

// told is what people are told of how the program runs.
type told struct {
	started      time.Time
	settings     []configs.Setting // nil: the defaults
	certificates []console.Certificate
}

// certificate notes until when a listener's certificate is good.
func (t *told) certificate(where string, ends time.Time) {
	t.certificates = append(t.certificates, console.Certificate{Where: where, Ends: ends})
}

// consoleSettings are what the relay runs with.
func (r *relay) consoleSettings(context.Context) console.Settings {
	now := r.live.now.Load()
	s := console.Settings{
		Version: version, Revision: revision(), RuleSet: now.inspector.RuleSet(), Policies: now.policies.Version(),
		Started: r.told.started, DataDir: r.cfg.DataDir, Certificates: r.told.certificates, Indexes: r.live.indexesInUse(),
	}
	values := r.told.settings
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
