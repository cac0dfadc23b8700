package configs_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameConfig compares configurations; an empty list is as good as none.
var sameConfig = cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{})}

func TestAnnotatedFileHoldsTheDefaults(t *testing.T) {
	cfg, _, err := configs.Load("bulkhead.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(configs.Default(), cfg, sameConfig); diff != "" {
		t.Errorf("bulkhead.yaml is not the defaults (-Default +file):\n%s", diff)
	}
}

// A setting that is left out of the annotated file would be one that nobody
// finds.
func TestAnnotatedFileNamesEverySetting(t *testing.T) {
	text, err := os.ReadFile("bulkhead.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range configs.EnvironmentNames() {
		at := any(file)
		for key := range keysOf(t, name) {
			group, is := at.(map[string]any)
			if !is {
				t.Fatalf("%s: %v is no group", name, at)
			}
			next, found := group[key]
			if !found {
				t.Errorf("%s: the file does not name %q", name, key)
				break
			}
			at = next
		}
	}
}

// keysOf yields the keys under which the setting of an environment variable
// stands in the file, the group first.
func keysOf(t *testing.T, name string) func(func(string) bool) {
	t.Helper()
	return func(yield func(string) bool) {
		rest := strings.ToLower(strings.TrimPrefix(name, "BULKHEAD_"))
		at := reflect.TypeFor[configs.Config]()
		for at.Kind() == reflect.Struct {
			var next reflect.StructField
			for i := range at.NumField() {
				f := at.Field(i)
				key := f.Tag.Get("yaml")
				group := f.Type.Kind() == reflect.Struct
				if rest == key || group && strings.HasPrefix(rest, key+"_") {
					next = f
				}
			}
			key := next.Tag.Get("yaml")
			if key == "" || !yield(key) {
				return
			}
			rest, at = strings.TrimPrefix(strings.TrimPrefix(rest, key), "_"), next.Type
		}
	}
}

func TestEverySettingCanComeFromTheEnvironment(t *testing.T) {
	samples := map[reflect.Kind]string{
		reflect.String: "sample", reflect.Bool: "true", reflect.Int: "7", reflect.Int64: "7", reflect.Float64: "0.25",
	}
	special := map[string]string{
		"BULKHEAD_LISTENERS":                      `[{address: "127.0.0.1:1", allow: [10.0.0.0/8]}]`,
		"BULKHEAD_OWN_DOMAINS":                    "[office.example, shop.example]",
		"BULKHEAD_QUARANTINE_RETENTION_UNDECIDED": "77d",
		"BULKHEAD_QUARANTINE_RETENTION_DECIDED":   "never",
		"BULKHEAD_QUARANTINE_RETENTION_POLICIES":  "{unread: {undecided: 1d}}",
		"BULKHEAD_RUN_KEEP":                       "77d",
		"BULKHEAD_POLICIES":                       "[{name: trial, when: exposure.subjects > 3, action: tag}]",
		"BULKHEAD_LEXICON":                        "{id.customer: {certain: [dossier]}}",
		"BULKHEAD_NOTIFY_MAIL_TO":                 "[ana@office.example]",
		"BULKHEAD_NOTIFY_MAIL_EVENTS":             "[expired]",
		"BULKHEAD_NOTIFY_WEBHOOKS":                `[{url: "https://chat.example/hook", form: slack}]`,
		"BULKHEAD_NOTIFY_SENDER_POLICIES":         "[unread]",
		"BULKHEAD_NOTIFY_SENDER_LISTED":           "[office.example]",
		"BULKHEAD_NOTIFY_SENDER_LANGUAGES":        "[de, en]",
		"BULKHEAD_REVIEW_TEST_TO":                 "[ana@office.example]",
		"BULKHEAD_ACME_HOSTS":                     "[mail.example.org]",
		"BULKHEAD_ADMIN_HOSTS":                    "[bulkhead.example]",
		"BULKHEAD_ADMIN_ROLES_GROUPS":             "{dlp: reviewer}",
		"BULKHEAD_ADMIN_OIDC_SCOPES":              "[openid, roles]",
		"BULKHEAD_ADMIN_PROXY_NETWORKS":           "[127.0.0.1/32]",
		"BULKHEAD_TRACING_HEADERS":                "{authorization: secret}",
		"BULKHEAD_INDEXES":                        `[{name: customers, path: c.idx, key_file: k}]`,
	}
	names := configs.EnvironmentNames()
	if len(names) < 30 {
		t.Fatalf("%d settings only: %v", len(names), names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			before := settingOf(t, configs.Default(), name)
			value, given := special[name]
			switch {
			case given:
			case strings.HasSuffix(before.Type().String(), "Duration"):
				value = "77s"
			case before.Kind() == reflect.Bool && before.Bool():
				value = "false"
			default:
				value = samples[before.Kind()]
			}
			cfg, _, err := configs.Load("", []string{name + "=" + value, "OTHER=1"})
			if err != nil {
				t.Fatal(err)
			}
			if after := settingOf(t, cfg, name); cmp.Equal(before.Interface(), after.Interface(), sameConfig) {
				t.Errorf("%s=%s changes nothing: %v", name, value, after)
			}
		})
	}
}

