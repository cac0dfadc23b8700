package proxy

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

// TestSpoolGivesBackWhatItTook, in memory and in a file, around each bound.
func TestSpoolGivesBackWhatItTook(t *testing.T) {
	const bound = 2*spoolBlock + 1000
	var memory spoolMemory
	dir := t.TempDir()
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{0, 1, spoolBlock - 1, spoolBlock, spoolBlock + 1, 2 * spoolBlock, bound - 1, bound, bound + 1,
		bound + spoolStride - 1, bound + spoolStride, bound + spoolStride + 1, 10*bound + 7} {
		want := make([]byte, size)
		random.Read(want)
		for name, r := range map[string]io.Reader{
			"at once": bytes.NewReader(want), "by halves": iotest.HalfReader(bytes.NewReader(want)),
			"with its end": iotest.DataErrReader(bytes.NewReader(want)),
			"with pauses":  &hesitant{Reader: bytes.NewReader(want)},
		} {
			s := newSpool(dir, bound, &memory)
			if n, err := s.ReadFrom(r); err != nil || n != int64(size) || s.size != n {
				t.Fatalf("%d octets %s: took %d of size %d, %v", size, name, n, s.size, err)
			}
			got, err := io.ReadAll(io.NewSectionReader(s, 0, s.size))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d octets %s: other bytes came back (%v)", size, name, err)
			}
			if inFile := s.file != nil; size != bound && inFile != (size > bound) {
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

// hesitant gives nothing at every other read, as a pipe does for an empty write.
type hesitant struct {
	io.Reader
	ready bool
}

func (h *hesitant) Read(p []byte) (int, error) {
	h.ready = !h.ready
	if h.ready {
		return 0, nil
	}
	return h.Reader.Read(p)
}

// TestSpoolTellsFaults of its source and of its folder.
func TestSpoolTellsFaults(t *testing.T) {
	broken := errors.New("broken")
	if _, err := newSpool(t.TempDir(), 100, new(spoolMemory)).ReadFrom(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the source", err)
	}
	if _, err := newSpool(t.TempDir()+"/none", 100, new(spoolMemory)).ReadFrom(bytes.NewReader(make([]byte, 1000))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that of the folder", err)
	}
}

// TestSpoolLeavesMemoryThatIsReadOn finds what one message leaves taken by the
// next, but not what an inspection may still read.
func TestSpoolLeavesMemoryThatIsReadOn(t *testing.T) {
	var memory spoolMemory
	take := func(content string) *spool {
		s := newSpool(t.TempDir(), 1<<20, &memory)
		if _, err := s.ReadFrom(strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		return s
	}
	read := func(s *spool) string {
		got, err := io.ReadAll(io.NewSectionReader(s, 0, s.size))
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	first := strings.Repeat("first ", 10_000)
	left := take(first)
	left.lend()
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		next := take("next")
		if got := read(next); got != "next" {
			t.Fatalf("%q, want what the message has and nothing of those before", got)
		}
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if read(left) != first {
		t.Error("what an inspection reads on has changed")
	}
}
