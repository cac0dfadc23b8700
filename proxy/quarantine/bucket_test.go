package quarantine

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/bucket/gateway"
)

// Where the bucket of a child process is.
const (
	childEndpoint = "QUARANTINE_TEST_ENDPOINT"
	childSecret   = "QUARANTINE_TEST_SECRET"
)

// inBucket has a store keep its content in a bucket.
func inBucket(endpoint, secret string) Options {
	return Options{Packs: func(owner string) (packs.Store, error) {
		return bucket.New(bucket.Options{Endpoint: endpoint, Bucket: "held", AccessKey: "tester", SecretKey: secret, Owner: owner, Timeout: 6 * time.Second})
	}}
}

// childOptions are those of a child process.
func childOptions() Options {
	if endpoint := os.Getenv(childEndpoint); endpoint != "" {
		return inBucket(endpoint, os.Getenv(childSecret))
	}
	return Options{}
}

// bucketStore gives a store whose content is in a bucket, by a road that can be
// troubled, and the folder of its objects.
func bucketStore(t *testing.T) (s *Store, road *gateway.Road, objects string, o Options) {
	t.Helper()
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	road = gateway.Between(t, g)
	o = inBucket(road.Endpoint, g.SecretKey)
	return open(t, t.TempDir(), o), road, filepath.Join(g.Folder, "held", "content"), o
}

// wantObjects counts the packs of a bucket.
func wantObjects(t *testing.T, objects string, want int) {
	t.Helper()
	if all, err := filepath.Glob(filepath.Join(objects, "*", "*"+packSuffix)); err != nil || len(all) != want {
		t.Errorf("%d packs in the bucket, %v; want %d", len(all), err, want)
	}
}

func TestContentIsInABucket(t *testing.T) {
	t.Parallel()
	s, _, objects, _ := bucketStore(t)
	var all []Message
	contents := map[string]string{}
	for i := range 4 {
		content := head(i) + bulk("shared") + bulk(fmt.Sprint(i))
		m := hold(t, s, letter(1), content)
		all, contents[m.ID] = append(all, m), content
	}
	small := hold(t, s, letter(1), "small")
	wantObjects(t, objects, 4)
	wantFiles(t, s.dir, 0)
	for _, m := range all {
		if readContent(t, s, m.ID) != contents[m.ID] {
			t.Errorf("%s is read otherwise", m.ID)
		}
	}
	if readContent(t, s, small.ID) != "small" {
		t.Error("what is small is read otherwise")
	}
	// The first has what others share; most of its pack is dead then.
	for i, m := range all {
		if i == 3 {
			break
		}
		if err := s.Delete(t.Context(), m.ID, "anna", ""); err != nil {
			t.Fatal(err)
		}
	}
	if report, err := s.Sweep(t.Context()); err != nil || len(report.Missing) > 0 {
		t.Errorf("sweep: %+v, %v", report, err)
	}
	if readContent(t, s, all[3].ID) != contents[all[3].ID] {
		t.Error("what is left is read otherwise")
	}
	if err := s.Delete(t.Context(), all[3].ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	wantObjects(t, objects, 0)
}

// No trouble on the way to the bucket has a message acknowledged that is not
// there, and what is left of it is swept.
func TestTroubleOfTheBucketLosesNothing(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]gateway.Trouble{
		"away before the put":     {Refuse: true},
		"away after the put":      {Lose: true},
		"failing":                 {Status: 500, Code: "InternalError"},
		"slower than its timeout": {Wait: time.Minute},
		"refusing":                {Status: 403, Code: "AccessDenied"},
		"without its bucket":      {Status: 404, Code: "NoSuchBucket"},
		"full":                    {Status: 507, Code: "XMinioStorageFull"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, road, objects, o := bucketStore(t)
			first := hold(t, s, letter(1), bulk("first"))
			road.Meet(func(r *http.Request) gateway.Trouble {
				if r.Method == http.MethodPut {
					return trouble
				}
				return gateway.Trouble{}
			})
			_, err := s.Hold(t.Context(), letter(1), strings.NewReader(bulk("second")))
			if err == nil {
				t.Fatal("held")
			}
			if errors.Is(err, ErrFull) != (trouble.Status == 507) {
				t.Errorf("is it full? %v", err)
			}
			// What is small is in its row, and needs no bucket.
			hold(t, s, letter(1), "small")
			road.Meet(nil)
			if all, _, err := s.List(t.Context(), Query{}); err != nil || len(all) != 2 {
				t.Errorf("%d messages, %v; want the first and the small one", len(all), err)
			}
			readContent(t, s, first.ID)
			o.Grace = 1
			later := open(t, s.dir, o)
			if report, err := later.Sweep(t.Context()); err != nil || len(report.Missing) > 0 {
				t.Errorf("sweep: %+v, %v", report, err)
			}
			wantObjects(t, objects, 1)
		})
	}
}

