//go:build unix

package quarantine

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
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

// road leads to a server, and can be frozen: what is sent goes nowhere, and nothing
// comes back.
type road struct {
	address string
	mu      sync.RWMutex // held while it is frozen
	// loses says that the road ends under the answer to the next commit.
	loses, losing atomic.Bool
}

func roadTo(t *testing.T, server string) *road {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	r := &road{address: l.Addr().String()}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				_ = near.Close()
				return
			}
			go r.carry(near, far, func([]byte) bool { return r.losing.CompareAndSwap(true, false) })
			go r.carry(far, near, func(b []byte) bool {
				if bytes.HasSuffix(b, []byte("\x0bcommit\x00")) && r.loses.CompareAndSwap(true, false) {
					r.losing.Store(true)
				}
				return false
			})
		}
	}()
	return r
}

// freeze freezes it to the end of the test, or until it is thawed.
func (r *road) freeze(t *testing.T) (thaw func()) {
	r.mu.Lock()
	thaw = sync.OnceFunc(r.mu.Unlock)
	t.Cleanup(thaw)
	return thaw
}

func (r *road) carry(to, from net.Conn, ends func([]byte) bool) {
	defer func() { _ = errors.Join(to.Close(), from.Close()) }() // the other way ends with it
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if ends(b[:n]) {
			return
		}
		r.mu.RLock()
		_, werr := to.Write(b[:n])
		r.mu.RUnlock()
		if err != nil || werr != nil {
			return
		}
	}
}

// overRoad gives a store that reaches its server over a road.
func overRoad(t *testing.T, server *postgrestest.Server) (*Store, *road) {
	t.Helper()
	dir := t.TempDir()
	o := optionsOn(t, server, dir, Options{})
	u, err := url.Parse(o.Database)
	if err != nil {
		t.Fatal(err)
	}
	r := roadTo(t, u.Host)
	u.Host = r.address
	o.Database = u.String()
	return open(t, dir, o), r
}

// A server that freezes in the midst of many rows holds up nobody who has a deadline.
func frozenServerKeepsNoRowsWaiting(t *testing.T, server *postgrestest.Server) {
	s, r := overRoad(t, server)
	ended := make(chan error, 1)
	go func() {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		ended <- s.write(ctx, func(tx *sql.Tx) error {
			r.freeze(t)
			return insertRows(ctx, tx, "settings (name, value)", 2, []any{"a", "b"})
		})
	}()
	select {
	case err := <-ended:
		wantErr(t, err, ErrAway)
	case <-time.After(20 * time.Second):
		t.Error("it waits beyond its deadline")
	}
}

// Of a server that has frozen whoever would wait for good is told after a while that
// it is away, at each step of a transaction and outside of one.
func frozenServerIsAway(t *testing.T, server *postgrestest.Server) {
	s, r := overRoad(t, server)
	config := s.db.(*postgresDatabase).config
	db := sql.OpenDB(newPostgresConnector(config, 300*time.Millisecond))
	defer db.Close() // its connections are broken
	exec := func(q querier) error {
		_, err := q.ExecContext(t.Context(), "UPDATE settings SET value = ?", "x")
		return err
	}
	query := func(q querier) error {
		var n int
		return q.QueryRowContext(t.Context(), "SELECT count(*) FROM settings").Scan(&n)
	}
	for name, step := range map[string]func(tx *sql.Tx) error{
		"exec":   func(tx *sql.Tx) error { return exec(tx) },
		"query":  func(tx *sql.Tx) error { return query(tx) },
		"commit": func(tx *sql.Tx) error { return tx.Commit() },
		"begin": func(*sql.Tx) error {
			_, err := db.BeginTx(t.Context(), nil)
			return err
		},
		"outside": func(*sql.Tx) error { return query(db) },
	} {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if name == "begin" || name == "outside" {
			err = tx.Rollback()
		}
		thaw := r.freeze(t)
		if err == nil {
			err = step(tx)
		}
		if !errors.Is(err, ErrAway) {
			t.Errorf("%s: %v, want that it is away", name, err)
		}
		thaw()
		_ = tx.Rollback() // it has ended
		if err := query(db); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
}

// A server that takes no writes, as a standby, is not read either: what it tells may be
// long past.
func standbyIsNotRead(t *testing.T, server *postgrestest.Server) {
	o := optionsOn(t, server, t.TempDir(), Options{})
	d, err := newPostgres(o.Database+"&default_transaction_read_only=on", "")
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(newPostgresConnector(d.config, answerMost))
	defer db.Close() // nothing was written
	wantErr(t, db.PingContext(t.Context()), ErrAway)
}

// A batch of the ledger is kept, and the line breaks before anybody hears of it: sent
// again it counts once.
func batchWithALostAnswerCountsOnce(t *testing.T, server *postgrestest.Server) {
	s, r := overRoad(t, server)
	l := &Ledger{Relay: "a", Batch: 1, Runs: []Run{{Key: "run", Sender: "s", Print: []byte{1}, Relay: "a", Copies: 1, Delivered: 1}},
		Keys:       []Keys{{Run: "run", At: time.Now(), Readers: []uint64{1}}},
		Deliveries: []Delivery{{Run: "run", At: time.Now(), Recipients: []string{reader1}}},
		Exposures:  []Exposure{{At: time.Now(), Run: "run", Action: "pass", Exposure: []byte(`{"completeness":"complete"}`)}}}
	// What is made once, in transactions of its own, is there: the day's parts, a key.
	if err := s.WriteLedger(t.Context(), &Ledger{Exposures: l.Exposures, Deliveries: []Delivery{{Run: "other", At: time.Now(), Recipients: []string{reader1}}}}); err != nil {
		t.Fatal(err)
	}
	r.loses.Store(true)
	wantErr(t, s.WriteLedger(t.Context(), l), ErrAway)
	if n := served(t, s, "run"); n != 1 {
		t.Fatalf("%d deliveries are there: the commit did not come through, nothing is tried", n)
	}
	if err := s.WriteLedger(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if n := served(t, s, "run"); n != 1 {
		t.Errorf("%d deliveries of one are kept", n)
	}
	if n, err := s.CountExposures(t.Context(), time.Time{}); n != 2 || err != nil {
		t.Errorf("%d judgements are kept, %v; want 2", n, err)
	}
}

// An address that cannot be read is said to be none, without the password in it.
func TestAddressThatIsNone(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), t.TempDir(), Options{Database: "postgres://ana:sesame@db.example/x?sslmode=maybe"})
	if err == nil || !strings.HasPrefix(err.Error(), "quarantine: database: the address cannot be read; ") || strings.Contains(err.Error(), "sesame") {
		t.Error(err)
	}
}

// Content lies where all find it: relays of one database whose folders are their own
// do not both keep content there.
func foldersOfTheirOwnAreRefused(t *testing.T, server *postgrestest.Server) {
	dir := t.TempDir()
	o := optionsOn(t, server, dir, Options{})
	one, same, other := open(t, dir, o), open(t, dir, o), open(t, t.TempDir(), o)
	m := hold(t, one, letter(1), bulk("one"))
	hold(t, same, letter(2), bulk("two"))
	const want = "would not be found in"
	if _, err := other.Hold(t.Context(), letter(3), strings.NewReader(bulk("three"))); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("content is kept in two folders: %v", err)
	}
	if _, err := Open(t.Context(), t.TempDir(), o); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a store opens that does not find content: %v", err)
	}
	if err := readAll(t, open(t, dir, o), m.ID); err != nil {
		t.Error(err)
	}
	wantTidy(t, one)
}
