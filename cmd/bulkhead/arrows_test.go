package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/bulkhead-dlp/bulkhead/"

// TestImportsRunDown holds the packages to cmd → proxy → rules: what a layer
// may import of ours.
func TestImportsRunDown(t *testing.T) {
	may := []struct{ in, of string }{
		{"cmd", ""}, // everything
		{"configs", "rules"},
		{"proxy/acme/pebble", "proxy/testbed"}, {"proxy/quarantine/packs/bucket/gateway", "proxy/testbed"}, // servers of tests
		{"proxy/wire", "-"}, {"proxy/milter", "-"}, {"proxy/tempfile", "-"}, {"proxy/upstream", "-"}, {"proxy/quarantine/packs/bucket", "proxy/quarantine/packs proxy/tempfile"}, {"proxy/quarantine", "rules proxy/quarantine"}, {"proxy/metrics", "-"},
		{"proxy/console/access", "proxy/quarantine"},
		{"proxy/console", "proxy/console proxy/metrics proxy/quarantine proxy/replay proxy/report proxy/review proxy/tempfile rules"},
		{"proxy/worker", "rules"}, {"proxy/index", "rules"}, {"proxy/simulation", "rules/strictyaml"}, {"proxy/ocr", "-"}, {"proxy/tracing", "-"},
		{"proxy/replay", "proxy/quarantine rules"}, {"proxy/report", "rules"}, {"proxy/notify", "-"}, {"proxy/events", "-"}, {"proxy/run", "proxy/metrics rules"},
		{"proxy/review", "proxy/quarantine proxy/upstream rules"},
		{"proxy", "proxy/metrics proxy/milter proxy/run proxy/tempfile proxy/tracing proxy/upstream proxy/wire rules"},
		{"rules/lanes", "-"}, {"rules/keyed", "-"}, {"rules/strictyaml", "-"}, {"rules/detect", "rules/lanes"},
		{"rules/exact", "rules/detect rules/keyed"}, {"rules/allow", "rules/detect rules/keyed rules/strictyaml"},
		{"rules/table", "rules/detect rules/lanes rules/table"},
		{"rules/extract", "rules/extract rules/lanes rules/table"},
		{"rules", "rules"},
	}
	files := 0
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../../")
		for _, spec := range file.Imports {
			name, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
			if !ours {
				continue
			}
			for _, m := range may {
				if dir != m.in && !strings.HasPrefix(dir, m.in+"/") {
					continue
				}
				if m.of != "" && !allowed(name, strings.Fields(m.of)) {
					t.Errorf("%s imports %s: %s may import of ours only: %s", path, name, m.in, m.of)
				}
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Fatalf("only %d files were looked at", files)
	}
}

func allowed(name string, of []string) bool {
	for _, a := range of {
		if name == a || strings.HasPrefix(name, a+"/") {
			return true
		}
	}
	return false
}
