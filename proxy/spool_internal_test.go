package proxy

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/iotest"
)

// TestSpoolGivesBackWhatItTook, in memory and in a file, around each bound.
func TestSpoolGivesBackWhatItTook(t *testing.T) {
	const memory = 20_000
	dir := t.TempDir()
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{0, 1, firstRoom - 1, firstRoom, firstRoom + 1, 2 * firstRoom, memory - 1, memory, memory + 1, 2*memory - 1, 2 * memory, 10*memory + 7} {
		want := make([]byte, size)
		random.Read(want)
		for name, r := range map[string]io.Reader{
			"at once": bytes.NewReader(want), "by halves": iotest.HalfReader(bytes.NewReader(want)),
			"with its end": iotest.DataErrReader(bytes.NewReader(want)),
		} {
			s := newSpool(dir, memory)
			if n, err := s.ReadFrom(r); err != nil || n != int64(size) || s.size != n {
				t.Fatalf("%d octets %s: took %d of size %d, %v", size, name, n, s.size, err)
			}
			got, err := io.ReadAll(io.NewSectionReader(s, 0, s.size))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d octets %s: other bytes came back (%v)", size, name, err)
			}
			if inFile := s.file != nil; size != memory && inFile != (size > memory) {
				t.Errorf("%d octets %s: in a file is %t", size, name, inFile)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files left behind (%v)", len(left), err)
	}
}

// TestSpoolTellsFaults of its source and of its folder.
func TestSpoolTellsFaults(t *testing.T) {
	broken := errors.New("broken")
	if _, err := newSpool(t.TempDir(), 100).ReadFrom(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the source", err)
	}
	if _, err := newSpool(t.TempDir()+"/none", 100).ReadFrom(bytes.NewReader(make([]byte, 1000))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that of the folder", err)
	}
}
