package table_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// given writes down all that Split gives: the cells of tables, and the prose.
type given struct {
	strings.Builder
	widest int // cells of a row
	cell   int // bytes of a cell
}

func (*given) Repeated(*table.Repeat) (bool, error) { return false, nil }

func (g *given) Prose(text []byte) error {
	g.Write(text)
	return nil
}

func (g *given) Grid(_ table.Kind, rows table.Grid) error {
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		g.widest = max(g.widest, len(row))
		for _, cell := range row {
			g.cell = max(g.cell, len(cell))
			g.Write(cell)
			g.WriteByte('\n')
		}
	}
}

// A line that looks as if a format began takes nothing from the text below it
// that is not of the format.
func TestAListBelowTheMarkOfAFormatIsGiven(t *testing.T) {
	var people []string
	for i := range 60 {
		people = append(people, fmt.Sprintf("%d Ann%d ann%d@quay.test", 1+i%9, i, i))
	}
	list := strings.Join(people, "\n") + "\n"
	for _, mark := range []string{"0 HEAD", "0 @I1@ INDI", "{|", "{|x|", "{|\n|+ Members", "{|\n|-", "{|\n! Name !! Town\n|-",
		"MSH|^~\\&|ADT1", ":61:2605020502CR972,00N062NONREF", ":86:rent", "UNH+1+ORDERS'"} {
		var out given
		if err := table.Split(context.Background(), strings.NewReader(mark+"\n"+list), table.Limits{}, &out); err != nil {
			t.Fatalf("%q: %v", mark, err)
		}
		for i := range people {
			if address := fmt.Sprintf("ann%d@quay.test", i); !strings.Contains(out.String(), address) {
				t.Errorf("%q: %s and what follows is not given", mark, address)
				break
			}
		}
	}
}

// Cells that stand as headers, but are of no column, are given.
func TestWikiHeadersOfNoColumnAreGiven(t *testing.T) {
	for _, text := range []string{
		"{|\n! Ann Lee !! ann@quay.test\n|}\n",
		"{|\n! Name !! Mail\n|-\n| Bob || bob@quay.test\n|-\n! Ann Lee !! ann@quay.test\n|-\n| Cy || cy@quay.test\n|}\n",
		"{|\n! ann@quay.test\n| Leeds\n|}\n",
	} {
		var out given
		if err := table.Split(context.Background(), strings.NewReader(text), table.Limits{}, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "ann@quay.test") {
			t.Errorf("%q gives only %q", text, out.String())
		}
	}
}

// A record is bounded, however often a segment, a field or a cell is there, and
// what is past the bound is not lost.
func TestRecordsOfInterchangesAreBounded(t *testing.T) {
	const n = 20_000
	for name, text := range map[string]string{
		"diagnoses":  "PID|1||100035^^^HOSP^MR||Lee^Ann\n" + strings.Repeat("DG1|1||J45.9^Asthma\n", n) + "DG1|1||Z99^the last\n",
		"contacts":   "NAD+DP+10015::92++Ann Lee'" + strings.Repeat("COM+1:TE'", n) + "COM+the last:TE'",
		"cells":      "{|\n|" + strings.Repeat("a||", n) + "the last\n|}\n",
		"headers":    "{|\n" + strings.Repeat("! a\n", n) + "! the last\n|-\n| b\n|}\n",
		"subfields":  ":86:?20a" + strings.Repeat("?20a?32b", n) + "?20the last\n",
		"code words": ":86:/NAME" + strings.Repeat("/NAME/a/REMI/b", n/2) + "/NAME/the last\n",
		"notes":      "0 @I1@ INDI\n" + strings.Repeat("1 NOTE a\n", n) + "1 EMAIL the last\n",
	} {
		t.Run(name, func(t *testing.T) {
			var out given
			if err := table.Split(context.Background(), strings.NewReader(text), table.Limits{}, &out); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), "the last") {
				t.Error("the last of them is not given")
			}
			if out.widest > 1200 || out.cell > 300<<10 {
				t.Errorf("rows of up to %d cells of up to %d bytes", out.widest, out.cell)
			}
		})
	}
}
