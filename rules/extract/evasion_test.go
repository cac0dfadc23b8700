package extract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// record is a sink that writes down what it takes.
type record struct {
	parts []string // path|format|place of each text and table
	text  bytes.Buffer
	grids bytes.Buffer
	rows  int
}

func (r *record) Text(p Part, t io.Reader) error {
	r.parts = append(r.parts, fmt.Sprintf("text %s %s %d", p.Path, p.Format, p.Place))
	fmt.Fprintf(&r.text, "[%s]\n", p.Path)
	_, err := io.Copy(&r.text, t)
	return err
}

func (r *record) Table(p Part, g table.Grid) error {
	r.parts = append(r.parts, fmt.Sprintf("table %s %s %d", p.Path, p.Format, p.Place))
	for {
		row, err := g.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		r.rows++
		r.grids.Write(bytes.Join(row, []byte("|")))
		r.grids.WriteByte('\n')
	}
}

func memory(b []byte) Source { return Source{bytes.NewReader(b), int64(len(b))} }

// TestSharedEvasion reads each sample and checks that what is unread is so in
// the samples that say it, and only there. The verdicts are judged elsewhere;
// with -v it prints what was read.
func TestSharedEvasion(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/evasion/*.eml")
	if len(files) == 0 {
		t.Skip("samples are not here")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var r record
		sum, err := New().Message(context.Background(), memory(b), DefaultLimits(), &r)
		if err != nil {
			t.Errorf("%s: %v", f, err)
		}
		missed := slices.ContainsFunc(sum.Unread, func(u Unread) bool { return u.Reason != EndToEnd })
		if want := strings.Contains(f, "unscannable"); missed != want {
			t.Errorf("%s: unread %v", f, sum.Unread)
		}
		if !testing.Verbose() {
			continue
		}
		first := func(b []byte) string { return strings.ReplaceAll(string(b[:min(len(b), 400)]), "\n", "⏎") }
		t.Logf("%s\n  parts %v\n  unread %v\n  text(%d) %s\n  rows %d %s", filepath.Base(f), sum.Parts, sum.Unread,
			r.text.Len(), first(r.text.Bytes()), r.rows, first(r.grids.Bytes()))
	}
}
