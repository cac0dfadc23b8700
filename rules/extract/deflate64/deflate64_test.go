package deflate64

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// raw returns the only entry of the archive in testdata, as it is packed.
func raw(t testing.TB) ([]byte, *zip.File) {
	t.Helper()
	z, err := zip.OpenReader("../testdata/deflate64.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	r, err := z.File[0].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil || z.File[0].Method != 9 {
		t.Fatal(z.File[0].Method, err)
	}
	return b, z.File[0]
}

// The file repeats what is 60,000 bytes back, which Deflate cannot.
func TestAFileOf7zIsExpanded(t *testing.T) {
	b, f := raw(t)
	got, err := io.ReadAll(NewReader(bytes.NewReader(b)))
	if err != nil || uint64(len(got)) != f.UncompressedSize64 || crc32.ChecksumIEEE(got) != f.CRC32 {
		t.Errorf("%d bytes of %d, %v", len(got), f.UncompressedSize64, err)
	}
	if _, err := io.ReadAll(NewReader(bytes.NewReader(b[:len(b)/2]))); !errors.Is(err, document.ErrDamaged) {
		t.Errorf("cut off: %v", err)
	}
}

// Deflate without its longest match, of 258 bytes, is Deflate64 too: short
// texts of every block type.
func TestDeflateWithoutLongMatchesIsTheSame(t *testing.T) {
	text := strings.Repeat("Ada Fernsby,ada@x.example\n", 4) + strings.Repeat("x", 200)
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		if got, err := io.ReadAll(NewReader(&b)); err != nil || string(got) != text {
			t.Errorf("level %d: %q, %v", level, got, err)
		}
	}
}

// FuzzDeflate64: the end comes, an error is damage, and what was packed into
// stored blocks comes out as it was.
func FuzzDeflate64(f *testing.F) {
	b, _ := raw(f)
	f.Add(b[:2000])
	f.Add([]byte("\x01\x03\x00\xfc\xffabc"))
	f.Add([]byte("\x4b\x4c\x4a\x06\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := io.Copy(io.Discard, io.LimitReader(NewReader(bytes.NewReader(b)), 4<<20)); err != nil && !errors.Is(err, document.ErrDamaged) {
			t.Errorf("error %v", err)
		}
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, flate.NoCompression)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(b)
		_ = w.Close()
		if got, err := io.ReadAll(NewReader(&packed)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("stored: %d bytes of %d, %v", len(got), len(b), err)
		}
	})
}

func BenchmarkDeflate64(b *testing.B) {
	packed, f := raw(b)
	b.SetBytes(int64(f.UncompressedSize64))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.Copy(io.Discard, NewReader(bytes.NewReader(packed))); err != nil {
			b.Fatal(err)
		}
	}
}
