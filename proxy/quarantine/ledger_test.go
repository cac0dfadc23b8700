package quarantine

import (
	"fmt"
	"testing"
	"time"
)

// entries is a ledger with one run and so many deliveries and exposures.
func entries(n int) *Ledger {
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	key := fmt.Sprintf("run of %d", n)
	l := &Ledger{Runs: []Run{{Key: key, Sender: "sender", Print: []byte{1}, First: at, Last: at}}}
	for i := range n {
		l.Deliveries = append(l.Deliveries, Delivery{Run: key, At: at, Recipients: []string{fmt.Sprintf("reader%d@reader.example", i)}})
		l.Exposures = append(l.Exposures, Exposure{At: at, Run: key, Action: "pass", Exposure: []byte(`{"completeness":"complete"}`), Bytes: int64(i)})
	}
	return l
}

// kept counts what the store has of the entries of a run, each told apart.
func kept(t *testing.T, s *Store, l *Ledger) string {
	t.Helper()
	var runs, deliveries, exposures int
	err := s.reader.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM runs WHERE key = ?1),
		(SELECT count(DISTINCT address) FROM deliveries WHERE run = ?1),
		(SELECT count(DISTINCT bytes) FROM exposures WHERE run = ?1 AND exposure <> '' AND action = 'pass')`, l.Runs[0].Key).Scan(&runs, &deliveries, &exposures)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %d %d", runs, deliveries, exposures)
}

// Rows go in many to a statement: none is left out or taken twice, however many
// there are.
func TestLedgerKeepsEachEntry(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	for _, n := range []int{1, rowsAtOnce - 1, rowsAtOnce, rowsAtOnce + 1, 2 * rowsAtOnce, 2*rowsAtOnce + 1} {
		l := entries(n)
		if err := s.WriteLedger(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		if got, want := kept(t, s, l), fmt.Sprintf("1 %d %d", n, n); got != want {
			t.Errorf("%d entries: runs, deliveries and exposures are %s, want %s", n, got, want)
		}
	}
}

// What fails late takes back what was written before, so that it can be written
// again.
func TestLedgerKeepsAllOrNothing(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	l := entries(2*rowsAtOnce + 10)
	last := &l.Exposures[len(l.Exposures)-1]
	whole := last.Exposure
	last.Exposure = []byte("{")
	if err := s.WriteLedger(t.Context(), l); err == nil {
		t.Fatal("an exposure that is none was taken")
	}
	if got := kept(t, s, l); got != "0 0 0" {
		t.Errorf("after an error runs, deliveries and exposures are %s, want none", got)
	}
	last.Exposure = whole
	if err := s.WriteLedger(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if got, want := kept(t, s, l), fmt.Sprintf("1 %d %[1]d", 2*rowsAtOnce+10); got != want {
		t.Errorf("at the second try runs, deliveries and exposures are %s, want %s", got, want)
	}
}
