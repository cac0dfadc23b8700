package worker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// sink keeps what extract finds, as it finds it.
type sink struct{ b strings.Builder }

func (s *sink) Text(p extract.Part, r io.Reader) error {
	b, err := io.ReadAll(r)
	fmt.Fprintf(&s.b, "%v: %q\n", p, b)
	return err
}

func (s *sink) Table(p extract.Part, g table.Grid) error {
	fmt.Fprintf(&s.b, "%v: a table\n", p)
	for {
		row, err := g.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(&s.b, "%q\n", row)
	}
}

// walk gives all that extract says of a file.
func walk(t testing.TB, b []byte, isolate func(context.Context, foreign.Job, foreign.Output) error) string {
	t.Helper()
	lim := extract.DefaultLimits()
	lim.Isolate = isolate
	var s sink
	sum, err := extract.New().File(context.Background(), "f", extract.Source{ReaderAt: bytes.NewReader(b), Size: int64(len(b))}, lim, &s)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s%v\n%v\n", s.b.String(), sum.Parts, sum.Unread)
}

// fixtures are the archives that foreign's own tests have.
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../../rules/extract/foreign/testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, path := range paths {
		if strings.HasSuffix(path, ".golden") || strings.HasSuffix(path, ".md") {
			continue
		}
		if all[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 10 {
		t.Fatalf("%d fixtures, want at least 10", len(all))
	}
	return all
}

func TestAWorkerFindsWhatTheProcessItselfFinds(t *testing.T) {
	p := pool(t, nil)
	for name, b := range fixtures(t) {
		damaged := bytes.Clone(b)
		damaged[len(b)/2] ^= 0x55
		for variant, b := range map[string][]byte{"whole": b, "cut": b[:len(b)*2/3], "damaged": damaged} {
			got, want := walk(t, b, p.Isolate), walk(t, b, nil)
			if got != want {
				t.Errorf("%s, %s:\nin a worker %.600s\nin process  %.600s", name, variant, got, want)
			}
		}
	}
}

func TestExtractSaysWhatALostWorkerLeftUnread(t *testing.T) {
	b := fixtures(t)["nested.7z"]
	for _, c := range []struct {
		name string
		kind foreign.Kind
		want extract.Reason
	}{
		{"dead", leave, extract.Failed},
		{"silent", sleep, extract.Timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pool(t, func(cfg *Config) { cfg.Silence = 1e9 })
			depth := 0
			lim := extract.DefaultLimits()
			// The archive within the archive is the bad one.
			lim.Isolate = func(ctx context.Context, job foreign.Job, out foreign.Output) error {
				if depth++; depth == 2 {
					job.Kind = c.kind
				}
				return p.Isolate(ctx, job, out)
			}
			var s sink
			sum, err := extract.New().File(context.Background(), "f", extract.Source{ReaderAt: bytes.NewReader(b), Size: int64(len(b))}, lim, &s)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(sum.Unread, func(u extract.Unread) bool {
				return u.Path == "f/copy.7z" && u.Reason == c.want && u.Partial
			}) {
				t.Errorf("unread %v, want f/copy.7z: %s", sum.Unread, c.want)
			}
			if !slices.ContainsFunc(sum.Unread, func(u extract.Unread) bool { return u.Path == "f" }) {
				t.Errorf("unread %v: what came after in the outer archive is not missed", sum.Unread)
			}
			wellBehaved(t, p)
		})
	}
}
