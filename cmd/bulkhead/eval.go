package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
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
	return `Column typing is measured on labelled tables of made-up people, and of harmless
things that look like them. F1 is weighted by columns, and the plain mean over
types (macro).

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
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "VARIANT\tCOLUMNS\tWEIGHTED F1\tMACRO F1")
	bar := newProgress(p.stderr, "variants", len(made.Variants()))
	for i, v := range made.Variants() {
		bar.set(i)
		report, err := made.Measure(ctx, typer, maker.Tables(c.Seed, v, c.Tables))
		if err != nil {
			return fmt.Errorf("measuring %s: %w", v, err)
		}
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.3f\n", v, report.Columns, report.Weighted, report.Macro)
		if c.Types {
			for _, s := range report.Scores {
				fmt.Fprintf(w, "  %s\t%d\t%.3f\t\n", s.Type, s.Right+s.Missed, s.F1())
			}
		}
	}
	bar.clear()
	return w.Flush()
}