func settingOf(t *testing.T, cfg configs.Config, name string) reflect.Value {
	t.Helper()
	v := reflect.ValueOf(cfg)
	for key := range keysOf(t, name) {
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("yaml") == key {
				v = v.Field(i)
				break
			}
		}
	}
	return v
}

func TestEnvironmentWinsOverTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bulkhead.yaml")
	if err := os.WriteFile(file, []byte("smtp: {max_hops: 9, max_errors: 3}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := configs.Load(file, []string{"BULKHEAD_SMTP_MAX_HOPS=8"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.SMTP.MaxHops != 8 || cfg.SMTP.MaxErrors != 3 || cfg.SMTP.MaxConnections != configs.Default().SMTP.MaxConnections {
		t.Errorf("max_hops %d (want the environment's 8), max_errors %d (the file's 3), max_connections %d (the default)",
			cfg.SMTP.MaxHops, cfg.SMTP.MaxErrors, cfg.SMTP.MaxConnections)
	}
}

// An operator may comment everything out, or name a group and set nothing.
func TestFileWithoutSettingsLeavesTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# smtp: {max_hops: 1}\n", "---\n", "smtp:\nlog:\n", "smtp: {}\n"} {
		file := filepath.Join(t.TempDir(), "bulkhead.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, _, err := configs.Load(file, nil)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(configs.Default(), cfg, sameConfig); diff != "" {
			t.Errorf("%q changes the defaults:\n%s", text, diff)
		}
	}
}

func TestCommentsAndAnchorsAreAllowed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bulkhead.yaml")
	text := "# ours\n---\nsmtp: {idle_timeout: &long 9m, data_timeout: *long}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := configs.Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.SMTP.IdleTimeout != 9*time.Minute || cfg.SMTP.DataTimeout != 9*time.Minute {
		t.Errorf("timeouts %v and %v, want 9m", cfg.SMTP.IdleTimeout, cfg.SMTP.DataTimeout)
	}
}

func TestDefaultsLackOnlyTheUpstream(t *testing.T) {
	cfg, src, err := configs.Load("", nil)
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.Check(src)
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "upstream.url: empty: want ") {
		t.Errorf("Check = %v, want one error, of upstream.url", err)
	}
	cfg.Upstream.URL = "maildir:m"
	if err := cfg.Check(src); err != nil {
		t.Error(err)
	}
}

func TestTestCopiesGoToAddressesOrDomains(t *testing.T) {
	for to, ok := range map[string]bool{"ana@office.example": true, "@office.example": true, "office.example": false, "@": false, "Ana <ana@office.example>": false, "": false} {
		cfg, src, err := configs.Load("", []string{"BULKHEAD_UPSTREAM_URL=maildir:m"})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Review.TestTo = []string{to}
		if err := cfg.Check(src); ok != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), "review.test_to[0]: ") {
			t.Errorf("%q: %v", to, err)
		}
	}
}

// Mail servers may ask beside listeners or in their place. What they have held is
// released to the upstream, so that there has to be one.
func TestMilterSettings(t *testing.T) {
	for _, c := range []struct{ listeners, milter, upstream, want string }{
		{"[]", `{listen: "127.0.0.1:8891"}`, "maildir:m", ""},
		{"[]", `{listen: "unix:/run/bulkhead/milter.sock", allow: []}`, "maildir:m", ""},
		{"[{address: \"127.0.0.1:2525\"}]", `{listen: "[::1]:8891", allow: ["::1/128"]}`, "maildir:m", ""},
		{"[]", `{listen: ""}`, "maildir:m", "listeners: none: want at least one with an address, or milter.listen"},
		{"[]", `{listen: "127.0.0.1:8891"}`, "", "upstream.url: empty: want "},
		{"[]", `{listen: "8891"}`, "maildir:m", "milter.listen: \"8891\": want HOST:PORT"},
		{"[]", `{listen: "unix:milter.sock"}`, "maildir:m", "milter.listen: \"unix:milter.sock\": want unix: with the whole path"},
		{"[]", `{listen: "127.0.0.1:8891", allow: []}`, "maildir:m", "milter.allow: none: want "},
		{"[]", `{listen: "127.0.0.1:8891", max_connections: 0}`, "maildir:m", "milter.max_connections: 0: want "},
		{"[]", `{listen: "127.0.0.1:8891", idle_timeout: 1ms}`, "maildir:m", "milter.idle_timeout: 1ms: want "},
	} {
		file := filepath.Join(t.TempDir(), "bulkhead.yaml")
		text := fmt.Sprintf("listeners: %s\nmilter: %s\nupstream: {url: %q}\n", c.listeners, c.milter, c.upstream)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, src, err := configs.Load(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.Check(src); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", text, err, c.want)
		}
	}
}

