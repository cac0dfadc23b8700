package lzw

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

func expand(b []byte) ([]byte, error) {
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, 1<<20))
}

// The codes of this stream grow to 12 bits; the same file as a golden one is
// read in package extract.
func TestAFileOfCompressIsExpanded(t *testing.T) {
	b, err := os.ReadFile("../testdata/compress.Z")
	if err != nil {
		t.Fatal(err)
	}
	got, err := expand(b)
	if err != nil || len(got) != 14497 || !bytes.HasSuffix(got, []byte("person299@example.org,+1 202 555 0299\n")) {
		t.Errorf("%d bytes, ends in %q, %v", len(got), got[max(len(got)-60, 0):], err)
	}
}

func TestBadStreamsAreDamage(t *testing.T) {
	for _, s := range []string{"", "\x1f\x9d", "\x1f\x9d\x88", "\x1f\x9d\x91\xff", "\x1f\x9d\x90\xff\xff\xff", "\x1f\x9d\x10\x00\x03\x03\x03"} {
		if _, err := expand([]byte(s + "\xff\xff\xff\xff\xff\xff\xff\xff\xff")); !errors.Is(err, document.ErrDamaged) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// FuzzLZW: whatever a stream says, its end comes, and an error is damage.
func FuzzLZW(f *testing.F) {
	b, err := os.ReadFile("../testdata/compress.Z")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("\x1f\x9d\x90a\x02\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := expand(b); err != nil && !errors.Is(err, document.ErrDamaged) {
			t.Errorf("error %v", err)
		}
	})
}
