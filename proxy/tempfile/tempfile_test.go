package tempfile_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/tempfile"
)

func TestUnnamedLeavesNoName(t *testing.T) {
	dir := t.TempDir()
	file, err := tempfile.Unnamed(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("content"); err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("the folder has %d names (%v), want none", len(names), err)
	}
	if got, err := io.ReadAll(io.NewSectionReader(file, 0, 100)); err != nil || string(got) != "content" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestUnnamedNeedsItsFolder(t *testing.T) {
	if _, err := tempfile.Unnamed(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("error is %v, want one that the folder is not there", err)
	}
}
