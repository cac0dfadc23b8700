package quarantine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// fault is what happens at the chosen step of the file layer.
type fault int

const (
	failOnce fault = iota // one step fails, the rest work
	diskFull              // as failOnce, for want of space
	killed                // this step and all later ones do nothing, as after kill -9
	powerCut              // as killed, and whatever was not synced is lost
)

var faultNames = [...]string{"one step fails", "disk full", "killed", "power cut"}

// shorten leaves out, where time is short, the faults that another one of
// them includes.
func shorten(t *testing.T, mode fault) {
	if mode == diskFull || mode == killed {
		testbed.SkipShort(t, "another fault includes it")
	}
}

var errInjected = errors.New("injected")

// faultDisk counts the steps of the file layer, breaks at one of them, and
// knows what a power cut would take: the bytes of files that were not synced,
// and the entries of folders that were not.
type faultDisk struct {
	packs.Machine
	mu     sync.Mutex
	mode   fault
	left   int // steps until the fault; 0: never
	dead   bool
	broke  bool
	undo   []undo
	unsync map[*faultFile]bool
}

// undo takes back one change of a folder until that folder is synced.
type undo struct {
	folder string
	run    func() error
}

func newFaultDisk() *faultDisk { return &faultDisk{unsync: map[*faultFile]bool{}} }

func (d *faultDisk) arm(mode fault, step int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mode, d.left = mode, step
}

// step is called before each operation.
func (d *faultDisk) step() error {
	if d.dead {
		return errInjected
	}
	if d.left == 0 {
		return nil
	}
	if d.left--; d.left > 0 {
		return nil
	}
	d.broke = true
	d.dead = d.mode == killed || d.mode == powerCut
	if d.mode == diskFull {
		return errors.Join(errInjected, syscall.ENOSPC)
	}
	return errInjected
}

