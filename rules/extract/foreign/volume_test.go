package foreign

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// rar5Volume is one volume of a RAR 5 archive whose stored file goes on in the
// next, or has begun in the one before.
func rar5Volume(first bool, content string, whole int) []byte {
	out := []byte("Rar!\x1a\x07\x01\x00")
	header := func(body []byte) {
		sized := append(binary.AppendUvarint(nil, uint64(len(body))), body...)
		out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(sized))
		out = append(out, sized...)
	}
	split := byte(0x10) // goes on
	if first {
		header([]byte{1, 0, 1}) // a volume
	} else {
		header([]byte{1, 0, 3, 1}) // the second one
		split = 0x08
	}
	h := []byte{2, 2 | split}
	h = binary.AppendUvarint(h, uint64(len(content)))
	h = append(h, 4)
	h = binary.AppendUvarint(h, uint64(whole))
	h = append(h, 0)
	h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE([]byte(content)))
	h = append(h, 0, 1, 5)
	header(append(h, "a.csv"...))
	out = append(out, content...)
	header([]byte{5, 0, 1}) // more volumes follow
	return out
}

func TestAVolumeIsNeverTheWholeArchive(t *testing.T) {
	for _, first := range []bool{true, false} {
		got := read(jobOf(RAR, rar5Volume(first, rows()[:5000], len(rows()))))
		if !strings.Contains(got, document.ErrDamaged.Error()) && !strings.Contains(got, document.ErrUnsupported.Error()) {
			t.Errorf("first %v: %s", first, got)
		}
	}
	b, err := os.ReadFile("testdata/lzma2-solid.7z")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][]byte{b[:len(b)/2], b[len(b)/2:]} {
		if got := read(jobOf(SevenZip, part)); !strings.Contains(got, document.ErrDamaged.Error()) {
			t.Errorf("half of a 7z: %s", got)
		}
	}
}

func TestLZipMembersAreJoinedAndTheirBoundsKept(t *testing.T) {
	b, err := os.ReadFile("../testdata/two.lz")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(jobOf(LZip, b)); !strings.HasPrefix(got, `"": 14528 bytes `) || !strings.HasSuffix(got, "\nend\n") {
		t.Error(got)
	}
	if got := read(jobOf(LZip, b[:len(b)-30])); !strings.Contains(got, document.ErrDamaged.Error()) {
		t.Errorf("cut off: %s", got)
	}
	if got := read(jobOf(LZip, append(bytes.Clone(b), "behind"...))); !strings.Contains(got, document.ErrDamaged.Error()) {
		t.Errorf("something behind it: %s", got)
	}
	job := jobOf(LZip, b)
	job.Limits.Window = 4096
	if got := read(job); !strings.Contains(got, document.ErrTooBig.Error()) {
		t.Errorf("too wide a window: %s", got)
	}
}

// FuzzLZip: the end comes, and an error has a name.
func FuzzLZip(f *testing.F) {
	b, err := os.ReadFile("../testdata/two.lz")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		job := jobOf(LZip, b)
		job.Limits.Window = 1 << 20
		var l list
		err := Read(t.Context(), job, &l)
		if strings.Contains(l.b.String(), "unnamed") || err != nil && !errors.Is(err, document.ErrDamaged) {
			t.Errorf("%v in %s", err, l.b.String())
		}
	})
}
