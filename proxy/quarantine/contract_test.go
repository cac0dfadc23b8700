package quarantine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

// The tests of this package are run twice: with SQLite, and once more by
// TestStoresInPostgreSQL in a process of its own whose stores are in PostgreSQL, each
// in a database of its own. What is SQLite's alone says so with ofSQLite.

// testServer is the variable that has the address of the server.
const testServer = "BULKHEAD_TEST_POSTGRES"

// ofSQLite skips a test, in the run with PostgreSQL, of what is SQLite's alone.
func ofSQLite(t testing.TB, why string) {
	t.Helper()
	if os.Getenv(testServer) != "" {
		t.Skip("of SQLite alone: " + why)
	}
}

var making sync.Mutex

// on gives the options of a store in a folder: in the run with PostgreSQL those of a
// store that has its rows there.
func on(dir string, o Options) (Options, error) {
	server := os.Getenv(testServer)
	if server == "" || o.Database != "" {
		return o, nil
	}
	return onServer(server, dir, o)
}

// onServer does so with a server, which is given by the address of a database.
func onServer(server, dir string, o Options) (Options, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return o, err
	}
	name := fmt.Sprintf("t_%x", sha256.Sum256([]byte(dir)))[:20]
	u, err := url.Parse(server)
	if err != nil {
		return o, err
	}
	u.Path = "/" + name
	o.Database, o.Secret = u.String(), dir+".secret"
	making.Lock() // a folder is opened by many at once
	defer making.Unlock()
	if _, err := os.Stat(o.Secret); err == nil {
		return o, nil // it was opened before
	}
	if err := postgrestest.Do(server, "CREATE DATABASE "+name+" STRATEGY FILE_COPY"); err != nil {
		return o, err
	}
	// What a machine of many has to be given.
	if o.Recipient == "" && o.Identity == "" {
		identity, err := seal.NewIdentity()
		if err == nil {
			err = os.MkdirAll(dir, 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, keyFile), []byte(identity.File()), 0o600)
		}
		if err != nil {
			return o, err
		}
	}
	return o, os.WriteFile(o.Secret, []byte(strings.Repeat("s", seal.SecretSize)), 0o600)
}

// openIn opens a store as the tests of both databases do.
func openIn(ctx context.Context, dir string, o Options) (*Store, error) {
	o, err := on(dir, o)
	if err != nil {
		return nil, err
	}
	return Open(ctx, dir, o)
}

// tamper changes a database as somebody does who may do everything in it.
func tamper(s *Store, query string) error {
	if os.Getenv(testServer) == "" {
		_, err := s.writer.Exec("PRAGMA foreign_keys = 0; DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete; " + query)
		return err
	}
	query = zeroBlob.ReplaceAllString(query, "decode(repeat('00', length($1)), 'hex')")
	_, err := s.writer.Exec("SET session_replication_role = replica; " + query + "; RESET session_replication_role")
	return err
}

var zeroBlob = regexp.MustCompile(`zeroblob\(length\((\w+)\)\)`)
