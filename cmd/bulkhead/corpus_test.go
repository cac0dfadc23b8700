package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// sharedDir holds the labelled files, beside the checkout. They are read in
// place.
const sharedDir = "../../../shared"

// labelled is one line of a manifest.
type labelled struct {
	path, expect, format, records string
}

func readManifest(t *testing.T, dir string) []labelled {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "manifest.tsv"))
	if os.IsNotExist(err) {
		testbed.Skip(t, fmt.Sprintf("the labelled files are not at %s: they lie beside the checkout, and are not part of it", dir))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var list []labelled
	lines := bufio.NewScanner(file)
	lines.Scan() // the header
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		list = append(list, labelled{f[0], f[1], f[2], f[3]})
	}
	if len(list) == 0 {
		t.Fatalf("%s: the manifest names no file", dir)
	}
	return list
}

// score counts verdicts against labels.
type score struct {
	right, all map[string]int
	misses     []string
}

func evaluate(t *testing.T, dir string) score {
	t.Helper()
	cfg := configs.Default()
	s, err := newScanner(scanCommand{}, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	out := score{right: map[string]int{}, all: map[string]int{}}
	read := map[string]map[string]int{}
	for _, l := range readManifest(t, dir) {
		result, err := s.scan(context.Background(), filepath.Join(dir, l.path), nil)
		if err != nil {
			t.Errorf("%s: %v", l.path, err)
			continue
		}
		if read[l.format] == nil {
			read[l.format] = map[string]int{}
		}
		read[l.format][result.Completeness]++
		if l.expect == "judgement" {
			continue
		}
		held := result.Stopped()
		right := held == (l.expect == "hold")
		if l.expect == "unscannable" {
			right = held
		}
		out.all[l.expect]++
		if right {
			out.right[l.expect]++
			continue
		}
		out.misses = append(out.misses, fmt.Sprintf("%-60s want %s, got %s (%s): %d people, %s; want %s records; fields %v; %v",
			l.path, l.expect, result.Action, result.Policy, result.Subjects, result.Completeness, l.records, result.Fields, result.Reasons))
	}
	formats := make([]string, 0, len(read))
	for f := range read {
		formats = append(formats, f)
	}
	sort.Strings(formats)
	for _, f := range formats {
		t.Logf("%-32s complete %d, partial %d, unscanned %d", f, read[f]["complete"], read[f]["partial"], read[f]["unscanned"])
	}
	for _, m := range out.misses {
		t.Log("MISS ", m)
	}
	for _, label := range []string{"hold", "pass", "unscannable"} {
		if n := out.all[label]; n > 0 {
			t.Logf("%s: %d of %d right (%.1f %%)", label, out.right[label], n, 100*float64(out.right[label])/float64(n))
		}
	}
	return out
}

// TestCorpus measures recall and false positives on third-party files. Every
// file to hold is held, and at most one in two hundred to pass is.
func TestCorpus(t *testing.T) {
	s := evaluate(t, filepath.Join(sharedDir, "corpus"))
	if missed := s.all["hold"] - s.right["hold"]; missed > 0 {
		t.Errorf("%d files to hold were not held", missed)
	}
	if held := s.all["pass"] - s.right["pass"]; held*200 > s.all["pass"] {
		t.Errorf("%d of %d files to pass were held", held, s.all["pass"])
	}
}

// TestPicturesAreReadWhenConfigured: with optical recognition on, a screenshot
// of a table is held and a harmless picture passes.
func TestPicturesAreReadWhenConfigured(t *testing.T) {
	if _, err := exec.LookPath("tesseract"); err != nil {
		testbed.Skip(t, "tesseract is not installed")
	}
	cfg := configs.Default()
	cfg.Inspection.OCR.Command = "tesseract"
	s, err := newScanner(scanCommand{}, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	dir := filepath.Join(sharedDir, "evasion")
	for _, l := range readManifest(t, dir) {
		if !strings.HasPrefix(l.path, "image--") {
			continue
		}
		result, err := s.scan(context.Background(), filepath.Join(dir, l.path), nil)
		if err != nil {
			t.Fatal(err)
		}
		if held := result.Stopped(); held != (l.expect == "hold") {
			t.Errorf("%s: %s with %d people, want %s", l.path, result.Action, result.Subjects, l.expect)
		}
	}
}

// TestEvasion measures them on the techniques by which a table can hide. What a
// picture shows is measured apart, since reading it must be configured.
func TestEvasion(t *testing.T) {
	for _, m := range evaluate(t, filepath.Join(sharedDir, "evasion")).misses {
		if !strings.HasPrefix(m, "image--") {
			t.Errorf("not as labelled: %s", m)
		}
	}
}
