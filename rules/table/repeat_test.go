package table_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

func TestLinesOfOneFormAreRows(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"words between the cells name them": {
			"Log of Monday\n" +
				"[10:03] agent: verified Ann Lee, born 1961-02-03, postcode 4001\n" +
				"[10:04] agent: verified Bob Orme, born 1972-12-30, postcode 4102\n" +
				"[10:09] agent: verified Cy van Dam, born 1955-07-01, postcode 4202\n" +
				"[10:15] agent: verified Di Roux, born 1980-10-11, postcode 4303\n" +
				"[10:40] agent: verified Ed Stone, born 1999-01-21, postcode 4404\n",
			"|verified|born|postcode\n10:03|Ann Lee|1961-02-03|4001\n10:04|Bob Orme|1972-12-30|4102\n" +
				"10:09|Cy van Dam|1955-07-01|4202\n10:15|Di Roux|1980-10-11|4303\n10:40|Ed Stone|1999-01-21|4404\n",
		},
		"a bracket at the end closes the last cell, whatever is in it": {
			"Ann Lee (0170 1)\nBob Orme ((0171) 2)\nCy Dam (0172 3)\nDi Roux (0173 4)\nEd Stone (0174 5)\n",
			"Ann Lee|0170 1\nBob Orme|(0171) 2\nCy Dam|0172 3\nDi Roux|0173 4\nEd Stone|0174 5\n",
		},
		"the number of a line is no cell": {
			"1. Lee, Ann - 1961\n2. Orme, Bob - 1972\n3. Dam, Cy - 1955\n4. Roux, Di - 1980\n5. Stone, Ed - 1999\n",
			"Lee, Ann|1961\nOrme, Bob|1972\nDam, Cy|1955\nRoux, Di|1980\nStone, Ed|1999\n",
		},
		"a line of another form among them is left out": {
			"name=\"Ann Lee\" ip=1.2.3.4\nname=\"Bob Orme\" ip=1.2.3.5\nname=\"Cy Dam\" ip=1.2.3.6\nname=\"Di Roux\" ip=1.2.3.7\n" +
				"name=\"Ed Stone\" ip=1.2.3.8\nname=\"Fay Tan\" ip=1.2.3.9\nname=\"Gus Ural\" ip=1.2.4.1\nname=\"Hal Vane\" ip=1.2.4.2\nrestart 17\nname=\"Ida West\" ip=1.2.4.3\n",
			"name|ip\nAnn Lee|1.2.3.4\nBob Orme|1.2.3.5\nCy Dam|1.2.3.6\nDi Roux|1.2.3.7\n" +
				"Ed Stone|1.2.3.8\nFay Tan|1.2.3.9\nGus Ural|1.2.4.1\nHal Vane|1.2.4.2\nIda West|1.2.4.3\n",
		},
		"four lines are too few": {"a: 1 x 2\nb: 3 x 4\nc: 5 x 6\nd: 7 x 8\n", ""},
		"prose has no form":      {"In 1066 it began.\nBy 1100 it was over, they say.\nNobody knew before 1200.\nThen came 1300 and more.\nIt is 1400 now.\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := repeats(t, tc.text); got != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
		})
	}
}

// repeats writes the rows of all runs in a text.
func repeats(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	var search table.RepeatSearch
	err := search.Search([]byte(text), func(r *table.Repeat) (bool, error) {
		r.Whole()
		for i, at := range r.Starts {
			if !strings.Contains(text[at:], string(r.Lines[i])) || at > 0 && text[at-1] != '\n' {
				t.Errorf("line %d does not begin at %d", i, at)
			}
		}
		for {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				return true, nil
			}
			if err != nil {
				return false, err
			}
			for j, cell := range row {
				if j > 0 {
					out.WriteByte('|')
				}
				out.Write(cell)
			}
			out.WriteByte('\n')
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Whatever the text, all rows of a run have as many cells, each is of its line,
// and the lines follow each other.
func FuzzRepeats(f *testing.F) {
	f.Add("1. Lee, Ann - 1961\n2. Orme, Bob - 1972\n3. Dam, Cy - 1955\n4. Roux, Di - 1980\n5. Stone, Ed - 1999\n")
	f.Add("> a (1)\n> b (2)\n\n> c (3)\n> d (4)\n> e ((5))\n")
	f.Fuzz(func(t *testing.T, text string) {
		before := -1
		var search table.RepeatSearch
		err := search.Search([]byte(text), func(r *table.Repeat) (bool, error) {
			if len(text)%2 == 0 {
				r.Whole()
			}
			width, rows := -1, 0
			for {
				row, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return false, err
				}
				if width >= 0 && len(row) != width {
					t.Errorf("a row of %d cells among those of %d", len(row), width)
				}
				width = len(row)
				rows++
			}
			if len(r.Lines) != len(r.Starts) || rows < len(r.Lines) || rows > len(r.Lines)+1 {
				t.Errorf("%d rows of %d lines, which begin at %d places", rows, len(r.Lines), len(r.Starts))
			}
			for _, at := range r.Starts {
				if at <= before {
					t.Errorf("a line at %d after one at %d", at, before)
				}
				before = at
			}
			return len(text)%2 == 0, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
