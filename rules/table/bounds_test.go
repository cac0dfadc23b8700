package table_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// repeat is a reader of one text over and over, between a head and a tail.
type repeat struct {
	head, body, tail string
	times            int
	at               int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		text := r.body
		switch {
		case r.times < 0:
			return n, io.EOF
		case r.head != "":
			text = r.head
		case r.times == 0:
			text = r.tail
		}
		c := copy(p[n:], text[r.at:])
		n += c
		if r.at += c; r.at < len(text) {
			continue
		}
		r.at = 0
		if r.head != "" {
			r.head = ""
		} else {
			r.times--
		}
	}
	return n, nil
}

func TestSplitKeepsToItsMemoryWhateverTheLength(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector")
	}
	typer := newTyper(t)
	for _, tc := range []struct {
		name  string
		text  repeat
		cells int // at least
		prose int
	}{
		{"a line of words", repeat{body: "word ", times: 10 << 20}, 0, 50 << 20},
		{"a line without spaces", repeat{body: "abcdefgh", times: 5 << 20}, 0, 40 << 20},
		{"a csv", repeat{head: "id,name,city\n", body: "17,Gwen Entwistle,York\n", times: 1 << 20}, 3 << 20, 0},
		{"json in one line", repeat{head: "[", body: `{"id":"17","name":"Gwen Entwistle"},`, times: 1 << 19, tail: "]"}, 1 << 20, 0},
		{"a quote never closed", repeat{head: "a,b,c\n1,2,3\n4,5,6\n", body: "\"x,y,z\n", times: 1 << 17}, 1 << 17, 0},
		{"one json string", repeat{head: `{"name":"`, body: "abcdefgh", times: 1 << 21, tail: `"}`}, 1, 0},
		{"addresses in one line", repeat{body: "Gwen Entwistle <gwen@quayside.test>, ", times: 1 << 19}, 1 << 20, 0},
		{"sql in one line", repeat{head: "INSERT INTO t (a,b) VALUES ", body: "('Gwen','York'),", times: 1 << 19, tail: "('a','b');"}, 1 << 20, 0},
		{"open brackets", repeat{body: "[", times: 1 << 20}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			peak := uint64(0)
			out := &drain{typer: typer}
			text := tc.text
			watched := readerFunc(func(p []byte) (int, error) {
				runtime.ReadMemStats(&after)
				peak = max(peak, after.HeapAlloc)
				return text.Read(p)
			})
			err := table.Split(context.Background(), watched, table.Limits{}, out)
			if err != nil && !errors.Is(err, table.ErrLimit) {
				t.Fatal(err)
			}
			if out.cells < tc.cells || out.prose < tc.prose {
				t.Errorf("got %d cells and %d bytes of prose, want at least %d and %d", out.cells, out.prose, tc.cells, tc.prose)
			}
			// Garbage counts in HeapAlloc, so the bound is above the live size.
			if grown := int64(peak) - int64(before.HeapAlloc); grown > 12<<20 {
				t.Errorf("the heap grew by %d KiB", grown>>10)
			}
		})
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestSplitReportsWhatItLeftOut(t *testing.T) {
	wide := strings.Repeat("1,2,3,4,5,6\n", 9)
	deep := strings.Repeat(`{"a":`, 9) + `1` + strings.Repeat("}", 9)
	for name, text := range map[string]string{"columns": wide, "depth": deep} {
		err := table.Split(context.Background(), strings.NewReader(text), table.Limits{Columns: 4, Depth: 4}, &drain{})
		if !errors.Is(err, table.ErrLimit) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got error %v, want one that wraps ErrLimit and names the bound", name, err)
		}
	}
}

func TestSplitPassesOnErrors(t *testing.T) {
	failure := errors.New("disk on fire")
	text := "id,name\n1,Gwen\n2,Orla\n3,Al\n4,Bo\n5,Cy\n"
	broken := io.MultiReader(strings.NewReader(text), readerFunc(func([]byte) (int, error) { return 0, failure }))
	if err := table.Split(context.Background(), broken, table.Limits{}, &drain{}); !errors.Is(err, failure) {
		t.Errorf("reader's error: got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := table.Split(ctx, strings.NewReader(text), table.Limits{}, &drain{}); !errors.Is(err, context.Canceled) {
		t.Errorf("context's error: got %v", err)
	}
	for _, out := range []table.Output{&refuser{grid: failure}, &refuser{prose: failure}} {
		if err := table.Split(context.Background(), strings.NewReader("Hello.\n"+text), table.Limits{}, out); !errors.Is(err, failure) {
			t.Errorf("output's error: got %v", err)
		}
	}
}

// refuser is an Output that fails.
type refuser struct{ grid, prose error }

func (r *refuser) Grid(table.Kind, table.Grid) error  { return r.grid }
func (*refuser) Repeated(*table.Repeat) (bool, error) { return false, nil }

func (r *refuser) Prose([]byte) error { return r.prose }

func TestEveryByteIsProseWhereThereIsNoTable(t *testing.T) {
	text := prose(5000)
	var got bytes.Buffer
	out := proseOnly{&got}
	if err := table.Split(context.Background(), bytes.NewReader(text), table.Limits{}, out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), text) {
		t.Errorf("prose came out changed: %d bytes of %d", got.Len(), len(text))
	}
}

type proseOnly struct{ w io.Writer }

func (p proseOnly) Grid(kind table.Kind, _ table.Grid) error {
	return fmt.Errorf("unexpected grid: %s", kind)
}

