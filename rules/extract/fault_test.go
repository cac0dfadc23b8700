package extract

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// secret is a value that a panic's own text may hold.
const secret = "4111 1111 1111 1111"

// breaks is content whose reader panics behind what it has.
type breaks struct{ before io.Reader }

func (b breaks) Read(p []byte) (int, error) {
	if n, err := b.before.Read(p); n > 0 || err != io.EOF {
		return n, err
	}
	panic(secret)
}

// breaking is an archive of one file whose reader panics behind so many bytes.
func breaking(after int) func(context.Context, foreign.Job, foreign.Output) error {
	return func(ctx context.Context, _ foreign.Job, out foreign.Output) error {
		return out.File(ctx, "list.txt", breaks{strings.NewReader(strings.Repeat("words of a list\n", after/16))})
	}
}

// noted fails where a panic's text is told, or not where it was.
func noted(t *testing.T, f *Fault, in string) {
	t.Helper()
	told := f.Error() + f.Kind + strings.Join(f.Places, " ")
	if strings.Contains(told, secret) || len(f.Places) == 0 || !strings.Contains(f.Places[0], in) || len(f.Places) > maxPlaces {
		t.Errorf("the fault says %q, first at %q; want a place in %s first, and no text of the panic", f, f.Places, in)
	}
}

// TestPanicOfAReaderIsUnread: wherever it breaks down, its part is not read, what
// stands beside it is, and it is noted where it was.
func TestPanicOfAReaderIsUnread(t *testing.T) {
	const archive = "--b\r\nContent-Type: application/x-xz\r\nContent-Disposition: attachment; filename=a.xz\r\nContent-Transfer-Encoding: base64\r\n\r\n/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj\r\n"
	const picture = "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo" + "AAAA" + "\r\n"
	for _, c := range []struct {
		name   string
		part   string
		lim    Limits
		format Format
	}{
		{"at once", archive, Limits{Isolate: func(context.Context, foreign.Job, foreign.Output) error { panic(secret) }}, FormatXZ},
		{"before a file's first byte", archive, Limits{Isolate: breaking(0)}, ""},
		{"within a file", archive, Limits{Isolate: breaking(1 << 20)}, FormatText},
		{"recognition", strings.Replace(picture, "AAAA", strings.Repeat("AAAA\r\n", minPicture), 1), Limits{Recognise: func(context.Context, io.ReaderAt, int64) ([]byte, error) { panic(secret) }}, FormatImage},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := mail("Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\nbefore it "+needle+"\r\n"+c.part+"--b\r\n\r\nbehind it "+needle+"\r\n--b--\r\n")
			var r record
			sum, err := New().Message(context.Background(), memory(raw), c.lim, &r)
			if err != nil || len(sum.Unread) != 1 || sum.Unread[0].Reason != Failed {
				t.Fatalf("error %v, unread %v, want one that failed", err, sum.Unread)
			}
			if n := strings.Count(r.text.String(), needle); n != 2 {
				t.Errorf("%d of the 2 parts beside it were read:\n%s", n, r.text.String())
			}
			if len(sum.Faults) != 1 || sum.Faults[0].Format != c.format {
				t.Fatalf("faults %v, want one of %q", sum.Faults, c.format)
			}
			noted(t, sum.Faults[0], "extract.")
		})
	}
}

// TestPanicOfARowIsUnread: a table that breaks down is given up to there.
func TestPanicOfARowIsUnread(t *testing.T) {
	w := &walk{caller: context.Background(), ctx: context.Background(), lim: DefaultLimits()}
	var r record
	w.sink = &r
	n := node{format: FormatParquet, id: -1}
	if err := w.table(n, rowsThenPanic{left: new(3)}); err != nil || r.rows != 3 {
		t.Fatalf("error %v, %d rows, want 3", err, r.rows)
	}
	if len(w.sum.Unread) != 1 || w.sum.Unread[0].Reason != Failed || len(w.sum.Faults) != 1 {
		t.Fatalf("unread %v, faults %v, want one each", w.sum.Unread, w.sum.Faults)
	}
	noted(t, w.sum.Faults[0], "rowsThenPanic")
}

type rowsThenPanic struct{ left *int }

func (r rowsThenPanic) Next() ([][]byte, error) {
	if *r.left == 0 {
		panic(secret)
	}
	*r.left--
	return [][]byte{[]byte("one"), []byte("two")}, nil
}

// angry is a sink that panics at texts, tables or leaves.
type angry struct {
	drain
	at string
}

func (a *angry) Text(p Part, r io.Reader) error {
	if a.at == "text" {
		panic(secret)
	}
	return a.drain.Text(p, r)
}

func (a *angry) Table(p Part, g table.Grid) error {
	if a.at == "table" {
		panic(secret)
	}
	return a.drain.Table(p, g)
}

func (a *angry) Leaf(_ Leaf, read func() (Reading, error)) (Reading, error) {
	if a.at == "leaf" {
		panic(secret)
	}
	return read()
}

// TestPanicOfTheSinkEndsTheWalk: what it had gathered may be anything.
func TestPanicOfTheSinkEndsTheWalk(t *testing.T) {
	raw := mail("Content-Type: multipart/mixed; boundary=b", "--b\r\nContent-Type: text/html\r\n\r\n"+htmlTable(300)+"\r\n--b\r\n\r\n"+needle+"\r\n--b--\r\n")
	for _, at := range []string{"text", "table", "leaf"} {
		_, err := New().Message(context.Background(), memory(raw), Limits{}, &angry{at: at})
		var f *Fault
		if !errors.As(err, &f) {
			t.Errorf("at a %s: error %v, want a fault", at, err)
			continue
		}
		noted(t, f, "angry")
	}
}
