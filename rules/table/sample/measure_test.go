package sample_test

import (
	"context"
	"reflect"
	"sort"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
	"github.com/bulkhead-dlp/bulkhead/rules/table/sample"
)

func newTyper(t testing.TB) *table.Typer {
	t.Helper()
	d, err := detect.New()
	if err != nil {
		t.Fatal(err)
	}
	lex, err := table.LoadLexicon(nil)
	if err != nil {
		t.Fatal(err)
	}
	return table.NewTyper(d, lex)
}

func newMaker(t testing.TB) *sample.Maker {
	t.Helper()
	m, err := sample.NewMaker()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestColumnTypingKeepsItsFloor(t *testing.T) {
	typer, maker := newTyper(t), newMaker(t)
	for _, tc := range []struct {
		variant         sample.Variant
		weighted, macro float64
	}{
		{sample.Clean, 0.97, 0.90},
		{sample.Foreign, 0.96, 0.90},
		{sample.Headerless, 0.93, 0.90},
		{sample.Shuffled, 0.97, 0.90},
		{sample.Transposed, 0.97, 0.90},
		{sample.Noisy, 0.97, 0.90},
		{sample.Mixed, 0.97, 0.90},
		{sample.Twin, 0.97, 0.90},
	} {
		t.Run(string(tc.variant), func(t *testing.T) {
			r, err := sample.Measure(context.Background(), typer, maker.Tables(4, tc.variant, 220))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("weighted F1 %.3f, macro F1 %.3f over %d columns; of %d under unknown headers %d right", r.Weighted, r.Macro, r.Columns, r.Unknown.Columns, r.Unknown.Right)
			if r.Weighted < tc.weighted || r.Macro < tc.macro {
				t.Errorf("weighted F1 %.3f, macro F1 %.3f; want at least %.2f and %.2f", r.Weighted, r.Macro, tc.weighted, tc.macro)
			}
			if tc.variant == sample.Foreign && r.Unknown.Columns*2 < r.Columns {
				t.Errorf("the lexicon has the words of all but %d headers of %d: they are its own, not others'", r.Unknown.Columns, r.Columns)
			}
			logErrors(t, r)
		})
	}
}

// logErrors prints the worst types and the commonest mistakes.
func logErrors(t *testing.T, r sample.Report) {
	t.Helper()
	for _, s := range r.Scores[:min(6, len(r.Scores))] {
		t.Logf("  %-22s F1 %.3f  right %d missed %d wrong %d", s.Type, s.F1(), s.Right, s.Missed, s.Wrong)
	}
	keys := make([][2]detect.Type, 0, len(r.Errors))
	for k := range r.Errors {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(a, b int) bool {
		if r.Errors[keys[a]] != r.Errors[keys[b]] {
			return r.Errors[keys[a]] > r.Errors[keys[b]]
		}
		return keys[a][0] < keys[b][0]
	})
	for _, k := range keys[:min(14, len(keys))] {
		t.Logf("  %4d x %s taken for %q", r.Errors[k], k[0], k[1])
	}
	for i, c := range r.Confidence {
		if c.Columns > 0 {
			t.Logf("  confidence %.1f: %d of %d right", float64(i)/10, c.Right, c.Columns)
		}
	}
}

func TestSameSeedGivesTheSameTables(t *testing.T) {
	maker := newMaker(t)
	for _, v := range sample.Variants() {
		if a, b := maker.Tables(7, v, 22), maker.Tables(7, v, 22); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: two runs with one seed differ", v)
		}
		if a, b := maker.Tables(7, v, 22), maker.Tables(8, v, 22); reflect.DeepEqual(a, b) {
			t.Errorf("%s: two seeds give the same tables", v)
		}
	}
}
