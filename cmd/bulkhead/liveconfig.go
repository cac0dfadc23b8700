package main

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// reloadable are the settings that are taken while running.
var reloadable = []string{"lexicon", "policies", "own_domains", "log.level"}

// openedConfig is the configuration in use.
type openedConfig struct {
	started *configs.Config // what all but the reloadable settings are by
	lexicon rules.HeaderWords
	files   watched
	// read reads it again, nil where there is no file.
	read  func() (*configs.Config, []configs.Setting, error)
	taken taking
	now   *configs.Config // what the reloadable settings are by
	// waiting are the settings that have changed and wait for a restart.
	waiting []string
}

// taking is told of a configuration that is taken, with the policies that are
// compiled of it, all its settings, and which of these wait for a restart.
type taking func(cfg *configs.Config, policies *rules.Policies, settings []configs.Setting, waiting []string)

// rereads has the reloadable settings of a configuration's file taken with the
// rest. The file is as it was taken before it was read.
func (l *live) rereads(file watched, read func() (*configs.Config, []configs.Setting, error), taken taking) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.config.files, l.config.read, l.config.taken = file, read, taken
}

// reloadConfig takes the reloadable settings of a configuration that has changed,
// or with force. A configuration is taken if all of it is right, and only then:
// whoever changed two settings may not have meant one alone.
func (l *live) reloadConfig(force bool, r *reloading) {
	c := &l.config
	if c.read == nil || !c.files.changed() && !force {
		return
	}
	file, before := c.files.paths[0], l.plain.Version()
	waiting, err := l.openConfig()
	if !r.tried("configuration", file, err) {
		l.log.Error("configuration not taken; the one before stays in use: correct it, and `bulkhead config check` it",
			"file", file, "policies", before, "error", err)
		return
	}
	l.log.Info("configuration taken", "file", file, "policies", l.plain.Version(), "before", before)
	if len(waiting) > 0 {
		l.log.Warn("these settings have changed and are not in use: restart to apply them", "file", file, "settings", waiting)
	}
}

// openConfig puts the reloadable settings of the configuration as it is now in the
// place of those before, and names the settings that wait for a restart.
func (l *live) openConfig() (waiting []string, err error) {
	c := &l.config
	c.files.take()
	next, settings, err := c.read()
	if err != nil {
		return nil, err
	}
	waiting = slices.DeleteFunc(configs.Differences(c.started, next), func(name string) bool { return slices.Contains(reloadable, name) })
	policies, err := next.CompilePolicies()
	if err != nil {
		return nil, fmt.Errorf("policies: %w", err)
	}
	base := l.base
	if !reflect.DeepEqual(next.Lexicon, c.lexicon) {
		if base, err = rules.NewInspector(next.Lexicon); err != nil {
			return nil, fmt.Errorf("lexicon: %w", err)
		}
		base = base.WithMemory(l.memory)
	}
	l.plain, l.base, c.lexicon, c.now, c.waiting = policies, base, next.Lexicon, next, waiting
	c.taken(next, policies, settings, waiting)
	return waiting, nil
}

// ownDomains are those in force.
func (l *live) ownDomains() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.config.now.OwnDomains
}
