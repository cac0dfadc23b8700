package quarantine

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDamagedContentIsNeverReadAsWhole(t *testing.T) {
	t.Parallel()
	const text = "Subject: x\r\n\r\nbody\r\n"
	tests := []struct {
		name   string
		damage func(path string) error
	}{
		{"missing", os.Remove},
		{"empty", func(path string) error { return os.Truncate(path, 0) }},
		{"cut off", func(path string) error { return os.Truncate(path, int64(len(text)-1)) }},
		{"longer", func(path string) error { return os.WriteFile(path, []byte(text+"\n"), 0o600) }},
		{"one byte changed", func(path string) error { return os.WriteFile(path, []byte(strings.Replace(text, "b", "B", 1)), 0o600) }},
	}
	s := open(t, t.TempDir(), Options{})
	for _, test := range tests {
		m := hold(t, s, letter(1), text)
		if err := test.damage(s.contentPath(m.ID)); err != nil {
			t.Fatal(err)
		}
		c, err := s.Content(t.Context(), m.ID)
		if err == nil {
			_, err = io.ReadAll(c)
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", test.name, err)
		}
	}
	// Cut off while it is being read.
	m := hold(t, s, letter(1), text)
	c, err := s.Content(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.contentPath(m.ID), 4); err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(c)
	wantErr(t, errors.Join(err, c.Close()), ErrDamaged)
}

func TestContentIsCheckedAgainAfterRewinding(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	m := hold(t, s, letter(1), "0123456789")
	c, err := s.Content(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if c.Size() != 10 {
		t.Errorf("size %d", c.Size())
	}
	for _, step := range []struct {
		offset int64
		whence int
		want   string
	}{
		{3, io.SeekStart, "3456789"}, {0, io.SeekStart, "0123456789"}, {-1, io.SeekEnd, "9"},
		{0, io.SeekCurrent, ""}, {20, io.SeekStart, ""}, {0, io.SeekStart, "0123456789"},
	} {
		if _, err := c.Seek(step.offset, step.whence); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(c); err != nil || string(b) != step.want {
			t.Errorf("from %d (%d): %q, %v, want %q", step.offset, step.whence, b, err, step.want)
		}
	}
	if err := os.WriteFile(s.contentPath(m.ID), []byte("012345678X"), 0o600); err != nil {
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
	kept := hold(t, s, letter(1), "kept")
	gone := hold(t, s, letter(1), "gone")
	short := hold(t, s, letter(1), "short")
	deleted := hold(t, s, letter(1), "deleted")
	if err := s.Delete(t.Context(), deleted.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	old, young := time.Now().Add(-2*time.Hour), time.Now()
	leave := func(path, text string, at time.Time) {
		write(t, path, text)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	leave(s.incomingPath("BH-0000-0001"), "12", old)
	leave(s.incomingPath("BH-0000-0002"), "being written", young)
	leave(s.contentPath("BH-0000-0003"), "345", old)
	leave(s.contentPath("BH-0000-0004"), "about to be committed", young)
	leave(s.contentPath(deleted.ID), "6789", young) // Delete died before it
	if err := errors.Join(os.Remove(s.contentPath(gone.ID)), os.Truncate(s.contentPath(short.ID), 1),
		os.Chtimes(s.contentPath(kept.ID), old, old)); err != nil {
		t.Fatal(err)
	}
	missing := []string{gone.ID, short.ID}
	got, err := s.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Missing[0] != gone.ID {
		missing = []string{short.ID, gone.ID}
	}
	if diff := cmp.Diff(SweepReport{Incoming: 1, Orphans: 2, Freed: 9, Missing: missing}, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	readContent(t, s, kept.ID)
	for _, path := range []string{s.incomingPath("BH-0000-0002"), s.contentPath("BH-0000-0004")} {
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
	_, err := s.Hold(t.Context(), letter(1), strings.NewReader("x"))
	wantErr(t, err, ErrDamaged)
	if all, _, err := s.List(t.Context(), Query{}); err != nil || len(all) != 0 {
		t.Errorf("%d messages, %v", len(all), err)
	}
}

// sleepyDisk sleeps after the content's folder was synced.
type sleepyDisk struct {
	osDisk
	wake func()
}

func (d *sleepyDisk) SyncDir(path string) error {
	if strings.HasSuffix(path, "content") {
		d.wake()
	}
	return d.osDisk.SyncDir(path)
}
