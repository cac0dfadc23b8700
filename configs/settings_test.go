package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

func TestSettingsTellTheirOriginAndNoSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b.yaml")
	text := `upstream:
  url: smtps://relay:s3cret@mail.example:465
  password: hunter2
notify:
  webhooks:
    - {url: "https://chat.example/hook/T0KEN", secret: "0123456789abcdef-secret"}
smtp:
  max_size: 20 MiB
  max_hops: 7
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"BULKHEAD_SMTP_MAX_HOPS=9", "HOME=/", "BULKHEAD_OWN_DOMAINS=[office.example]"}
	cfg, src, err := configs.Load(file, environ)
	if err != nil {
		t.Fatal(err)
	}
	before := cfg.Settings(src, environ)
	cfg.Admin.Address = "127.0.0.1:9"
	all := map[string]configs.Setting{}
	for _, s := range configs.Overlaid(cfg.Settings(src, environ), before) {
		all[s.Name] = s
		for _, secret := range []string{"s3cret", "hunter2", "T0KEN", "0123456789abcdef"} {
			if strings.Contains(s.Value, secret) {
				t.Errorf("%s shows a secret: %q", s.Name, s.Value)
			}
		}
	}
	if len(all) != len(configs.EnvironmentNames()) {
		t.Errorf("%d settings are told of %d", len(all), len(configs.EnvironmentNames()))
	}
	for name, want := range map[string][2]string{
		"smtp.max_size":     {"20 MiB", file + ":8"},
		"smtp.max_hops":     {"9", "BULKHEAD_SMTP_MAX_HOPS"},
		"own_domains":       {"- office.example", "BULKHEAD_OWN_DOMAINS"},
		"upstream.url":      {"smtps://relay:xxxxx@mail.example:465", file + ":2"},
		"upstream.password": {"(hidden)", file + ":3"},
		"admin.address":     {"127.0.0.1:9", configs.FromFlags},
		"run.quiet":         {"1h0m0s", configs.FromDefault},
		"indexes":           {"", configs.FromDefault},
		"hostname":          {"", configs.FromDefault},
	} {
		if got := all[name]; got.Value != want[0] || got.Origin != want[1] {
			t.Errorf("%s is %q by %q, want %q by %q", name, got.Value, got.Origin, want[0], want[1])
		}
	}
}
