package configs_test

import (
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

// What is no address of a database is told before anybody connects.
func TestDatabaseOfTheQuarantineIsChecked(t *testing.T) {
	for _, c := range []struct{ database, password, secret, want string }{
		{"", "", "", ""},
		{"postgres://bulkhead@db.example/bulkhead?sslmode=verify-full", "x", "/run/secrets/quarantine.secret", ""},
		{"postgresql:///bulkhead?host=/run/postgresql", "", "", ""},
		{"", "x", "", "quarantine.password: there is no quarantine.database"},
		{"mysql://db.example/bulkhead", "", "", "quarantine.database: want a URL such as postgres://"},
		{"db.example", "", "", "quarantine.database: want a URL"},
		{"postgres://db.example", "", "", "quarantine.database: names no database"},
		{"", "", t.TempDir(), "quarantine.secret_file: "},
	} {
		cfg := configs.Default()
		cfg.Upstream.URL = "maildir:m"
		cfg.Quarantine.Database, cfg.Quarantine.Password, cfg.Quarantine.SecretFile = c.database, configs.Secret(c.password), c.secret
		err := cfg.Check(&configs.Source{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %v, want %q", c.database, err, c.want)
		}
	}
}

// Whoever sees the configuration sees no password of an address.
func TestPasswordsOfAddressesAreHidden(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://bulkhead@db.example/bulkhead?sslmode=verify-full":         "postgres://bulkhead@db.example/bulkhead?sslmode=verify-full",
		"postgres://bulkhead:sesame@db.example/bulkhead?sslmode=verify-full":  "postgres://bulkhead:xxxxx@db.example/bulkhead?sslmode=verify-full",
		"postgres:///bulkhead?host=db.example&password=sesame&user=bulkhead":  "postgres:///bulkhead?host=db.example&password=xxxxx&user=bulkhead",
		"postgres://bulkhead@db.example/bulkhead?sslpassword=sesame&sslkey=k": "postgres://bulkhead@db.example/bulkhead?sslkey=k&sslpassword=xxxxx",
		"postgres://bulkhead:ses%ame@db.example/bulkhead":                     "(hidden)",
		"postgres:///bulkhead?host=db.example&password=ses%ame":               "(hidden)",
		"postgres:///bulkhead?host=db.example&password=ses;ame":               "(hidden)",
		"postgres://db.example:port/bulkhead?password=sesame":                 "(hidden)",
		"host=db.example dbname=bulkhead password=sesame":                     "(hidden)",
	} {
		cfg := configs.Default()
		cfg.Quarantine.Database = address
		if cfg.Redact(); cfg.Quarantine.Database != want {
			t.Errorf("%s is shown as %s, want %s", address, cfg.Quarantine.Database, want)
		}
	}
}
