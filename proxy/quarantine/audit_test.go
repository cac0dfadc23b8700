package quarantine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEachDecisionIsInTheAuditTrail(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := open(t, t.TempDir(), Options{Clock: c.Now})
	m := hold(t, s, letter(3), "x")
	hold(t, s, letter(1), "another")
	r := begin(t, s, m.ID, reader3, reader1)
	settle(t, r, RecipientResult{Address: reader1, State: RecipientReleased}, RecipientResult{Address: reader3, State: RecipientRefused})
	begin(t, s, m.ID, reader3)
	c.Add(defaultLease)
	err := errors.Join(
		s.Record(t.Context(), m.ID, ActViewed, "bert", "to decide"),
		s.Record(t.Context(), m.ID, ActUnmasked, "bert", "whose they are"),
		s.Record(t.Context(), m.ID, ActExported, "bert", "for the file"),
		s.Refuse(t.Context(), m.ID, "bert", "customer data"),
		s.Delete(t.Context(), m.ID, "carl", "asked to"))
	if err != nil {
		t.Fatal(err)
	}
	got, next, err := s.Audit(t.Context(), AuditQuery{Message: strings.ToLower(m.ID)})
	if err != nil || next != 0 {
		t.Fatal(next, err)
	}
	var lines []string
	for _, e := range got {
		if e.Message != m.ID || e.At.IsZero() || len(e.Hash) != 64 {
			t.Errorf("entry %+v", e)
		}
		lines = append(lines, fmt.Sprintf("%s by %s: %s %v %v", e.Act, e.By, e.Reason, e.Detail.Places, e.Detail.Results))
	}
	want := []string{
		"held by bulkhead: bulk-customer-records [] map[]",
		"release_begun by anna: checked [1 3] map[]",
		"release_settled by anna:  [] map[refused:1 released:1]",
		"release_begun by anna: checked [3] map[]",
		"viewed by bert: to decide [] map[]",
		"unmasked by bert: whose they are [] map[]",
		"exported by bert: for the file [] map[]",
		"release_lapsed by bulkhead: no result before the end of the lease of anna [] map[unknown:1]",
		"refused by bert: customer data [] map[]",
		"deleted by carl: asked to [] map[]",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	seq, hash, err := s.AuditHead(t.Context())
	if last := got[len(got)-1]; err != nil || seq != last.Seq || hash != last.Hash {
		t.Errorf("head is %d %s, %v; want %d %s", seq, hash, err, last.Seq, last.Hash)
	}
	wantErr(t, s.Record(t.Context(), m.ID, ActReleaseSettled, "bert", ""), ErrInvalid)
}

func TestAuditIsReadInPages(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	m := hold(t, s, letter(1), "x")
	for range 9 {
		if err := s.Record(t.Context(), m.ID, ActViewed, "anna", ""); err != nil {
			t.Fatal(err)
		}
	}
	var seqs []int64
	q := AuditQuery{Limit: 5}
	for {
		page, next, err := s.Audit(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			seqs = append(seqs, e.Seq)
		}
		if q.After = next; next == 0 {
			break
		}
	}
	if want := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(seqs, want) {
		t.Errorf("entries %v, want %v", seqs, want)
	}
}

func TestAuditTrailIsAppendOnly(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	hold(t, s, letter(1), "x")
	for _, query := range []string{"UPDATE audit SET by = 'nobody'", "DELETE FROM audit"} {
		if _, err := s.writer.Exec(query); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, query string
		says        string
	}{
		{"who", "UPDATE audit SET by = 'bert' WHERE seq = 2", "entry 2 does not fit"},
		{"why", "UPDATE audit SET reason = '' WHERE seq = 2", "entry 2 does not fit"},
		{"when", "UPDATE audit SET at = at - 1 WHERE seq = 3", "entry 3 does not fit"},
		{"what", "UPDATE audit SET act = 'viewed' WHERE seq = 4", "entry 4 does not fit"},
		{"which", "UPDATE audit SET message = 'BH-0000-0000' WHERE seq = 1", "entry 1 does not fit"},
		{"how many", "UPDATE audit SET detail = replace(detail, '\"places\":[1]', '\"places\":[2]')", "entry 2 does not fit"},
		{"words moved between fields", "UPDATE audit SET by = by || substr(reason, 1, 1), reason = substr(reason, 2) WHERE seq = 2", "entry 2 does not fit"},
		{"an entry cut out", "DELETE FROM audit WHERE seq = 3", "entry 3 is missing"},
		{"an entry cut out, numbers closed", "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq > 3", "entry 3 does not fit"},
		{"two entries swapped", "UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 99", "entry 2 does not fit"},
		{"the end cut off", "DELETE FROM audit WHERE seq >= 4", "in a state that nobody brought it to"},
		{"all of it cut off", "DELETE FROM audit", "was never held with this content"},
		{"a message removed", "DELETE FROM messages", "was held, but is gone"},
		{"content exchanged", "UPDATE messages SET sha256 = 'ff'", "was never held with this content"},
		{"state changed", "UPDATE messages SET state = 'deleted'", "in a state that nobody brought it to"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, t.TempDir(), Options{})
			m := hold(t, s, letter(1), "x")
			r := begin(t, s, m.ID)
			settle(t, r, RecipientResult{Address: reader1, State: RecipientDeferred})
			if err := s.Refuse(t.Context(), m.ID, "anna", "no"); err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := tamper(s, test.query); err != nil {
				t.Fatal(err)
			}
			err := s.Verify(t.Context())
			wantErr(t, err, ErrTampered)
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v does not say %q", err, test.says)
			}
		})
	}
}
