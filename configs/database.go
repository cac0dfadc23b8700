package configs

import (
	"net/url"
	"os"
)

// checkDatabase tells what is wrong with where the quarantine's rows are.
func (c *Config) checkDatabase(wrong func(field, format string, args ...any)) {
	q := &c.Quarantine
	if q.SecretFile != "" {
		if info, err := os.Stat(q.SecretFile); err == nil && info.IsDir() {
			wrong("quarantine.secret_file", "%s is a folder: want a file of 32 random bytes", q.SecretFile)
		}
	}
	if q.Database == "" {
		if q.Password != "" {
			wrong("quarantine.password", "there is no quarantine.database that it is for")
		}
		return
	}
	u, err := url.Parse(q.Database)
	switch {
	case err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql":
		wrong("quarantine.database", "want a URL such as postgres://bulkhead@db.example:5432/bulkhead?sslmode=verify-full")
	case u.Path == "" || u.Path == "/":
		wrong("quarantine.database", "names no database: want postgres://USER@HOST:5432/DATABASE")
	}
}
