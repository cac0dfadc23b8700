package flow_test

import (
	"context"
	"errors"

	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/flow/transcript"
)

// play runs a script: ( table, c cell end, r row end, ) table end, / paragraph
// end, any other rune is text.
func play(script string, depth int, count func(int) bool) (string, *flow.Flow, error) {
	f := flow.New(depth, count)
	runes := []rune(script)
	step := func() error {
		if len(runes) == 0 {
			return io.EOF
		}
		switch c := runes[0]; c {
		case '(':
			f.OpenTable("")
		case ')':
			f.CloseTable()
		case 'c':
			f.CloseCell(1, false)
		case 'r':
			f.CloseRow(1)
		case '/':
			f.EndParagraph()
		default:
			f.Text([]byte(string(c)))
		}
		runes = runes[1:]
		return nil
	}
	var out transcript.Transcript
	err := f.Run(context.Background(), "p", &out, step)
	return strings.ReplaceAll(out.String(), "\n", " "), f, err
}

func always(int) bool { return true }

func TestFlowKeepsTextAndTablesInOrder(t *testing.T) {
	for _, tc := range []struct{ name, script, want string }{
		{"text", "AB/C/", `text p: "AB\nC"`},
		{"table between texts", "A/(1c2cr3c4cr)B/", `text p: "A" row p: 1|2 row p: 3|4 text p: "B"`},
		{"two tables", "(1cr)(2cr)", `row p: 1 row p: 2`},
		{"lines in a cell", "(1/2/cr)", "row p: 1 2"},
		{"empty rows are one", "(1crcrcr2cr)", "row p: 1 row p:  row p: 2"},
		{"row without its end", "(1c2", "row p: 1|2"},
		{"inner table follows the outer", "(1(Acr)2cr3cr)", "row p: 12 row p: 3 row p: A"},
		{"inner without its end", "(1(AcBcr", "row p: 1 row p: A|B"},
		{"past the depth bound text stays with the cell", "(1(2(3cr)4cr)5cr)", "row p: 15 row p: 234"},
		{"stray ends", "r)cA/", `text p: "A"`},
		{"nothing", "//", ""},
	} {
		if got, _, err := play(tc.script, 2, always); err != nil || got != tc.want {
			t.Errorf("%s: %s is %s, %v; want %s", tc.name, tc.script, got, err, tc.want)
		}
	}
}

func TestFlowGivesLargeInnerTablesBetweenRowsOfTheOuter(t *testing.T) {
	cell := strings.Repeat("x", 1000) + "cr"
	script := "(1cr2(" + strings.Repeat(cell, 5000) + ")cr3cr)"
	got, f, err := play(script, 4, always)
	if err != nil || f.Cut() {
		t.Fatal(err, f.Cut())
	}
	if n := strings.Count(got, "xx row") + strings.Count(got[len(got)-1:], "x"); strings.Count(got, "row p: x") != 5000 {
		t.Errorf("%d inner rows", n)
	}
	for _, row := range []string{"row p: 1 ", "row p: 2", "row p: 3"} {
		if !strings.Contains(got, row) {
			t.Errorf("%s is lost", row)
		}
	}
}

func TestFlowStopsAtTheBoundOnCells(t *testing.T) {
	left := 3
	got, _, err := play("(1cr2cr3cr4cr5cr)A", 2, func(n int) bool { left -= n; return left >= 0 })
	if err != nil || got != "row p: 1 row p: 2 row p: 3" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestFlowPassesErrorsOfItsOutput(t *testing.T) {
	want := errors.New("full")
	f := flow.New(2, always)
	steps := 0
	err := f.Run(context.Background(), "", failing{&transcript.Transcript{}, want}, func() error {
		if steps++; steps > 3 {
			return io.EOF
		}
		f.Text([]byte("x"))
		return nil
	})
	if !errors.Is(err, want) {
		t.Errorf("error %v", err)
	}
}

type failing struct {
	*transcript.Transcript
	err error
}

func (f failing) Text(string, io.Reader) error { return f.err }

func TestFlowRepeatsCellsAndRowsALittle(t *testing.T) {
	f := flow.New(2, always)
	var out transcript.Transcript
	steps := []func(){
		func() { f.OpenTable("t") },
		func() { f.Text([]byte("a")); f.CloseCell(3, false) },
		func() { f.Text([]byte("b")); f.CloseCell(2, true) },
		func() { f.Text([]byte("c")); f.CloseCell(1<<30, false) },
		func() { f.CloseRow(1 << 30) },
		func() { f.CloseTable() },
	}
	err := f.Run(context.Background(), "", &out, func() error {
		if len(steps) == 0 {
			return io.EOF
		}
		steps[0]()
		steps = steps[1:]
		return nil
	})
	row := "row t: a|a|a|b||" + strings.TrimSuffix(strings.Repeat("c|", 16), "|")
	if lines := strings.Split(out.String(), "\n"); err != nil || len(lines) != 16 || lines[0] != row {
		t.Errorf("%v, %d rows, the first %s", err, len(lines), lines[0])
	}
}

func FuzzFlow(f *testing.F) {
	for _, s := range []string{"A/(1c2cr)B", "((((1cr)r)r)r)", "(1(2(3", ")r(c)A", "(1cr2(3cr)cr)/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		script = strings.Map(func(c rune) rune {
			if strings.ContainsRune("0123456789()cr/", c) {
				return c
			}
			return -1
		}, script)
		words := strings.Split(strings.Map(func(c rune) rune {
			if c < '0' {
				return -1
			}
			return c
		}, strings.NewReplacer("c", "", "r", "").Replace(script)), "")
		got, _, err := play(script, 3, always)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if strings.Count(got, w) != strings.Count(script, w) {
				t.Fatalf("%s of %q is not once in %q", w, script, got)
			}
		}
	})
}
