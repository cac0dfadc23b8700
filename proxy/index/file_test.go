package index_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/index"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/exact"
	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

// write makes an index file of n addresses and names.
func write(t testing.TB, path string, secret keyed.Secret, n int) {
	t.Helper()
	err := index.Write(path, func(file *os.File) error {
		scratch, err := os.CreateTemp(t.TempDir(), "scratch")
		if err != nil {
			return err
		}
		defer scratch.Close()
		b := exact.NewBuilder(secret, scratch)
		if _, err := b.Column("email", detect.ContactEmail); err != nil {
			return err
		}
		w := b.Writer()
		for i := range n {
			if err := w.Add(uint32(i), 0, address(i)); err != nil {
				return err
			}
		}
		if _, err := b.Reserve(n); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		_, err = b.Finish(context.Background(), file, time.Now(), 1, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func address(i int) []byte { return fmt.Appendf(nil, "person%d@client.example", i) }

func newKey(t testing.TB) (keyed.Secret, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	secret, err := index.MakeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	return secret, path
}

func TestAnIndexIsReadFromItsFile(t *testing.T) {
	secret, _ := newKey(t)
	path := filepath.Join(t.TempDir(), "customers.idx")
	write(t, path, secret, 5000)
	x, err := index.Open("customers", path, secret)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if !x.Has(detect.ContactEmail, address(i)) {
			t.Fatalf("record %d is not found", i)
		}
	}
	info, size, err := index.Info(path)
	if err != nil || info.Records != 5000 || size == 0 {
		t.Errorf("Info = %+v, %d, %v", info, size, err)
	}
}

// A look-up that is under way when the file is replaced goes on in the old one.
func TestAReplacedFileLeavesTheOpenIndexWhole(t *testing.T) {
	secret, _ := newKey(t)
	path := filepath.Join(t.TempDir(), "customers.idx")
	write(t, path, secret, 2000)
	before := index.StampOf(path)
	x, err := index.Open("customers", path, secret)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, secret, 10)
	if index.StampOf(path) == before {
		t.Error("the new file has the old one's stamp")
	}
	for range 3 {
		runtime.GC() // frees mappings that nobody uses
	}
	for i := range 2000 {
		if !x.Has(detect.ContactEmail, address(i)) {
			t.Fatalf("record %d is not found", i)
		}
	}
}

// Somebody who copies over the file, instead of renaming, cuts it off first.
func TestAFileCutOffInPlaceIsAPanicAndNotTheEnd(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the file is in memory where it cannot be mapped")
	}
	secret, _ := newKey(t)
	path := filepath.Join(t.TempDir(), "customers.idx")
	write(t, path, secret, 50_000)
	x, err := index.Open("customers", path, secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("look-ups in a file that is gone have answers")
		}
	}()
	for i := range 50_000 {
		x.Has(detect.ContactEmail, address(i))
	}
}

func TestAFailedWriteLeavesTheOldFileAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	if err := index.Write(path, func(f *os.File) error { f.WriteString("half"); return full }); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
	names, _ := os.ReadDir(dir)
	if content, _ := os.ReadFile(path); string(content) != "old" || len(names) != 1 {
		t.Errorf("%q and %d files in the folder, want the old file alone", content, len(names))
	}
	if err := index.Write(path, func(f *os.File) error { _, err := f.WriteString("new"); return err }); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, want that of the file before", info.Mode())
	}
}

func TestKeyFiles(t *testing.T) {
	secret, path := newKey(t)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	if got, err := index.ReadKey(path); err != nil || got != secret {
		t.Errorf("the key is not read as it was made: %v", err)
	}
	if _, err := index.MakeKey(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v: a key was replaced", err)
	}
	other, made, err := index.OpenKey(filepath.Join(t.TempDir(), "new"))
	if err != nil || !made || other == secret {
		t.Errorf("OpenKey made %v, %v; a key of its own: %v", made, err, other != secret)
	}
	if index.OpenToOthers(path) {
		t.Error("a new key file is open to others")
	}
	if err := os.WriteFile(path, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := index.OpenKey(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name the file", err)
	}
}

func TestWhatIsNoIndexIsToldByItsPath(t *testing.T) {
	secret, key := newKey(t)
	for _, path := range []string{key, t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		if _, err := index.Open("x", path, secret); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v does not name %s", err, path)
		}
	}
}
