package quarantine

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// One pack that cannot be read does not keep the others from being written anew.
func TestSweepPassesOverADamagedPack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var kept []Message
	for _, name := range []string{"a", "b"} {
		m := hold(t, s, letter(1), "x\r\n\r\n"+bulk(name)+bulk(name+"1")+bulk(name+"2")+bulk(name+"3"))
		if name == "a" {
			if err := os.Truncate(packsOf(t, s)[0], 1); err != nil {
				t.Fatal(err)
			}
		}
		kept = append(kept, hold(t, s, letter(1), "y\r\n\r\n"+bulk(name)))
		if err := s.Delete(t.Context(), m.ID, "anna", ""); err != nil {
			t.Fatal(err)
		}
	}
	report, err := s.Sweep(t.Context())
	if err != nil || report.Packed != 1 || len(report.Missing) != 1 || report.Missing[0] != kept[0].ID {
		t.Errorf("sweep: %+v, %v; want %s missing and the other's pack written anew", report, err, kept[0].ID)
	}
	if got := readContent(t, s, kept[1].ID); got != "y\r\n\r\n"+bulk("b") {
		t.Error("content differs after its pack was written anew")
	}
}

// A release that has begun opens its content after a sweep has sealed it.
func TestContentThatIsSealedMeanwhileIsRead(t *testing.T) {
	ofSQLite(t, "its migrations")
	t.Parallel()
	dir := t.TempDir()
	held, _, content := oldStore(t, dir)
	s := open(t, dir, Options{})
	release := begin(t, s, held.ID)
	if report, err := s.Sweep(t.Context()); err != nil || report.Sealed != 2 {
		t.Fatalf("sweep: %+v, %v", report, err)
	}
	c, err := release.Content()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }() // it was only read
	if b, err := io.ReadAll(c); err != nil || string(b) != content {
		t.Errorf("content %q, %v", b, err)
	}
}

// finishingDisk lets half-written packs go before they can be removed.
type finishingDisk struct{ packs.Machine }

func (d finishingDisk) Remove(path string) error {
	if !strings.HasSuffix(path, packSuffix) {
		return d.Machine.Remove(path)
	}
	return errors.Join(os.Rename(path, path+".elsewhere"), d.Machine.Remove(path))
}

// What looks left over may be a slow message that ends just then.
func TestSweepPassesOverWhatIsFinishedMeanwhile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{disk: finishingDisk{}})
	path := filepath.Join(dir, "incoming", "PK-0000-0000.pack")
	write(t, path, "half")
	old := time.Now().Add(-2 * defaultGrace)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	if report, err := s.Sweep(t.Context()); err != nil || report.Incoming != 0 {
		t.Errorf("sweep: %+v, %v", report, err)
	}
}
