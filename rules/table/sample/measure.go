package sample

import (
	"context"
	"fmt"
	"sort"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// Score says how well one field type was told apart.
type Score struct {
	Type                 detect.Type
	Right, Missed, Wrong int // columns of the type seen as such, seen as another, others seen as it
}

// F1 is the harmonic mean of precision and recall, 0 to 1.
func (s Score) F1() float64 {
	if s.Right == 0 {
		return 0
	}
	return 2 * float64(s.Right) / float64(2*s.Right+s.Missed+s.Wrong)
}

// Report is the measure of a Typer on a set of tables.
type Report struct {
	Scores []Score // by type, those that occur
	// Weighted is the mean F1 by the number of columns, Macro by types.
	Weighted, Macro float64
	Columns         int
	// Unknown sums the columns under a header that the lexicon does not have as
	// it is written, styles and case apart: what is right of them is so by parts
	// of the words, values and neighbours.
	Unknown struct{ Columns, Right int }
	// Errors counts what was taken for what: the true type, then the guess.
	Errors map[[2]detect.Type]int
	// Confidence sums the columns by the confidence of their type, in tenths.
	Confidence [10]struct{ Columns, Right int }
}

// Measure types the tables and compares with their labels.
func Measure(ctx context.Context, typer *table.Typer, tables []Table) (Report, error) {
	r := Report{Errors: map[[2]detect.Type]int{}}
	var scores [detect.NumTypes]Score
	for i := range tables {
		t := &tables[i]
		guessed := make([]table.Column, len(t.Types))
		most := 0
		err := typer.Read(ctx, t.Grid(), table.Limits{}, func(s *table.Segment) error {
			if len(s.Rows) < most {
				return nil
			}
			most = len(s.Rows)
			clear(guessed)
			copy(guessed, s.Columns)
			return nil
		})
		if err != nil {
			return r, fmt.Errorf("type table %s: %w", t.Name, err)
		}
		for j, want := range t.Types {
			r.count(&scores, want, guessed[j])
			if header := t.header(j); header != "" && !typer.Knows(header) {
				r.Unknown.Columns++
				if guessed[j].Type == want {
					r.Unknown.Right++
				}
			}
		}
	}
	r.sum(&scores)
	return r, nil
}

func (r *Report) count(scores *[detect.NumTypes]Score, want detect.Type, got table.Column) {
	r.Columns++
	tenth := &r.Confidence[min(int(got.Confidence*10), 9)]
	tenth.Columns++
	if got.Type == want {
		scores[want].Right++
		tenth.Right++
		return
	}
	scores[want].Missed++
	scores[got.Type].Wrong++
	r.Errors[[2]detect.Type{want, got.Type}]++
}

func (r *Report) sum(scores *[detect.NumTypes]Score) {
	columns, kinds := 0, 0
	for t := detect.None + 1; t < detect.NumTypes; t++ {
		s := scores[t]
		s.Type = t
		n := s.Right + s.Missed
		if n == 0 {
			continue
		}
		r.Scores = append(r.Scores, s)
		r.Weighted += s.F1() * float64(n)
		r.Macro += s.F1()
		columns += n
		kinds++
	}
	if columns > 0 {
		r.Weighted /= float64(columns)
		r.Macro /= float64(kinds)
	}
	sort.SliceStable(r.Scores, func(a, b int) bool { return r.Scores[a].F1() < r.Scores[b].F1() })
}
