package quarantine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/postgrestest"
)

// BenchmarkPostgres is what PostgreSQL does for a relay, as processor time of the
// server's processes, and what the relay does itself, as that of this one. Of a hold it is also how long its transaction is open, which is
// what another one waits: holds take turns. The server of the tests does not wait for
// its disk (fsync is off): add that of yours to each commit.
func BenchmarkPostgres(b *testing.B) {
	server := postgrestest.Start(b)
	b.Setenv(testServer, server.URL("postgres"))
	s := open(b, b.TempDir(), Options{})
	watch, err := pgx.Connect(b.Context(), server.URL("postgres"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { watch.Close(context.WithoutCancel(b.Context())) }) // only read

	measure := func(what string, do func(i int)) {
		b.Run(what, func(b *testing.B) {
			do(-1) // so that all is there
			open, cpu, own := openTime(b, s), serverTime(b, watch), processTime(b, os.Getpid())
			for i := 0; b.Loop(); i++ {
				do(i)
			}
			b.ReportMetric(float64((serverTime(b, watch)-cpu).Microseconds())/float64(b.N), "server-µs/op")
			b.ReportMetric(float64((processTime(b, os.Getpid())-own).Microseconds())/float64(b.N), "own-µs/op")
			if what == "Hold" {
				b.ReportMetric((openTime(b, s)-open)*1000/float64(b.N), "open-µs/op")
			}
		})
	}
	text, held := table(20), 0
	measure("Hold", func(int) { held++; hold(b, s, copyTo(held), head(held)+text) })
	for _, n := range []int{1, 100} {
		measure(fmt.Sprintf("Ledger/%d", n), func(int) {
			if err := s.WriteLedger(b.Context(), passedOn(n)); err != nil {
				b.Fatal(err)
			}
		})
	}
	// What the evidence of a part with 20,000 people would cost a relay that has not read
	// it, were it kept for all: its keys, as they are of a sender's window.
	many := Keys{Sender: "sender0", At: time.Now(), People: make([]uint64, 20_000)}
	for i := range many.People {
		many.People[i] = rand.Uint64()
	}
	measure("Keys/20000/write", func(int) {
		if err := s.WriteLedger(b.Context(), &Ledger{Keys: []Keys{many}}); err != nil {
			b.Fatal(err)
		}
	})
	last, err := s.SenderRuns(b.Context(), "sender0")
	if err != nil {
		b.Fatal(err)
	}
	of := Keys{Sender: "sender0", Number: last.Keys - 1}
	measure("Keys/20000/read", func(int) {
		if all, err := s.Keys(b.Context(), of); err != nil || len(all) != 1 || len(all[0].People) != len(many.People) {
			b.Fatal(len(all), err)
		}
	})
	of.Number = last.Keys
	measure("Keys/none/read", func(int) {
		if all, err := s.Keys(b.Context(), of); err != nil || len(all) != 0 {
			b.Fatal(len(all), err)
		}
	})
	measure("Runs", func(i int) {
		if _, err := s.Runs(b.Context(), fmt.Sprintf("sender%d", i), "relay", time.Now().Add(-24*time.Hour)); err != nil {
			b.Fatal(err)
		}
	})
}

// passedOn is what is noted of n messages that were passed on.
func passedOn(n int) *Ledger {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	var l Ledger
	for i := range n {
		sender, run := fmt.Sprintf("sender%d", i), fmt.Sprintf("run%d", i)
		l.Runs = append(l.Runs, Run{Key: run, Sender: sender, Print: []byte{1}, First: at, Last: at, Copies: 1})
		l.Deliveries = append(l.Deliveries, Delivery{Run: run, At: at, Recipients: []string{fmt.Sprintf("reader%d@reader.example", i)}})
		l.Exposures = append(l.Exposures, Exposure{At: at, Sender: sender, Run: run, Action: "pass", Version: "1",
			Exposure: []byte(`{"subjects":0,"records":0,"fields":null,"recipients":1,"completeness":"complete"}`), Recipients: 1, Bytes: 4000})
	}
	return &l
}

// openTime is how long transactions of the store's writer were open, in milliseconds.
func openTime(b *testing.B, s *Store) (open float64) {
	b.Helper()
	for _, query := range []string{
		"SELECT pg_stat_force_next_flush(), 0", // else the server tells later
		"SELECT '', active_time + idle_in_transaction_time FROM pg_stat_database WHERE datname = current_database()",
	} {
		var nothing string
		if err := s.writer.QueryRowContext(b.Context(), query).Scan(&nothing, &open); err != nil {
			b.Fatal(err)
		}
	}
	return open
}

// serverTime is the processor time of the server's processes so far.
func serverTime(b *testing.B, watch *pgx.Conn) (used time.Duration) {
	b.Helper()
	rows, err := watch.Query(b.Context(), "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
	if err != nil {
		b.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		b.Fatal(err)
	}
	for _, pid := range pids {
		used += processTime(b, int(pid))
	}
	return used
}

// processTime is the processor time of a process so far.
func processTime(b *testing.B, pid int) (used time.Duration) {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip("there is no /proc to read from")
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	for _, ticks := range strings.Fields(fields)[11:13] { // proc_pid_stat(5): user and system time
		n, err := strconv.Atoi(ticks)
		if err != nil {
			b.Fatal(err)
		}
		const tick = 10 * time.Millisecond // USER_HZ of Linux
		used += time.Duration(n) * tick
	}
	return used
}