func TestTheSealFindsChangedObjects(t *testing.T) {
	t.Parallel()
	s, _, objects, _ := bucketStore(t)
	m := hold(t, s, letter(1), bulk("x"))
	all, err := filepath.Glob(filepath.Join(objects, "*", "*"+packSuffix))
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	sealed, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, len(sealed) / 2, len(sealed) - 1} {
		sealed[at] ^= 1
		write(t, all[0], string(sealed))
		if err := readAll(t, s, m.ID); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d: %v, want that it is damaged", at, err)
		}
		sealed[at] ^= 1
	}
	write(t, all[0], string(sealed[:len(sealed)/2]))
	if err := readAll(t, s, m.ID); !errors.Is(err, ErrDamaged) {
		t.Errorf("cut off: %v, want that it is damaged", err)
	}
	if report, err := s.Sweep(t.Context()); err != nil || len(report.Missing) != 1 || report.Missing[0] != m.ID {
		t.Errorf("sweep: %+v, %v; want %s missing", report, err, m.ID)
	}
	if err := os.Remove(all[0]); err != nil {
		t.Fatal(err)
	}
	if err := readAll(t, s, m.ID); !errors.Is(err, ErrDamaged) {
		t.Errorf("gone: %v, want that it is damaged", err)
	}
}

// A store that is away is no damage: who reads comes again.
func TestABucketThatIsAwayIsNoDamage(t *testing.T) {
	t.Parallel()
	s, road, _, _ := bucketStore(t)
	m := hold(t, s, letter(1), bulk("x"))
	road.Meet(func(*http.Request) gateway.Trouble { return gateway.Trouble{Refuse: true} })
	if err := readAll(t, s, m.ID); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("%v, want that it is away", err)
	}
	if _, err := s.Sweep(t.Context()); err == nil {
		t.Error("a sweep of what is away finds nothing wrong")
	}
	road.Meet(nil)
	readContent(t, s, m.ID)
}

// The same race as on a disk, over a store that other relays sweep.
func TestHoldNoticesThatItsObjectWasSwept(t *testing.T) {
	t.Parallel()
	s, road, objects, o := bucketStore(t)
	hold(t, s, letter(1), bulk("first"))
	o.Grace = 1
	others := []*Store{open(t, s.dir, o), open(t, s.dir, o)}
	var puts atomic.Int64
	begun := make(chan struct{})
	// Its first answer is lost, so that it has to look whose the object is.
	road.Meet(func(r *http.Request) gateway.Trouble {
		return gateway.Trouble{Lose: r.Method == http.MethodPut && puts.Add(1) == 1}
	})
	s.opts.Reserve = 1
	s.opts.disk = &wakingDisk{Disk: s.opts.disk, wake: func() {
		defer close(begun)
		orphans := 0
		for _, other := range others {
			report, err := other.Sweep(t.Context())
			if err != nil {
				t.Error(err)
			}
			orphans += report.Orphans
		}
		if orphans != 1 {
			t.Errorf("%d orphans, want one, counted once", orphans)
		}
	}}
	_, err := s.Hold(t.Context(), letter(1), strings.NewReader(bulk("second")))
	wantErr(t, err, ErrDamaged)
	<-begun
	wantObjects(t, objects, 1)
	if all, _, err := s.List(t.Context(), Query{}); err != nil || len(all) != 1 {
		t.Errorf("%d messages, %v; want the first", len(all), err)
	}
}

// wakingDisk has something happen when it is asked for its room the second time:
// between a pack's end and its row.
type wakingDisk struct {
	packs.Disk
	asked int
	wake  func()
}

func (d *wakingDisk) Free(path string) (uint64, error) {
	if d.asked++; d.asked == 2 {
		d.wake()
	}
	return d.Disk.Free(path)
}

func TestKillLosesNoMessageInABucket(t *testing.T) {
	t.Parallel()
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	dir := t.TempDir()
	o := inBucket(g.Endpoint, g.SecretKey)
	o.Grace = 1
	acknowledged := map[string]string{}
	orphans := 0
	for range rounds {
		killWhileHolding(t, dir, acknowledged, childEndpoint+"="+g.Endpoint, childSecret+"="+g.SecretKey)
		s := open(t, dir, o)
		report := sweepAfterKill(t, s, acknowledged)
		orphans += report.Orphans
		var packs int
		if err := s.reader.QueryRow("SELECT count(*) FROM packs WHERE live >= 0").Scan(&packs); err != nil {
			t.Fatal(err)
		}
		wantObjects(t, filepath.Join(g.Folder, "held", "content"), packs)
	}
	t.Logf("%d rounds, %d messages acknowledged, %d objects without a row swept", rounds, len(acknowledged), orphans)
}

func TestContentStaysWhereItIs(t *testing.T) {
	t.Parallel()
	g := gateway.Start(t, gateway.Options{})
	g.MakeBucket("held")
	o := inBucket(g.Endpoint, g.SecretKey)
	dir := t.TempDir()
	s := open(t, dir, Options{})
	m := hold(t, s, letter(1), bulk("x"))
	if _, err := openIn(t.Context(), dir, o); err == nil || !strings.Contains(err.Error(), "go back to the first") {
		t.Errorf("opened in another place: %v", err)
	}
	if err := s.Delete(t.Context(), m.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	hold(t, open(t, dir, o), letter(1), bulk("y"))
	if _, err := openIn(t.Context(), dir, Options{}); err == nil || !strings.Contains(err.Error(), "s3:held") {
		t.Errorf("opened in the folder again: %v", err)
	}
}
