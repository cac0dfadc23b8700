package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

func TestArchivesOfForeignParsersAreOpened(t *testing.T) {
	for _, c := range []struct{ file, path string }{
		{"lzma2-solid.7z", "f/customers.csv"},
		{"encrypted-headers.7z", "f/customers.csv"}, // the password is "infected"
		{"encrypted-copy.7z", "f/customers.csv"},
		{"nested.7z", "f/copy.7z/customers.csv"},
		{"two.rar4", "f/customers.csv"},
		{"two.rar5", "f/customers.csv"},
		{"one.xz", "f/f"},
		{"one.lzma", "f/f"},
	} {
		t.Run(c.file, func(t *testing.T) {
			b, err := os.ReadFile("foreign/testdata/" + c.file)
			if err != nil {
				t.Fatal(err)
			}
			r, sum := walkFile(t, b, DefaultLimits())
			if !strings.Contains(r.text.String(), "person299@example.org") || len(sum.Unread) > 0 {
				t.Errorf("unread %v in %.200q", sum.Unread, r.text.String())
			}
			if !slices.ContainsFunc(sum.Parts, func(p Opened) bool { return p.Path == c.path }) {
				t.Errorf("parts %v, want %s", sum.Parts, c.path)
			}
		})
	}
}

func TestParquetIsATable(t *testing.T) {
	b, err := os.ReadFile("foreign/testdata/people.parquet")
	if err != nil {
		t.Fatal(err)
	}
	r, sum := walkFile(t, b, DefaultLimits())
	if r.rows != 302 || !strings.Contains(r.grids.String(), "person299@example.org") || len(sum.Unread) > 0 {
		t.Errorf("%d rows, unread %v", r.rows, sum.Unread)
	}
	if want := []string{"table f parquet 1"}; !slices.Equal(r.parts, want) {
		t.Errorf("parts %q, want %q", r.parts, want)
	}
}

// sevenZipMagic is enough to be told as 7z.
var sevenZipMagic = append([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), make([]byte, 100)...)

func TestIsolateIsToldTheBoundsAndItsErrorsAreUnread(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Reason
	}{
		{fmt.Errorf("worker: %w", foreign.ErrFailed), Failed},
		{fmt.Errorf("silent: %w", context.DeadlineExceeded), Timeout},
		{fmt.Errorf("worker: %w", document.ErrEncrypted), Encrypted},
		{errors.New("anything else"), Corrupt},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			lim := DefaultLimits()
			lim.Entries = 17
			lim.Isolate = func(ctx context.Context, job foreign.Job, out foreign.Output) error {
				if job.Kind != foreign.SevenZip || job.Size != int64(len(sevenZipMagic)) ||
					job.Limits.Entries != 17 || !slices.Contains(job.Passwords, "infected") {
					t.Errorf("job %+v", job)
				}
				if err := out.File(ctx, "a.txt", strings.NewReader(needle)); err != nil {
					return err
				}
				return c.err
			}
			r, sum := walkFile(t, sevenZipMagic, lim)
			if !strings.Contains(r.text.String(), needle) {
				t.Error("what came before the error is lost")
			}
			if len(sum.Unread) != 1 || sum.Unread[0].Path != "f" || sum.Unread[0].Reason != c.want {
				t.Errorf("unread %v, want f: %s", sum.Unread, c.want)
			}
		})
	}
}

// endless never stops.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "all work and no play "), nil }

func TestWhatAnIsolatedParserGivesIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector")
	}
	lim := DefaultLimits()
	lim.Isolate = func(ctx context.Context, _ foreign.Job, out foreign.Output) error {
		return out.File(ctx, "a.txt", endless{})
	}
	_, sum := walkFile(t, sevenZipMagic, lim)
	if len(sum.Unread) != 1 || sum.Unread[0].Reason != Ratio {
		t.Errorf("an endless file: unread %v, want %s", sum.Unread, Ratio)
	}
	lim.Parts = 30
	lim.Isolate = func(ctx context.Context, _ foreign.Job, out foreign.Output) error {
		for range 1000 {
			if err := out.File(ctx, strings.Repeat("x", 1<<20), strings.NewReader("text")); err != nil {
				return err
			}
		}
		return nil
	}
	_, sum = walkFile(t, sevenZipMagic, lim)
	if len(sum.Parts) > 30 || len(sum.Parts[1].Path) > 200 {
		t.Errorf("%d parts, the second with a name of %d bytes", len(sum.Parts), len(sum.Parts[1].Path))
	}
}

type key struct{}

func TestANestedArchiveIsReadInTheContextOfItsOuterOne(t *testing.T) {
	var seen []any
	lim := DefaultLimits()
	lim.Isolate = func(ctx context.Context, _ foreign.Job, out foreign.Output) error {
		seen = append(seen, ctx.Value(key{}))
		if len(seen) > 1 {
			return nil
		}
		inner := context.WithValue(ctx, key{}, "inside")
		return out.File(inner, "in.7z", bytes.NewReader(sevenZipMagic))
	}
	walkFile(t, sevenZipMagic, lim)
	if !slices.Equal(seen, []any{nil, "inside"}) {
		t.Errorf("contexts %v, want none and then that of the outer archive", seen)
	}
}
