package main

import (
	"bytes"
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/bulkhead-dlp/bulkhead/configs"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	made "github.com/bulkhead-dlp/bulkhead/rules/table/sample"
)

type evalCommand struct {
	Tables int    `default:"220" placeholder:"N" help:"Tables of each variant, over eleven locales."`
	Seed   uint64 `default:"1" placeholder:"N" help:"The same seed gives the same tables."`
	Types  bool   `help:"Also list each field type's precision and recall."`
}

// Help implements kong.HelpProvider.
func (evalCommand) Help() string {
	return `Column typing and the count of people are measured on labelled tables of made-up
people, and of harmless things that look like them. F1 is weighted by columns,
and the plain mean over types (macro). The error of the count is a share of the
people there are; of harmless tables, people seen for each. The header words of
the foreign tables are those of other programs, put down without a look at the
lexicon: unknown are those that it does not have.

Examples:
  bulkhead eval
  bulkhead eval --types --seed 7`
}

// Run measures and prints.
func (c evalCommand) Run(ctx context.Context, p program) error {
	det, err := detect.New()
	if err != nil {
		return err
	}
	lexicon, err := table.LoadLexicon(nil)
	if err != nil {
		return err
	}
	maker, err := made.NewMaker()
	if err != nil {
		return err
	}
	typer := table.NewTyper(det, lexicon)
	counter, err := newCounterOfPeople(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "VARIANT\tCOLUMNS\tWEIGHTED F1\tMACRO F1\tUNKNOWN HEADERS\tRIGHT\tTABLES\tCOUNTED EXACTLY\tERROR")
	bar := newProgress(p.stderr, "variants", len(made.Variants()))
	for i, v := range made.Variants() {
		bar.set(i)
		tables := maker.Tables(c.Seed, v, c.Tables)
		report, err := made.Measure(ctx, typer, tables)
		if err != nil {
			return fmt.Errorf("measuring %s: %w", v, err)
		}
		people, err := made.MeasureCount(tables, counter)
		if err != nil {
			return fmt.Errorf("measuring %s: %w", v, err)
		}
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.3f\t%d\t%d\t%d\t%.3f\t%.4f\n", v, report.Columns, report.Weighted, report.Macro,
			report.Unknown.Columns, report.Unknown.Right, people.Tables, float64(people.Exact)/float64(people.Tables), people.Error)
		if c.Types {
			for _, s := range report.Scores {
				fmt.Fprintf(w, "  %s\t%d\t%.3f\t\n", s.Type, s.Right+s.Missed, s.F1())
			}
		}
	}
	bar.clear()
	return w.Flush()
}

// newCounterOfPeople makes what counts the people of a file, who are no readers.
func newCounterOfPeople(ctx context.Context) (func(name string, csv []byte) (int, error), error) {
	inspector, err := rules.NewInspector(nil)
	if err != nil {
		return nil, err
	}
	cfg := configs.Default()
	p, err := cfg.CompilePolicies()
	if err != nil {
		return nil, err
	}
	return func(name string, csv []byte) (int, error) {
		source := extract.Source{ReaderAt: bytes.NewReader(csv), Size: int64(len(csv))}
		ev, err := inspector.InspectFile(ctx, name, source, extract.DefaultLimits())
		if err != nil {
			return 0, err
		}
		v, err := p.Decide(rules.Envelope{}, ev, rules.Recent{})
		return int(v.Exposure.Subjects), err
	}, nil
}
