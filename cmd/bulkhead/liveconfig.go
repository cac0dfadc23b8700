package main

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/rules"
)

// reloadable are the settings that are taken while running.
var reloadable = []string{"lexicon", "policies"}

// openedConfig is the configuration in use.
type openedConfig struct {
	started *configs.Config // what all but the reloadable settings are by
	lexicon rules.HeaderWords
	files   watched
	// read reads it again, nil where there is no file.
	read  func() (*configs.Config, []configs.Setting, error)
	taken taking
}

// taking is told of a configuration that is taken: its policies, its settings,
// and which of these wait for a restart.
type taking func(policies *rules.Policies, settings []configs.Setting, waiting []string)

// rereads has the policies and the lexicon of a configuration's file reloaded
// with the rest. The file is as it was taken before it was read.
func (l *live) rereads(file watched, read func() (*configs.Config, []configs.Setting, error), taken taking) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.config.files, l.config.read, l.config.taken = file, read, taken
}

// reloadConfig takes policies and lexicon of a configuration that has changed,
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
		l.log.Error("configuration not taken; the policies and the lexicon before stay in use: correct it, and `bulkhead config check` it",
			"file", file, "policies", before, "error", err)
		return
	}
	l.log.Info("configuration taken", "file", file, "policies", l.plain.Version(), "before", before)
	if len(waiting) > 0 {
		l.log.Warn("these settings have changed and are not in use: restart to apply them", "file", file, "settings", waiting)
	}
}

// openConfig puts the policies and the lexicon of the configuration as it is
// now in the place of those before, and names the settings that wait for a
// restart.
func (l *live) openConfig() (waiting []string, err error) {
	c := &l.config
	c.files.take()
	next, settings, err := c.read()
	if err != nil {
		return nil, err
	}
	waiting = slices.DeleteFunc(configs.Differences(c.started, next), func(name string) bool { return slices.Contains(reloadable, name) })
	with := *next
	with.OwnDomains = c.started.OwnDomains // as everything else has them
	policies, err := with.CompilePolicies()
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
	l.plain, l.base, c.lexicon = policies, base, next.Lexicon
	c.taken(policies, settings, waiting)
	return waiting, nil
}
