//go:build unix

package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// Two relays with folders of their own share one quarantine in PostgreSQL; commands
// read it by the configuration, and the doctor says what is wrong with it.
func TestRelaysShareAQuarantineInPostgreSQL(t *testing.T) {
	server := postgrestest.Start(t)
	box := newMailbox(t)
	dir := t.TempDir()
	identity, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, seal.SecretSize)
	rand.Read(secret)
	writeTo := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, secretFile := writeTo("key", identity.File()), writeTo("secret", string(secret))
	var last *inProcess
	for i := range 2 {
		data := filepath.Join(dir, fmt.Sprint("relay", i))
		last = startRelay(t, data, box.url(), func(cfg *configs.Config) {
			q := &cfg.Quarantine
			q.Database, q.SecretFile, q.Recipient = server.URL("postgres"), secretFile, identity.Recipient().String()
		})
		to := fmt.Sprintf("reader%d@client.example", i)
		if reply := dialQuiet(last.listeners[0].Addr().String()).deliver(posting{"list@isp.example", to, bulletin(40)}); !strings.Contains(reply, "Held") {
			t.Fatal(reply)
		}
		if _, err := os.Stat(filepath.Join(data, "quarantine.db")); err == nil {
			t.Error("there is a file of SQLite")
		}
	}
	config := func(database, secret string) string {
		return writeTo("bulkhead.yaml", fmt.Sprintf("upstream: {url: %q}\ndata_dir: %q\nmetrics: {address: %q}\n"+
			"quarantine: {database: %q, secret_file: %q, identity: %q}\n", box.url(), filepath.Join(dir, "relay0"), last.metrics.Addr(), database, secret, key))
	}
	good := config(server.URL("postgres"), secretFile)
	out, said, status := runBulkhead(t, "quarantine", "list", "--format", "json", "--config", good)
	if status != exitOK || !strings.Contains(out, "reader0@client.example") || !strings.Contains(out, "reader1@client.example") {
		t.Errorf("lists, with %d: %s%s", status, out, said)
	}
	if out, said, status := runBulkhead(t, "audit", "verify", "--config", good); status != exitOK {
		t.Errorf("the trail: %s%s", out, said)
	}
	for _, c := range []struct {
		database, secret string
		want             level
		says             string
	}{
		{server.URL("postgres"), secretFile, levelOK, "PostgreSQL answers"},
		{"postgres://bulkhead:open-sesame@" + freePort(t) + "/bulkhead", secretFile, levelFail, "the database is away"},
		{server.URL("none"), secretFile, levelFail, `database "none" does not exist`},
		{server.URL("postgres"), secretFile + "x", levelFail, "give each machine of the store the same file"},
	} {
		found, _ := doctor(t, config(c.database, c.secret))
		check := "data_dir"
		if c.want == levelOK {
			check = "quarantine.database"
		}
		if got, said := worst(found, check); got != c.want || !strings.Contains(said, c.says) || strings.Contains(said, "sesame") {
			t.Errorf("%s: %s %s, want %s %s", c.database, got, said, c.want, c.says)
		}
	}
}
