package quarantine

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// packsOf gives the packs that there are.
func packsOf(t *testing.T, s *Store) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(s.contentDir(), "*", "*"+packSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// readAll reads content that may be damaged.
func readAll(t *testing.T, s *Store, id string) error {
	t.Helper()
	c, err := s.Content(t.Context(), id)
	if err != nil {
		return err
	}
	_, err = io.ReadAll(c)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	return err
}

func TestDamagedContentIsNeverReadAsWhole(t *testing.T) {
	t.Parallel()
	flip := func(path string) error {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return os.WriteFile(path, b, 0o600)
	}
	sql := func(query string) func(*Store, string) error {
		return func(s *Store, _ string) error {
			return tamper(s, query)
		}
	}
	file := func(damage func(string) error) func(*Store, string) error {
		return func(_ *Store, path string) error { return damage(path) }
	}
	tests := []struct {
		name    string
		content string
		damage  func(s *Store, pack string) error
	}{
		{"pack missing", bulk("a"), file(os.Remove)},
		{"pack empty", bulk("a"), file(func(path string) error { return os.Truncate(path, 0) })},
		{"pack cut off", bulk("a"), file(func(path string) error { return os.Truncate(path, int64(len(bulk("a"))-9)) })},
		{"one bit changed", bulk("a"), file(flip)},
		{"a chunk's row missing", bulk("a"), sql("DELETE FROM chunks WHERE seq = 2")},
		{"a piece missing", bulk("a"), sql("DELETE FROM pieces")},
		{"chunks exchanged", bulk("a"), sql("UPDATE chunks SET place = (SELECT place FROM chunks WHERE seq = 3) WHERE seq = 2")},
		{"another hash", bulk("a"), sql("UPDATE messages SET sha256 = replace(sha256, substr(sha256, 1, 1), 'x')")},
		{"inline bytes changed", "small", sql("UPDATE chunks SET data = zeroblob(length(data))")},
		{"inline bytes missing", "small", sql("DELETE FROM chunks")},
		{"a key changed", "small", sql("UPDATE chunks SET secret = zeroblob(length(secret))")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir(), Options{})
			m := hold(t, s, letter(1), test.content)
			path := ""
			if packs := packsOf(t, s); len(packs) == 1 {
				path = packs[0]
			}
			if err := readAll(t, s, m.ID); err != nil {
				t.Fatal(err)
			}
			if err := test.damage(s, path); err != nil {
				t.Fatal(err)
			}
			if err := readAll(t, s, m.ID); !errors.Is(err, ErrDamaged) {
				t.Errorf("%v, want ErrDamaged", err)
			}
		})
	}
}

