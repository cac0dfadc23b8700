package configs_test

import (
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/goccy/go-yaml"
)

func TestEventsSayWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		`{syslog: {url: "siem:514"}}`:                      "events.syslog.url",
		`{syslog: {url: "udp://siem"}}`:                    "want udp://HOST:PORT",
		`{syslog: {url: "unix://dev/log"}}`:                "want udp://HOST:PORT",
		`{syslog: {url: "tls://siem:6514", ca: /no/such}}`: "events.syslog.ca",
		`{webhook: {url: "ftp://x/secret-path"}}`:          "events.webhook.url",
		`{webhook: {url: "https://x/", secret: a}}`:        "events.webhook.secret: want 16 characters",
		`{addresses: all}`:                                 "want none or hashed or plain",
		`{addresses: hashed, hash_key: short}`:             "events.hash_key: want 16 characters",
		`{queue: 0}`:                                       "events.queue",
		`{file: e.json, syslog: {url: "unix:///dev/log"}, addresses: hashed, hash_key: "0123456789abcdef"}`: "",
	} {
		cfg, src, err := configs.Load("", []string{"BULKHEAD_UPSTREAM_URL=maildir:m"})
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(text), &cfg.Events); err != nil {
			t.Fatal(err)
		}
		err = cfg.Check(src)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret-path")):
			t.Errorf("%s: %v, want one error with %q", text, err, want)
		}
	}
}
