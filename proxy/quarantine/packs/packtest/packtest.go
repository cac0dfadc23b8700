// Package packtest is the contract of [packs.Store] as tests, the same for every
// place that packs are kept in.
package packtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
)

// Run tests a kind of store. Make gives an empty one.
func Run(t *testing.T, make func(t *testing.T) packs.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, packs.Store)
	}{
		{"what was finished is read", finishedIsRead},
		{"what is written is read back before its end", readBack},
		{"nobody sees what is not finished", unfinishedIsUnseen},
		{"a name is used once", onceOnly},
		{"of many with one name one finishes", oneOfMany},
		{"what is aborted or removed is gone", gone},
		{"what is missing is said to be", missing},
		{"all are listed by their shards", listed},
		{"nothing is done for who has gone", canceled},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, make(t)) })
	}
}

// Random gives content that is the same for the same seed.
func Random(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(b) // never fails
	return b
}

// Write writes and finishes a pack.
func Write(ctx context.Context, s packs.Store, name string, content []byte) error {
	w, err := s.Create(ctx, name)
	if err != nil {
		return err
	}
	if err := write(w, content); err != nil {
		return errors.Join(err, w.Abort(ctx))
	}
	if err := w.Finish(ctx); err != nil {
		return errors.Join(err, w.Abort(ctx))
	}
	return nil
}

// write writes as a message's intake does, some at a time.
func write(w io.Writer, content []byte) error {
	for len(content) > 0 {
		n := min(len(content), 70_000)
		if _, err := w.Write(content[:n]); err != nil {
			return err
		}
		content = content[n:]
	}
	return nil
}

