//go:build unix

package quarantine

import (
	"database/sql"
	"net/url"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
)

// Whoever waited to write sees what was written meanwhile, though the server is set to
// show each transaction the state at its start: it might remove what a message that was
// held meanwhile consists of.
func writersSeeWhatTheyWaitedFor(t *testing.T, server *postgrestest.Server) {
	dir := t.TempDir()
	o := optionsOn(t, server, dir, Options{})
	name := databaseOf(t, o.Database)
	if err := server.Do("postgres", "ALTER DATABASE "+name+" SET default_transaction_isolation = 'repeatable read'"); err != nil {
		t.Fatal(err)
	}
	one, other := open(t, dir, o), open(t, dir, o)
	begun, ended := make(chan struct{}), make(chan error)
	var value string
	go func() {
		<-begun
		ended <- other.write(t.Context(), func(tx *sql.Tx) (err error) {
			value, err = setting(t.Context(), tx, "meanwhile")
			return err
		})
	}()
	err := one.write(t.Context(), func(tx *sql.Tx) error {
		close(begun)
		awaitWaiting(t, one)
		return setSetting(t.Context(), tx, "meanwhile", "written")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || value != "written" {
		t.Errorf("who waited reads %q, %v", value, err)
	}
}

// awaitWaiting waits until somebody waits to write to a store.
func awaitWaiting(t *testing.T, s *Store) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		var waiting int
		err := s.reader.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks
			WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting)
		if err != nil || waiting > 0 {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Error("nobody waits to write")
			return
		}
	}
}

// databaseOf names the database of an address.
func databaseOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path[1:]
}
