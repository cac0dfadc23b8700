package xmlzip

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

var limits = document.Limits{Bytes: 64 << 20, Ratio: 200, Cells: 1e6, Pages: 100, Depth: 10}

// makeZip writes a zip of name and content pairs.
func makeZip(tb testing.TB, pairs ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err == nil {
			_, err = io.WriteString(f, pairs[i+1])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func open(data []byte, lim document.Limits) (*Archive, error) {
	return Open(context.Background(), bytes.NewReader(data), int64(len(data)), lim)
}

// contents lists all parts and what they hold.
func contents(a *Archive) string {
	var list []string
	for _, p := range a.Parts {
		b, err := a.Bytes(p, 1<<20)
		s := fmt.Sprintf("%s=%s", p.Name, b)
		if err != nil {
			s += "!"
		}
		list = append(list, s)
	}
	return strings.Join(list, " ")
}

func TestArchiveFindsPartsWhateverHoldsThem(t *testing.T) {
	whole := makeZip(t, "a.xml", "one", `Dir\B.xml`, "two", "dir/", "")
	const want = "a.xml=one Dir/B.xml=two"
	cut := whole[:bytes.Index(whole, []byte(sigCentral))+20]
	for _, tc := range []struct {
		name string
		data []byte
		err  error
	}{
		{"as written", whole, nil},
		{"after an unpacking program", append(bytes.Repeat([]byte("MZ stub "), 999), whole...), nil},
		{"with a comment behind", append(bytes.Clone(whole), "junk behind"...), nil},
		{"cut off in the directory", cut, document.ErrDamaged},
	} {
		a, err := open(tc.data, limits)
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: error %v, want %v", tc.name, err, tc.err)
		}
		if got := contents(a); got != want {
			t.Errorf("%s: %s, want %s", tc.name, got, want)
		}
	}
	a, _ := open(whole, limits)
	if a.Find("/DIR/b.XML") != a.Parts[1] {
		t.Error("a part is not found by another spelling of its name")
	}
}

func TestArchiveReadsWhatIsLeftOfACutPart(t *testing.T) {
	text := strings.Repeat("all the words of a long part that goes on ", 5000)
	whole := makeZip(t, "a.xml", "one", "b.xml", text)
	a, err := open(whole[:len(whole)/2], limits)
	if !errors.Is(err, document.ErrDamaged) || len(a.Parts) != 2 {
		t.Fatalf("%d parts, error %v", len(a.Parts), err)
	}
	b, err := a.Bytes(a.Parts[1], 1<<20)
	if !errors.Is(err, document.ErrDamaged) || len(b) == 0 || !strings.HasPrefix(text, string(b)) {
		t.Errorf("%d bytes, error %v", len(b), err)
	}
}

func TestArchiveKeepsItsBounds(t *testing.T) {
	bomb := makeZip(t, "a.xml", strings.Repeat("\x00", 8<<20))
	a, err := open(bomb, limits)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := a.Bytes(a.Parts[0], 64<<20); !errors.Is(err, document.ErrRatio) || len(b) > 2<<20 {
		t.Errorf("ratio: %d bytes, %v", len(b), err)
	}
	few := limits
	few.Bytes = 1000
	a, _ = open(makeZip(t, "a", strings.Repeat("ab", 400), "b", strings.Repeat("cd", 400)), few)
	_, err1 := a.Bytes(a.Parts[0], 1<<20)
	_, err2 := a.Bytes(a.Parts[1], 1<<20)
	if err1 != nil || !errors.Is(err2, document.ErrTooBig) {
		t.Errorf("bytes over all parts: %v, %v", err1, err2)
	}
	if _, err := a.Bytes(a.Parts[0], 10); !errors.Is(err, document.ErrTooBig) {
		t.Errorf("bytes in memory: %v", err)
	}
	many := make([]string, 0, 2*(MaxParts+1))
	for i := range MaxParts + 1 {
		many = append(many, fmt.Sprint(i), "")
	}
	if a, err := open(makeZip(t, many...), limits); !errors.Is(err, document.ErrTooMany) || len(a.Parts) != MaxParts {
		t.Errorf("parts: %d, %v", len(a.Parts), err)
	}
}

func TestArchiveStopsWithItsContext(t *testing.T) {
	data := makeZip(t, "a", "one")
	ctx, cancel := context.WithCancel(context.Background())
	a, err := Open(ctx, bytes.NewReader(data), int64(len(data)), limits)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := a.Bytes(a.Parts[0], 10); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestArchiveSaysThatAPartIsLocked(t *testing.T) {
	data := makeZip(t, "a", "one")
	data[bytes.Index(data, []byte(sigCentral))+8] |= 1
	a, _ := open(data, limits)
	if _, err := a.Open(a.Parts[0]); !errors.Is(err, document.ErrEncrypted) {
		t.Errorf("error %v", err)
	}
}

func FuzzArchive(f *testing.F) {
	f.Add(makeZip(f, "a.xml", "one", "b.xml", strings.Repeat("two", 99)))
	f.Add(makeZip(f, "a.xml", "one")[:40])
	f.Add([]byte(sigEnd + strings.Repeat("\x00", 18)))
	lim := limits
	lim.Bytes = 4 << 20
	f.Fuzz(func(t *testing.T, data []byte) {
		a, _ := open(data, lim)
		total := 0
		for _, p := range a.Parts {
			b, _ := a.Bytes(p, 8<<20)
			total += len(b)
		}
		if total > 4<<20 {
			t.Errorf("%d bytes out of %d", total, len(data))
		}
	})
}
