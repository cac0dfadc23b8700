package foreign

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// The golden file has every archive without a password and with the right one
// among others.
func TestArchivesAreReadAsTheyAlwaysWere(t *testing.T) {
	all := archives(t)
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		kind := kindOf(name)
		fmt.Fprintf(&got, "== %s\n%s", name, read(jobOf(kind, all[name])))
		if strings.Contains(name, "encrypted") {
			fmt.Fprintf(&got, "== %s, passwords\n%s", name, read(jobOf(kind, all[name], "wrong", "infected")))
			fmt.Fprintf(&got, "== %s, wrong passwords\n%s", name, read(jobOf(kind, all[name], "wrong", "also wrong")))
		}
	}
	const golden = "testdata/archives.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// The golden file is only as good as what it was written from.
func TestContentComesOutWhole(t *testing.T) {
	want := fmt.Sprintf("%d bytes %08x\n", len(rows()), crc32.ChecksumIEEE([]byte(rows())))
	for name, b := range archives(t) {
		if name == "nested.7z" || name == "twice.xz" {
			continue
		}
		if got := read(jobOf(kindOf(name), b, "infected")); !strings.Contains(got, want) || !strings.HasSuffix(got, "end\n") {
			t.Errorf("%s: got\n%swant %s", name, got, want)
		}
	}
}

func TestDamageIsToldAndWhatCameBeforeStays(t *testing.T) {
	for name, b := range archives(t) {
		cut := read(jobOf(kindOf(name), b[:len(b)*2/3], "infected"))
		if !strings.Contains(cut, document.ErrDamaged.Error()) && !strings.Contains(cut, document.ErrEncrypted.Error()) {
			t.Errorf("%s cut off: got\n%s, want damage", name, cut)
		}
	}
	b := rar5("note.txt", note, "customers.csv", rows())
	got := read(jobOf(RAR, b[:2000]))
	if !strings.HasPrefix(got, fmt.Sprintf("\"note.txt\": %d bytes", len(note))) {
		t.Errorf("the file before the cut is lost: %s", got)
	}
}

func TestBoundsAndErrorsEndTheReading(t *testing.T) {
	var files []string
	for i := range 120 {
		files = append(files, fmt.Sprint(i), "x")
	}
	stop := errors.New("stop")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	sevens := archives(t)["copy.7z"]
	one := func(j Job) Job { j.Limits.Entries = 1; return j }
	narrow := jobOf(LZMA, archives(t)["one.lzma"])
	narrow.Limits.Window = 4 << 10
	for _, c := range []struct {
		name string
		ctx  context.Context
		job  Job
		out  list
		want error
	}{
		{"too many files, rar 5", context.Background(), jobOf(RAR, rar5(files...)), list{}, document.ErrTooMany},
		{"too many files, rar 4", context.Background(), jobOf(RAR, rar4(files...)), list{}, document.ErrTooMany},
		{"too many files, 7z", context.Background(), one(jobOf(SevenZip, sevens)), list{}, document.ErrTooMany},
		{"too wide a window", context.Background(), narrow, list{}, document.ErrTooBig},
		{"the output's error, rar", context.Background(), jobOf(RAR, rar5("a", "x")), list{fail: stop}, stop},
		{"the output's error, 7z", context.Background(), jobOf(SevenZip, sevens), list{fail: stop}, stop},
		{"the output's error, xz", context.Background(), jobOf(XZ, archives(t)["one.xz"]), list{fail: stop}, stop},
		{"the context's end, rar", cancelled, jobOf(RAR, rar5("a", "x")), list{}, context.Canceled},
		{"the context's end, 7z", cancelled, jobOf(SevenZip, sevens), list{}, context.Canceled},
		{"no such kind", context.Background(), jobOf(99, sevens), list{}, document.ErrUnsupported},
		{"nothing at all, rar", context.Background(), jobOf(RAR, nil), list{}, document.ErrDamaged},
		{"nothing at all, 7z", context.Background(), jobOf(SevenZip, nil), list{}, document.ErrDamaged},
		{"nothing at all, xz", context.Background(), jobOf(XZ, nil), list{}, document.ErrDamaged},
		{"nothing at all, lzma", context.Background(), jobOf(LZMA, nil), list{}, document.ErrDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := Read(c.ctx, c.job, &c.out); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}
