package table_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

var update = flag.Bool("update", false, "write the golden files")

// transcript writes down what Split gives.
type transcript struct{ strings.Builder }

func (*transcript) Repeated(*table.Repeat) (bool, error) { return false, nil }

func (w *transcript) Prose(text []byte) error {
	fmt.Fprintf(w, "prose %q\n", text)
	return nil
}

func (w *transcript) Grid(kind table.Kind, g table.Grid) error {
	labelled := ""
	if l, ok := g.(table.Labelled); ok && l.Labelled() {
		labelled = ", labelled"
	}
	fmt.Fprintf(w, "grid %s%s\n", kind, labelled)
	for {
		row, err := g.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "  %q\n", row)
	}
}

func TestSplitFindsTablesOfEachForm(t *testing.T) {
	files, err := filepath.Glob("testdata/split/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden inputs: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got transcript
			if err := table.Split(context.Background(), bytes.NewReader(text), table.Limits{}, &got); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
			}
			var slow transcript
			if err := table.Split(context.Background(), iotest.OneByteReader(bytes.NewReader(text)), table.Limits{}, &slow); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got.String(), slow.String()); diff != "" {
				t.Errorf("read byte by byte it differs:\n%s", diff)
			}
		})
	}
}