// Read reads a part of a pack.
func Read(ctx context.Context, s packs.Store, name string, off int64, length int) ([]byte, error) {
	r, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	b := make([]byte, length)
	n, err := r.ReadAt(ctx, b, off)
	return b[:n], errors.Join(err, r.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantNone(t *testing.T, s packs.Store, name string) {
	t.Helper()
	if _, err := Read(t.Context(), s, name, 0, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading %s: %v, want that it does not exist", name, err)
	}
	if all, err := s.List(t.Context(), packs.Shard(name)); err != nil || len(all) != 0 {
		t.Errorf("listed %v, %v; want nothing", all, err)
	}
}

func finishedIsRead(t *testing.T, s packs.Store) {
	for i, size := range []int{1, 9_000, 100_000, 3 << 20} {
		name := fmt.Sprintf("PK-AB%02d-0000.pack", i)
		content := Random(1, size)
		must(t, Write(t.Context(), s, name, content))
		r, err := s.Open(t.Context(), name)
		must(t, err)
		// Chunk by chunk, then here and there, as releases and repacking read.
		for at := 0; at < size; at += 9_000 {
			wantAt(t, r, content, at, min(9_000, size-at))
		}
		for range 20 {
			at := rand.IntN(size)
			wantAt(t, r, content, at, 1+rand.IntN(size-at))
		}
		b := make([]byte, 10)
		if n, err := r.ReadAt(t.Context(), b, int64(size)-1); n != 1 || !cutOff(err) {
			t.Errorf("across the end of %d: %d bytes, %v; want one and the end", size, n, err)
		}
		if n, err := r.ReadAt(t.Context(), b, int64(size)+100); n != 0 || !cutOff(err) {
			t.Errorf("behind the end of %d: %d bytes, %v; want the end", size, n, err)
		}
		must(t, r.Close())
	}
}

func cutOff(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

func wantAt(t *testing.T, r packs.Reader, content []byte, at, length int) {
	t.Helper()
	b := make([]byte, length)
	if n, err := r.ReadAt(t.Context(), b, int64(at)); n != length || err != nil && !cutOff(err) || !bytes.Equal(b, content[at:at+length]) {
		t.Fatalf("%d of %d bytes from %d of %d: %v, or other ones", n, length, at, len(content), err)
	}
}

func readBack(t *testing.T, s packs.Store) {
	for i, size := range []int{20_000, 2 << 20} {
		content := Random(uint64(i), size)
		w, err := s.Create(t.Context(), fmt.Sprintf("PK-AB%02d-0000.pack", i))
		must(t, err)
		must(t, write(w, content))
		b := make([]byte, 9_000)
		if n, err := w.ReadAt(b, 10_000); n != len(b) || err != nil || !bytes.Equal(b, content[10_000:19_000]) {
			t.Errorf("%d bytes, %v", n, err)
		}
		must(t, w.Finish(t.Context()))
	}
}

func unfinishedIsUnseen(t *testing.T, s packs.Store) {
	w, err := s.Create(t.Context(), "PK-AB00-0000.pack")
	must(t, err)
	must(t, write(w, Random(1, 2<<20)))
	wantNone(t, s, "PK-AB00-0000.pack")
	must(t, w.Abort(t.Context()))
	wantNone(t, s, "PK-AB00-0000.pack")
}

func onceOnly(t *testing.T, s packs.Store) {
	const name = "PK-AB00-0000.pack"
	first := Random(1, 5_000)
	must(t, Write(t.Context(), s, name, first))
	if err := Write(t.Context(), s, name, Random(2, 5_000)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second: %v, want that it exists", err)
	}
	if b, err := Read(t.Context(), s, name, 0, len(first)); err != nil && !cutOff(err) || !bytes.Equal(b, first) {
		t.Errorf("the first is not what it was: %v", err)
	}
}

func oneOfMany(t *testing.T, s packs.Store) {
	const name = "PK-AB00-0000.pack"
	const many = 8
	var wg sync.WaitGroup
	won := make(chan uint64, many)
	for i := range uint64(many) {
		wg.Go(func() {
			switch err := Write(t.Context(), s, name, Random(i, 50_000)); {
			case err == nil:
				won <- i
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d finished, want 1", len(won))
	}
	if b, err := Read(t.Context(), s, name, 0, 50_000); err != nil && !cutOff(err) || !bytes.Equal(b, Random(<-won, 50_000)) {
		t.Errorf("not what the one wrote: %v", err)
	}
}

func gone(t *testing.T, s packs.Store) {
	const name = "PK-AB00-0000.pack"
	must(t, Write(t.Context(), s, name, Random(1, 5_000)))
	must(t, s.Remove(t.Context(), name))
	wantNone(t, s, name)
	must(t, s.Remove(t.Context(), name))
	w, err := s.Create(t.Context(), name)
	must(t, err)
	must(t, write(w, Random(1, 5_000)))
	must(t, w.Finish(t.Context()))
	must(t, w.Abort(t.Context()))
	wantNone(t, s, name)
}

func missing(t *testing.T, s packs.Store) {
	must(t, Write(t.Context(), s, "PK-CD00-0000.pack", []byte("x")))
	wantNone(t, s, "PK-AB00-0000.pack")
	must(t, s.Remove(t.Context(), "PK-AB00-0000.pack"))
}

func listed(t *testing.T, s packs.Store) {
	if shards, err := s.Shards(t.Context()); err != nil || len(shards) != 0 {
		t.Errorf("shards of nothing: %v, %v", shards, err)
	}
	began := time.Now()
	for i := range 3 {
		for j := range 5 {
			must(t, Write(t.Context(), s, fmt.Sprintf("PK-A%d%02d-0000.pack", i, j), Random(1, 100*i+j+1)))
		}
	}
	shards, err := s.Shards(t.Context())
	if err != nil || len(shards) != 3 {
		t.Errorf("shards %v, %v; want three", shards, err)
	}
	for i := range 3 {
		all, err := s.List(t.Context(), fmt.Sprintf("a%d", i))
		if err != nil || len(all) != 5 {
			t.Errorf("shard %d: %v, %v", i, all, err)
		}
		for j := range 5 {
			info := all[fmt.Sprintf("PK-A%d%02d-0000.pack", i, j)]
			// Some clocks tell whole seconds.
			if info.Size != int64(100*i+j+1) || info.Modified.Before(began.Add(-2*time.Second)) || info.Modified.After(time.Now().Add(2*time.Second)) {
				t.Errorf("pack %d of shard %d: %+v", j, i, info)
			}
		}
	}
}

func canceled(t *testing.T, s packs.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	w, err := s.Create(ctx, "PK-AB00-0000.pack")
	must(t, err)
	must(t, write(w, Random(1, 5_000)))
	cancel()
	if err := w.Finish(ctx); err == nil {
		t.Error("finished for nobody")
	}
	must(t, w.Abort(t.Context()))
	wantNone(t, s, "PK-AB00-0000.pack")
}
