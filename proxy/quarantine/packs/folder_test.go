package packs_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/packs/packtest"
)

func TestFolderKeepsTheContract(t *testing.T) {
	t.Parallel()
	packtest.Run(t, func(t *testing.T) packs.Store { return newFolder(t, t.TempDir()) })
}

func newFolder(t *testing.T, dir string) packs.Store {
	t.Helper()
	for _, name := range []string{"incoming", "content"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return packs.NewFolder(packs.Machine{}, dir)
}

// What is not a pack of a shard is nobody's to list, and so nobody's to sweep.
func TestFolderListsPacksOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newFolder(t, dir)
	if err := packtest.Write(t.Context(), f, "PK-AB00-0000.pack", []byte("x")); err != nil {
		t.Fatal(err)
	}
	shard := filepath.Join(dir, "content", "ab")
	for _, name := range []string{"x", "notes.txt", "PK-CD00-0000.pack"} {
		if err := os.WriteFile(filepath.Join(shard, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(shard, "PK-ABAB-0000.pack"), 0o700); err != nil {
		t.Fatal(err)
	}
	if all, err := f.List(t.Context(), "ab"); err != nil || len(all) != 1 {
		t.Errorf("listed %v, %v; want the pack", all, err)
	}
}
