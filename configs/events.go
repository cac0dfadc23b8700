package configs

import (
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Events says which programs are told of every verdict and decision, and how.
type Events struct {
	File    string       `yaml:"file"` // JSON, a line each; empty: none
	Syslog  EventSyslog  `yaml:"syslog"`
	Webhook EventWebhook `yaml:"webhook"`
	// Addresses is how addresses and the names of people are told: none, hashed
	// or plain.
	Addresses string `yaml:"addresses"`
	HashKey   Secret `yaml:"hash_key"` // keys the hashes
	Queue     int    `yaml:"queue"`    // events that may wait for each target
}

// EventSyslog is a syslog server.
type EventSyslog struct {
	URL string `yaml:"url"` // udp, tcp, tls or unix; empty: none
	CA  string `yaml:"ca"`  // PEM file of roots, "" for the system's
}

// EventWebhook is a program that is called.
type EventWebhook struct {
	URL    Secret `yaml:"url"`    // empty: none
	Secret Secret `yaml:"secret"` // keys the signature; empty: none
}

func (c *Config) checkEvents(wrong report) {
	e := &c.Events
	if e.Syslog.URL != "" && !isSyslog(e.Syslog.URL) {
		wrong("events.syslog.url", "%q: want udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT or unix:///PATH", e.Syslog.URL)
	}
	if e.Syslog.CA != "" {
		if _, err := os.Stat(e.Syslog.CA); err != nil {
			wrong("events.syslog.ca", "%v", err)
		}
	}
	if e.Webhook.URL != "" && !isWebAddress(string(e.Webhook.URL)) {
		wrong("events.webhook.url", "want an address such as https://siem.example/in")
	}
	if e.Webhook.Secret != "" && len(e.Webhook.Secret) < minHookSecret {
		wrong("events.webhook.secret", "want %d characters or more", minHookSecret)
	}
	oneOf("events.addresses", e.Addresses, wrong, "none", "hashed", "plain")
	if e.Addresses == "hashed" && len(e.HashKey) < minHookSecret {
		wrong("events.hash_key", "want %d characters or more, since addresses are few and could be tried", minHookSecret)
	}
	if e.Queue <= 0 {
		wrong("events.queue", "%d: want more than 0", e.Queue)
	}
}

func isSyslog(target string) bool {
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	if u.Scheme == "unix" {
		return u.Host == "" && strings.HasPrefix(u.Path, "/")
	}
	_, port, err := net.SplitHostPort(u.Host)
	return err == nil && port != "" && slices.Contains([]string{"udp", "tcp", "tls"}, u.Scheme)
}