// cut loses what was not synced.
func (d *faultDisk) cut(t testing.TB) {
	t.Helper()
	for f := range d.unsync {
		if err := os.Truncate(f.path, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	for i := len(d.undo) - 1; i >= 0; i-- {
		if err := d.undo[i].run(); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *faultDisk) changed(path string, run func() error) {
	d.undo = append(d.undo, undo{filepath.Dir(path), run})
}

func (d *faultDisk) Mkdir(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	d.changed(path, func() error { return os.RemoveAll(path) })
	return d.Machine.Mkdir(path)
}

func (d *faultDisk) Create(path string) (packs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := d.Machine.Create(path)
	if err != nil {
		return nil, err
	}
	ff := &faultFile{File: f, disk: d, path: path}
	d.changed(path, func() error { return os.RemoveAll(path) })
	if filepath.Base(path) != databaseName { // SQLite syncs that one
		d.unsync[ff] = true
	}
	return ff, nil
}

func (d *faultDisk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	for f := range d.unsync {
		if f.path == from {
			f.path = to
		}
	}
	// The file is under its old name again, or gone where even that was
	// never synced.
	d.changed(to, func() error {
		if err := os.Rename(to, from); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	return nil
}

func (d *faultDisk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d.changed(path, func() error { return os.WriteFile(path, text, 0o600) })
	return os.Remove(path)
}

func (d *faultDisk) SyncDir(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	var left []undo
	for _, u := range d.undo {
		if u.folder != path {
			left = append(left, u)
		}
	}
	d.undo = left
	return nil // the machine itself stays up
}

func (d *faultDisk) Lstat(path string) (fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return nil, err
	}
	return os.Lstat(path)
}

func (d *faultDisk) Free(string) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return 1 << 40, d.step()
}

type faultFile struct {
	packs.File
	disk *faultDisk
	path string
}

// Write leaves half of its bytes behind when it breaks.
func (f *faultFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	dead := f.disk.dead
	if err := f.disk.step(); err != nil {
		if !dead {
			n, werr := f.File.Write(p[:len(p)/2])
			return n, errors.Join(err, werr)
		}
		return 0, err
	}
	return f.File.Write(p)
}

func (f *faultFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step(); err != nil {
		return err
	}
	delete(f.disk.unsync, f)
	return nil
}

// Close gives the descriptor back even when the fault hits it.
func (f *faultFile) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return errors.Join(f.disk.step(), f.File.Close())
}

// crashContent is longer than what is written to a pack at once.
func crashContent(name string) string {
	var b strings.Builder
	for i := 0; b.Len() <= packBuffer; i++ {
		b.WriteString(bulk(fmt.Sprint(name, i)))
	}
	return b.String()
}

// crashAt holds a message and breaks the disk at one step of what run does. It
// reports whether the fault was met, and the store's folder as it was left.
func crashAt(t *testing.T, mode fault, step int, prepare func(*Store), run func(*Store, Message) error) (met bool, left crash) {
	t.Helper()
	left.dir = filepath.Join(t.TempDir(), "data", "quarantine")
	disk := newFaultDisk()
	s, err := Open(t.Context(), left.dir, Options{disk: disk})
	if err != nil {
		t.Fatal(err)
	}
	left.first = hold(t, s, letter(1), crashContent("first"))
	if prepare != nil {
		prepare(s)
	}
	disk.arm(mode, step)
	left.err = run(s, left.first)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if mode == powerCut {
		disk.cut(t)
	}
	return disk.broke, left
}

type crash struct {
	dir   string
	first Message // held before the fault
	err   error   // of what was run
}

// wantSound opens what a crash left and finds every message whole, and nothing
// beside them once the grace time is over.
func wantSound(t *testing.T, dir string) []Message {
	t.Helper()
	s := open(t, dir, Options{})
	all, _, err := s.List(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.State != Deleted {
			readContent(t, s, m.ID)
		}
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	later := open(t, dir, Options{Clock: func() time.Time { return time.Now().Add(2 * defaultGrace) }})
	report, err := later.Sweep(t.Context())
	if err != nil || len(report.Missing) > 0 {
		t.Errorf("sweep: %+v, %v", report, err)
	}
	wantTidy(t, later)
	return all
}

func TestNoCrashLosesAcknowledgedMessage(t *testing.T) {
	ofSQLite(t, "a power cut takes its file too")
	t.Parallel()
	for mode, name := range faultNames {
		t.Run(name, func(t *testing.T) {
			shorten(t, fault(mode))
			steps := 0
			for met := true; met; {
				steps++
				var held Message
				var left crash
				met, left = crashAt(t, fault(mode), steps, nil, func(s *Store, _ Message) (err error) {
					held, err = s.Hold(t.Context(), letter(2), strings.NewReader(crashContent("second")))
					return err
				})
				want := map[string]bool{left.first.ID: true}
				if left.err == nil {
					want[held.ID] = true
				} else if fault(mode) == diskFull {
					wantErr(t, left.err, ErrFull)
				} else {
					wantErr(t, left.err, errInjected)
				}
				all := wantSound(t, left.dir)
				for _, m := range all {
					if !want[m.ID] {
						t.Errorf("step %d: %s was never acknowledged", steps, m.ID)
					}
				}
				if len(all) != len(want) {
					t.Errorf("step %d: %d messages, want %d", steps, len(all), len(want))
				}
			}
			if steps < 10 {
				t.Errorf("only %d steps were met", steps-1)
			}
		})
	}
}

func TestNoCrashUndoesDelete(t *testing.T) {
	ofSQLite(t, "a power cut takes its file too")
	t.Parallel()
	for mode, name := range faultNames {
		t.Run(name, func(t *testing.T) {
			shorten(t, fault(mode))
			steps := 0
			for met := true; met; {
				steps++
				var left crash
				met, left = crashAt(t, fault(mode), steps, nil, func(s *Store, m Message) error {
					return s.Delete(t.Context(), m.ID, "anna", "not ours")
				})
				all := wantSound(t, left.dir)
				if len(all) != 1 || all[0].State != Deleted || all[0].DecidedBy != "anna" {
					t.Errorf("step %d (%v): left %+v", steps, left.err, all)
				}
			}
			if steps != 3 { // Remove and SyncDir, then none
				t.Errorf("%d steps were met, want 2", steps-1)
			}
		})
	}
}

// Sweep moves chunks that are alive, so it must be no more fatal than Hold.
func TestNoCrashOfSweepLosesContent(t *testing.T) {
	ofSQLite(t, "a power cut takes its file too")
	testbed.SkipShort(t, "filling a store takes long")
	t.Parallel()
	for mode, name := range faultNames {
		t.Run(name, func(t *testing.T) {
			shorten(t, fault(mode))
			steps := 0
			for met := true; met; {
				steps++
				shared := bulk("shared")
				var left crash
				met, left = crashAt(t, fault(mode), steps, func(s *Store) {
					m := hold(t, s, letter(1), bulk("1")+bulk("2")+bulk("3")+shared)
					hold(t, s, letter(1), "x\r\n\r\n"+shared)
					if err := s.Delete(t.Context(), m.ID, "anna", ""); err != nil {
						t.Fatal(err)
					}
				}, func(s *Store, _ Message) error {
					_, err := s.Sweep(t.Context())
					return err
				})
				if all := wantSound(t, left.dir); len(all) != 3 {
					t.Errorf("step %d: %d messages, want 3", steps, len(all))
				}
			}
			if steps < 8 {
				t.Errorf("only %d steps were met: nothing was written anew", steps-1)
			}
		})
	}
}

func TestDiskReserveIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	disk := &shrinkingDisk{free: []uint64{1000, 999, 1000, 1000}}
	s := open(t, dir, Options{Reserve: 1000, disk: disk})
	// Enough before the content is written, too little after.
	_, err := s.Hold(t.Context(), letter(1), strings.NewReader(bulk("x")))
	wantErr(t, err, ErrFull)
	wantFiles(t, dir, 0)
	hold(t, s, letter(1), bulk("x"))
	disk.free = []uint64{0}
	if _, err := s.Hold(t.Context(), letter(1), strings.NewReader("x")); !errors.Is(err, ErrFull) {
		t.Errorf("%v, want ErrFull", err)
	}
}

// shrinkingDisk tells one figure after the other.
type shrinkingDisk struct {
	packs.Machine
	free []uint64
}

func (d *shrinkingDisk) Free(string) (uint64, error) {
	free := d.free[0]
	d.free = d.free[1:]
	return free, nil
}