func (proseOnly) Repeated(*table.Repeat) (bool, error) { return false, nil }

func (p proseOnly) Prose(text []byte) error {
	_, err := p.w.Write(text)
	return err
}

// gridOf is a Grid of rows that are all alike.
type gridOf struct {
	row  [][]byte
	rows int
}

func (g *gridOf) Next() ([][]byte, error) {
	if g.rows--; g.rows < 0 {
		return nil, io.EOF
	}
	return g.row, nil
}

func TestAGridWithMoreCellsThanItMayHaveIsTold(t *testing.T) {
	typer := newTyper(t)
	for _, c := range []struct {
		last string
		told bool
	}{{"Ada", true}, {" ", false}} {
		rows := 0
		err := typer.Read(t.Context(), &gridOf{[][]byte{[]byte("a"), []byte("b"), []byte("c"), []byte(c.last)}, 7}, table.Limits{Columns: 3}, func(s *table.Segment) error {
			rows += len(s.Rows)
			return nil
		})
		if told := errors.Is(err, table.ErrLimit); told != c.told || err != nil && !told || rows == 0 {
			t.Errorf("%q behind the last column: %d rows, %v", c.last, rows, err)
		}
	}
}

// gridCount counts the grids and the cells of their rows.
type gridCount struct{ grids, cells int }

func (*gridCount) Prose([]byte) error                   { return nil }
func (*gridCount) Repeated(*table.Repeat) (bool, error) { return false, nil }
func (c *gridCount) Grid(_ table.Kind, g table.Grid) error {
	c.grids++
	for {
		row, err := g.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		c.cells += len(row)
	}
}

func TestRecordsWithKeysOfTheirOwnShareGrids(t *testing.T) {
	for _, form := range []string{"{\"n\":%d,\"k%d\":1}\n", "k%d: v%d\nk: w\n\nname: x\n"} {
		var text strings.Builder
		const records = 5000
		for i := range records {
			fmt.Fprintf(&text, form, i, i)
		}
		var c gridCount
		if err := table.Split(t.Context(), strings.NewReader(text.String()), table.Limits{}, &c); err != nil {
			t.Fatal(err)
		}
		if c.grids == 0 || c.grids > records/16 {
			t.Errorf("%s: %d grids of %d cells for %d records", form, c.grids, c.cells, records)
		}
	}
}

// stopping cancels a context with the first prose that it is given.
type stopping struct {
	gridCount
	stop  context.CancelFunc
	bytes int
}

func (s *stopping) Prose(text []byte) error {
	s.stop()
	s.bytes += len(text)
	return nil
}

func TestSplitStopsInTheMiddleOfItsWindow(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := &stopping{stop: stop}
	err := table.Split(ctx, strings.NewReader(strings.Repeat("some words and nothing else\n", 10_000)), table.Limits{}, s)
	if !errors.Is(err, context.Canceled) || s.bytes > 100_000 {
		t.Errorf("%d bytes were read after the end of the context, %v", s.bytes, err)
	}
}

// heard is an Output that keeps all that it is given.
type heard struct{ strings.Builder }

func (h *heard) Prose(text []byte) error            { h.Write(text); return nil }
func (*heard) Repeated(*table.Repeat) (bool, error) { return false, nil }
func (h *heard) Grid(_ table.Kind, g table.Grid) error {
	for {
		row, err := g.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s\n", bytes.Join(row, []byte("|")))
	}
}

func TestSplitGivesWhatStandsBesideRecords(t *testing.T) {
	rows := strings.Repeat("<row><name>Ada Fern</name><city>York</city></row>", 4)
	card := "BEGIN:VCARD\n" + strings.Repeat("X-A:1\n", 1200) + "FN:Ada Fern\nTEL:0170 1\nEND:VCARD\n"
	for name, c := range map[string]struct{ text, want string }{
		"a comment in XML":       {"<r>" + rows + "<!-- call Bea -->" + rows + "</r>", "call Bea\n"},
		"the end of a long card": {strings.Repeat(card, 3), "|Ada Fern|0170 1\n"},
	} {
		var h heard
		if err := table.Split(t.Context(), strings.NewReader(c.text), table.Limits{}, &h); err != nil || !strings.Contains(h.String(), c.want) {
			t.Errorf("%s: %v, not in %.400q", name, err, h.String())
		}
	}
	for name, text := range map[string]string{
		"a long comment":       "<r>" + rows + "<!-- " + strings.Repeat("word ", 16<<10) + " -->" + rows + "</r>",
		"a long CDATA section": "<r>" + rows + "<row><name><![CDATA[" + strings.Repeat("word ", 8<<10) + "]]></name></row>" + rows + "</r>",
	} {
		if err := table.Split(t.Context(), strings.NewReader(text), table.Limits{}, &heard{}); !errors.Is(err, table.ErrLimit) {
			t.Errorf("%s: %v, want one that wraps ErrLimit", name, err)
		}
	}
}

func TestLinesOfOneKeyAreNotLookedAtAgainAndAgain(t *testing.T) {
	const lines = 20_000
	text := strings.Repeat("X-A: b\n", lines)
	allocs := testing.AllocsPerRun(1, func() {
		if err := table.Split(t.Context(), strings.NewReader(text), table.Limits{}, &heard{}); err != nil {
			t.Error(err)
		}
	})
	if allocs > 64*lines {
		t.Errorf("%.0f allocations a line", allocs/lines)
	}
}
