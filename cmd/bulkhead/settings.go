package main

import (
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

// storeSettings are the flags of every command that touches the store.
type storeSettings struct {
	Config  string `type:"existingfile" env:"BULKHEAD_CONFIG" placeholder:"FILE" help:"Configuration file (YAML)."`
	DataDir string `placeholder:"DIR" help:"Folder of the quarantine (BULKHEAD_DATA_DIR)."`
	// Identity is a path, too, but one that serve may lack.
	Identity string `placeholder:"FILE" help:"Private key of the quarantine, where it is not DATA_DIR/quarantine.key (BULKHEAD_QUARANTINE_IDENTITY)."`
}

// settings are the flags of serve, which win over file and environment.
type settings struct {
	storeSettings
	Listen   string `placeholder:"ADDR" env:"BULKHEAD_LISTEN" help:"Address to take mail on (127.0.0.1:2525)."`
	Upstream string `placeholder:"URL" env:"BULKHEAD_UPSTREAM" help:"Server that mail goes on to: smtp://, smtps://, smtp+starttls://, lmtp://HOST:PORT, lmtp+unix://PATH or maildir:PATH."`
	Admin    string `placeholder:"ADDR" env:"BULKHEAD_ADMIN" help:"Address of the console (127.0.0.1:8025)."`
	Metrics  string `placeholder:"ADDR" env:"BULKHEAD_METRICS" help:"Address of /metrics, /healthz and /readyz (127.0.0.1:9425)."`
}

func (s storeSettings) apply(cfg *configs.Config) {
	if s.DataDir != "" {
		cfg.DataDir = s.DataDir
	}
	if s.Identity != "" {
		cfg.Quarantine.Identity = s.Identity
	}
}

func (s settings) apply(cfg *configs.Config) {
	s.storeSettings.apply(cfg)
	set := func(to *string, flag string) {
		if flag != "" {
			*to = flag
		}
	}
	if s.Listen != "" && len(cfg.Listeners) > 0 {
		cfg.Listeners[0].Address = s.Listen
	}
	set(&cfg.Upstream.URL, s.Upstream)
	set(&cfg.Admin.Address, s.Admin)
	set(&cfg.Metrics.Address, s.Metrics)
}

// load reads and checks the configuration with the flags over it, and tells
// where each setting comes from.
func (s settings) load(p program) (*configs.Config, []configs.Setting, error) {
	cfg, src, err := configs.Load(s.Config, p.environ)
	if err != nil {
		return nil, nil, err
	}
	before := cfg.Settings(src, p.environ)
	s.apply(&cfg)
	if err := cfg.Check(src); err != nil {
		return nil, nil, fmt.Errorf("configuration: %w", err)
	}
	return &cfg, configs.Overlaid(cfg.Settings(src, p.environ), before), nil
}