func TestBoundsOfClients(t *testing.T) {
	for setting, want := range map[string]string{
		"MAX_RECIPIENTS=99":          "smtp.max_recipients: 99: want at least 100",
		"MAX_RECIPIENTS=100":         "",
		"PER_MINUTE_CONNECTIONS=-1":  "smtp.per_minute.connections: -1: want ",
		"PER_MINUTE_MESSAGES=-1":     "smtp.per_minute.messages: -1: want ",
		"PER_MINUTE_RECIPIENTS=-1":   "smtp.per_minute.recipients: -1: want ",
		"PER_MINUTE_RECIPIENTS=5000": "",
	} {
		cfg, src, err := configs.Load("", []string{"BULKHEAD_UPSTREAM_URL=maildir:m", "BULKHEAD_SMTP_" + setting})
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.Check(src); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", setting, err, want)
		}
	}
}

func FuzzLoadNeverPanicsAndNamesThePlace(f *testing.F) {
	for _, seed := range []string{
		"smtp: {max_hops: many}", "a: [", "---\n---\n", "listeners:\n  - addr: x\n", "smtp: *a\n", "smtp: &a {max_hops: 1}\n",
		"policies: [{name: x, when: y, action: stop}]", "log: text", "data_dir: !!binary eA==", "own_domains: {a: b}",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(dir, "bulkhead.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, src, err := configs.Load(file, nil)
		if err != nil {
			if !strings.Contains(err.Error(), file+":") {
				t.Errorf("%q: %q does not name the file and the place", text, err)
			}
			return
		}
		_ = cfg.Check(src)
		if _, err := yaml.Marshal(cfg); err != nil {
			t.Errorf("%q is read but cannot be printed: %v", text, err)
		}
	})
}

func TestSecretIsNeverPrinted(t *testing.T) {
	cfg, _, err := configs.Load("", []string{"BULKHEAD_UPSTREAM_PASSWORD=open-sesame"})
	if err != nil {
		t.Fatal(err)
	}
	if string(cfg.Upstream.Password) != "open-sesame" {
		t.Fatalf("the secret was not read")
	}
	out, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{string(out), fmt.Sprint(cfg), fmt.Sprintf("%v", cfg), fmt.Sprintf("%+v", cfg), cfg.Upstream.Password.String()} {
		if strings.Contains(printed, "sesame") {
			t.Errorf("a secret is printed: %s", printed)
		}
	}
}

func TestNotifySaysWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"{from: nobody}":                           "notify.from",
		"{link: bulkhead.example}":                 "notify.link",
		"{templates: /no/such}":                    "notify.templates",
		"{digest: 5s}":                             "notify.digest",
		"{mail: {to: [Ana <ana@office.example>]}}": "notify.mail.to[0]",
		"{mail: {events: [held]}}":                 "want incident_opened or run_braked",
		"{webhooks: [{url: \"ftp://x/secret-path\", form: json}]}":   "notify.webhooks[0].url",
		"{webhooks: [{url: \"https://x/\", form: teams}]}":           "want json or slack",
		"{webhooks: [{url: \"https://x/\", form: json, secret: a}]}": "want 16 characters",
		"{sender: {policies: [bulk]}}":                               "no such policy: want one of bulk-customer-records",
		"{sender: {languages: []}}":                                  "notify.sender.languages",
		"{sender: {listed: [\"\"]}}":                                 "notify.sender.listed[0]",
	} {
		cfg, src, err := configs.Load("", []string{"BULKHEAD_UPSTREAM_URL=maildir:m"})
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal([]byte(text), &cfg.Notify); err != nil {
			t.Fatal(err)
		}
		err = cfg.Check(src)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one error with %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret-path") {
			t.Errorf("%s: the error repeats a webhook's address", text)
		}
	}
}

// What the YAML parser falls over is an error with its file: a relay that runs
// reads its configuration again.
func TestConfigurationThatTheParserFallsOver(t *testing.T) {
	for _, text := range []string{"smtp: !00000000 00\n", "listeners: !00000000 00\n", "own_domains: !00000000 00\n"} {
		file := filepath.Join(t.TempDir(), "bulkhead.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := configs.Load(file, nil); err == nil || !strings.Contains(err.Error(), "bulkhead.yaml") {
			t.Errorf("%q: %v, want an error that names the file", text, err)
		}
	}
}