func TestContentIsCheckedAgainAfterRewinding(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	text := bulk("rewind")
	m := hold(t, s, letter(1), text)
	c, err := s.Content(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	size := int64(len(text))
	if c.Size() != size {
		t.Errorf("size %d", c.Size())
	}
	for _, step := range []struct {
		offset int64
		whence int
		want   string
	}{
		{3, io.SeekStart, text[3:]}, {0, io.SeekStart, text}, {-1, io.SeekEnd, text[size-1:]}, {40_000, io.SeekStart, text[40_000:]},
		{0, io.SeekCurrent, ""}, {size + 9, io.SeekStart, ""}, {0, io.SeekStart, text},
	} {
		if _, err := c.Seek(step.offset, step.whence); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err != nil || string(b) != step.want {
			t.Errorf("from %d (%d): %d bytes, %v, want %d", step.offset, step.whence, len(b), err, len(step.want))
		}
	}
	if _, err := c.Seek(-1, io.SeekStart); err == nil {
		t.Error("a place before the start is taken")
	}
	path := packsOf(t, s)[0]
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(c)
	wantErr(t, err, ErrDamaged)
}

func TestSweepRemovesWhatIsLeftOverAndNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{Grace: time.Hour})
	packOf := map[string]string{}
	var ids []string
	for _, name := range []string{"kept", "gone", "short", "deleted"} {
		before := packsOf(t, s)
		m := hold(t, s, letter(1), bulk(name))
		for _, path := range packsOf(t, s) {
			if !strings.Contains(strings.Join(before, " "), path) {
				packOf[name] = path
			}
		}
		ids = append(ids, m.ID)
	}
	hold(t, s, letter(1), "small, and in no pack")
	if err := s.Delete(t.Context(), ids[3], "anna", ""); err != nil {
		t.Fatal(err)
	}
	old, young := time.Now().Add(-2*time.Hour), time.Now()
	leave := func(path, text string, at time.Time) {
		write(t, path, text)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	leave(filepath.Join(s.incomingDir(), "PK-0000-0001"+packSuffix), "12", old)
	leave(filepath.Join(s.incomingDir(), "PK-0000-0002"+packSuffix), "being written", young)
	leave(filepath.Join(s.contentDir(), packs.Shard("PK-0000-0003"), "PK-0000-0003"+packSuffix), "345", old)
	leave(filepath.Join(s.contentDir(), packs.Shard("PK-0000-0004"), "PK-0000-0004"+packSuffix), "about to be committed", young)
	leave(packOf["deleted"], "6789", old) // Delete died before it
	if err := errors.Join(os.Remove(packOf["gone"]), os.Truncate(packOf["short"], 1), os.Chtimes(packOf["kept"], old, old)); err != nil {
		t.Fatal(err)
	}
	missing := []string{ids[1], ids[2]}
	if missing[0] > missing[1] {
		missing[0], missing[1] = missing[1], missing[0]
	}
	got, err := s.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(SweepReport{Incoming: 1, Orphans: 2, Freed: 9, Missing: missing}, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	readContent(t, s, ids[0])
	for _, path := range []string{filepath.Join(s.incomingDir(), "PK-0000-0002"+packSuffix), filepath.Join(s.contentDir(), packs.Shard("PK-0000-0004"), "PK-0000-0004"+packSuffix)} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// A relay that sleeps, as a suspended machine does, between writing content
// and its row must not acknowledge what Sweep took meanwhile.
func TestHoldNoticesThatItsContentWasSwept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := open(t, dir, Options{Grace: 1})
	sleepy := &sleepyDisk{wake: func() {
		if got, err := other.Sweep(t.Context()); err != nil || got.Orphans != 1 {
			t.Errorf("sweep: %+v, %v", got, err)
		}
	}}
	s := open(t, dir, Options{disk: sleepy})
	_, err := s.Hold(t.Context(), letter(1), strings.NewReader(bulk("x")))
	wantErr(t, err, ErrDamaged)
	if all, _, err := s.List(t.Context(), Query{}); err != nil || len(all) != 0 {
		t.Errorf("%d messages, %v", len(all), err)
	}
}

// sleepyDisk sleeps after the content's folder was synced.
type sleepyDisk struct {
	packs.Machine
	wake func()
}

func (d *sleepyDisk) SyncDir(path string) error {
	if strings.HasSuffix(path, "content") {
		d.wake()
	}
	return d.Machine.SyncDir(path)
}

func TestContentIsOnDiskSealedOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	m := named()
	m.Evidence = []byte(`{"sample":"` + strings.Repeat("Q**** of quill, ", 100) + `"}`) // goes into chunks
	table := strings.Repeat("4711,quill,zoe,192.0.2.77\r\n", 5) + bulk("quill")
	held := hold(t, s, m, "Subject: list of quill\r\n\r\n"+table)
	small := hold(t, s, m, "Subject: quill\r\n\r\nsmall")
	if len(packsOf(t, s)) != 1 {
		t.Fatal("no pack: only half is tried")
	}
	wantNoWords(t, dir, wordsOf...)
	for _, id := range []string{held.ID, small.ID} {
		if got := get(t, s, id); !bytes.Equal(got.Evidence, m.Evidence) {
			t.Errorf("evidence of %s is read otherwise: %d bytes", id, len(got.Evidence))
		}
		readContent(t, s, id)
	}
	takeKey(t, dir)
	relay := open(t, dir, Options{})
	for _, id := range []string{held.ID, small.ID} {
		if err := readAll(t, relay, id); !errors.Is(err, ErrSealed) {
			t.Errorf("without the private key: %v", err)
		}
	}
}
