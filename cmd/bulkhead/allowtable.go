package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// templateOf returns the template of the one table in a file, read as it would
// be in a message.
func templateOf(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // read only
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	t, err := newTemplates(ctx)
	if err != nil {
		return "", err
	}
	cfg := configs.Default()
	workers := newWorkers(nil)
	defer workers.Close() //nolint:errcheck // killed, whatever they say
	bounds, err := limits(&cfg, os.TempDir(), workers)
	if err != nil {
		return "", err
	}
	source := extract.Source{ReaderAt: file, Size: info.Size()}
	if _, err := extract.New().File(ctx, filepath.Base(path), source, bounds, t); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	template, err := t.one()
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return template, nil
}

// newTemplates makes what gathers templates.
func newTemplates(ctx context.Context) (*templates, error) {
	det, err := detect.New()
	if err != nil {
		return nil, err
	}
	lexicon, err := table.LoadLexicon(nil)
	if err != nil {
		return nil, err
	}
	return &templates{ctx: ctx, typer: table.NewTyper(det, lexicon), found: map[string]bool{}}, nil
}

// one gives the template of the one table that was found.
func (t *templates) one() (string, error) {
	if len(t.found) != 1 {
		return "", fmt.Errorf("%d tables with a header, want one: leave the others out of a file, and allow that on the command line", len(t.found))
	}
	for template := range t.found {
		return template, nil
	}
	return "", nil
}

// templates gathers the templates of a file's tables.
type templates struct {
	ctx   context.Context
	typer *table.Typer
	found map[string]bool
}

// Text implements extract.Sink.
func (t *templates) Text(_ extract.Part, r io.Reader) error {
	return table.Split(t.ctx, r, table.Limits{}, t)
}

// Table implements extract.Sink.
func (t *templates) Table(_ extract.Part, g table.Grid) error {
	return t.typer.Read(t.ctx, g, table.Limits{}, func(seg *table.Segment) error {
		if template := seg.Template(); template != "" {
			t.found[template] = true
		}
		return nil
	})
}

// Grid implements table.Output.
func (t *templates) Grid(_ table.Kind, g table.Grid) error { return t.Table(extract.Part{}, g) }

// Prose implements table.Output.
func (*templates) Prose([]byte) error { return nil }

func (*templates) Repeated(*table.Repeat) (bool, error) { return false, nil }
