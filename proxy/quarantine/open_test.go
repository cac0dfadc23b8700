package quarantine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

func TestOpenTellsWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(t *testing.T, dir string) Options // breaks the folder
		want []string
	}{
		{"a file in its place", func(t *testing.T, dir string) Options {
			write(t, dir, "not a folder")
			return Options{}
		}, []string{"it is not a folder", "choose another data folder"}},
		{"a file above it", func(t *testing.T, dir string) Options {
			write(t, filepath.Dir(dir), "not a folder")
			return Options{}
		}, []string{"not a directory", "choose another data folder"}},
		{"not writable", func(_ *testing.T, _ string) Options {
			return Options{disk: refusing{err: &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}}}
		}, []string{"permission denied", "make it writable for user id"}},
		{"read-only disk", func(_ *testing.T, _ string) Options {
			return Options{disk: refusing{err: &fs.PathError{Op: "open", Path: "x", Err: syscall.EROFS}}}
		}, []string{"read-only file system", "choose another data folder"}},
		{"full disk", func(_ *testing.T, _ string) Options {
			return Options{disk: refusing{err: &fs.PathError{Op: "open", Path: "x", Err: syscall.ENOSPC}}}
		}, []string{"no space left", "free some space"}},
		{"database is something else", func(t *testing.T, dir string) Options {
			write(t, filepath.Join(dir, databaseName), strings.Repeat("no database ", 100))
			return Options{}
		}, []string{databaseName, "not a database"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data", "quarantine")
			o := test.make(t, dir)
			s, err := Open(t.Context(), dir, o)
			if err == nil {
				t.Fatal("opens", s.Close())
			}
			for _, want := range append(test.want, dir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestOpenRefusesNewerDatabase(t *testing.T) {
	ofSQLite(t, "user_version")
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if _, err := s.writer.Exec("PRAGMA user_version = 999"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, Options{})
	wantErr(t, err, ErrNewer)
	for _, want := range []string{dir, "999", "start the newer program"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestUnwritableFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	unprivileged(t)
	_, err := Open(t.Context(), dir, Options{})
	wantErr(t, err, fs.ErrPermission)
}

func TestPathsMayHaveAnyLetters(t *testing.T) {
	ofSQLite(t, "the path of its file")
	t.Parallel()
	dir := filepath.Join(t.TempDir(), `a b%20?c=d#e&ü'"`)
	s := open(t, dir, Options{})
	m := hold(t, s, letter(1), "x")
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err != nil {
		t.Error(err)
	}
	if got := readContent(t, s, m.ID); got != "x" {
		t.Errorf("content %q", got)
	}
}

func TestMigrationsGoForwardOnceAndWhole(t *testing.T) {
	ofSQLite(t, "its migrations")
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	steps, err := s.migrations()
	if err != nil || len(steps) == 0 {
		t.Fatal(len(steps), err)
	}
	hold(t, s, letter(1), "x")
	next := append(steps, migration{sql: "CREATE TABLE later (a INTEGER)"})
	for range 2 { // the second time there is nothing to do
		if err := migrate(t.Context(), s.writer, next); err != nil {
			t.Fatal(err)
		}
	}
	broken := append(next, migration{sql: "CREATE TABLE later2 (a INTEGER)"}, migration{sql: "CREATE NONSENSE"})
	if err := migrate(t.Context(), s.writer, broken); err == nil {
		t.Fatal("nonsense migrates")
	}
	var tables, version int
	err = errors.Join(
		s.reader.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name IN ('later', 'later2')").Scan(&tables),
		s.reader.QueryRow("PRAGMA user_version").Scan(&version))
	if err != nil || tables != 1 || version != len(next) {
		t.Errorf("%d tables at version %d, %v; want 1 at %d", tables, version, err, len(next))
	}
	if all, _, err := s.List(t.Context(), Query{}); err != nil || len(all) != 1 {
		t.Errorf("%d messages after migration, %v", len(all), err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// refusing is a disk on which no file can be made.
type refusing struct {
	packs.Machine
	err error
}

func (r refusing) Create(string) (packs.File, error) { return nil, r.err }

// While a program is replaced the old one has the store open when the new one
// changes its tables: it holds its last messages if what it writes is right still,
// and refuses to if it is not.
func TestANewerProgramMigratesTheOpenStore(t *testing.T) {
	ofSQLite(t, "user_version")
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	migrate := func(oldest int) {
		t.Helper()
		if _, err := s.writer.Exec(fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", s.schema+1, oldest)); err != nil {
			t.Fatal(err)
		}
	}
	migrate(s.schema)
	first := hold(t, s, letter(1), "x")
	migrate(s.schema + 1)
	_, err := s.Hold(t.Context(), letter(2), strings.NewReader("y"))
	wantErr(t, err, ErrNewer)
	if all, _, err := s.List(t.Context(), Query{}); err != nil || len(all) != 1 || all[0].ID != first.ID {
		t.Errorf("%d messages are held (%v), want the first", len(all), err)
	}
	steps, err := s.migrations()
	if err != nil || oldestWriter > len(steps) || oldestWriter < 1 {
		t.Errorf("programs from schema %d on may write to schema %d (%v)", oldestWriter, len(steps), err)
	}
}
