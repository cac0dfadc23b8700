package extract

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// broken is a sink that fails.
type broken struct{ err error }

func (b broken) Text(Part, io.Reader) error   { return b.err }
func (b broken) Table(Part, table.Grid) error { return b.err }

// brokenSource is a source that fails after some bytes.
type brokenSource struct {
	io.ReaderAt
	after int64
	err   error
}

func (b brokenSource) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.after {
		return 0, b.err
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestErrorsOfTheCallerEndTheWalk(t *testing.T) {
	trouble := errors.New("trouble")
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(nil)
	raw := mail("Content-Type: text/html", htmlTable(500)+strings.Repeat("<p>x", 10000))
	zipped := zipOf(t, "a.csv", noise(1<<20))
	for _, c := range []struct {
		name string
		call func() error
		want error
	}{
		{"sink", func() error {
			_, err := New().Message(context.Background(), memory(raw), Limits{}, broken{trouble})
			return err
		}, trouble},
		{"sink, deep inside", func() error {
			_, err := New().File(context.Background(), "x", memory(zipOf(t, "z", string(zipped))), Limits{}, broken{trouble})
			return err
		}, trouble},
		{"source", func() error {
			src := memory(raw)
			src.ReaderAt = brokenSource{src.ReaderAt, 40000, trouble}
			_, err := New().Message(context.Background(), src, Limits{}, &drain{})
			return err
		}, trouble},
		{"context", func() error {
			_, err := New().Message(cancelled, memory(raw), Limits{}, &drain{})
			return err
		}, context.Canceled},
	} {
		if err := c.call(); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
}

// slow is a sink that takes its time.
type slow struct{ drain }

func (s *slow) Text(p Part, r io.Reader) error {
	time.Sleep(20 * time.Millisecond)
	return s.drain.Text(p, r)
}

func TestReachingTheTimeBoundIsUnreadAndNoError(t *testing.T) {
	raw := mail("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\r\n\r\nhello\r\n", 100))
	sum, err := New().Message(context.Background(), memory(raw), Limits{Time: 50 * time.Millisecond}, &slow{})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range sum.Unread {
		if u.Reason == Timeout {
			return
		}
	}
	t.Errorf("unread %v, want %s", sum.Unread, Timeout)
}

func TestBoundsOnBytesAndCells(t *testing.T) {
	text := mail("Content-Type: text/plain", strings.Repeat(needle+"\n", 10000))
	rows := mail("Content-Type: text/html", htmlTable(1000))
	for _, c := range []struct {
		name string
		raw  []byte
		lim  Limits
		want Reason
	}{
		{"bytes of a part", text, Limits{PartBytes: 1000}, TooBig},
		{"bytes of the message", text, Limits{Bytes: 1000}, TooBig},
		{"cells", rows, Limits{Cells: 100}, TooMany},
	} {
		var d drain
		sum, err := New().Message(context.Background(), memory(c.raw), c.lim, &d)
		if err != nil || len(sum.Unread) != 1 || sum.Unread[0].Reason != c.want || !sum.Unread[0].Partial {
			t.Errorf("%s: error %v, unread %v", c.name, err, sum.Unread)
		}
		if sum.Parts[0].Outcome != Partly {
			t.Errorf("%s: outcome %s", c.name, sum.Parts[0].Outcome)
		}
	}
}

func TestSameMessageGivesTheSame(t *testing.T) {
	raw := mail("Content-Type: multipart/mixed; boundary=b", "--b\r\n\r\n"+needle+"\r\n--b\r\nContent-Type: text/html\r\n\r\n"+htmlTable(3)+"\r\n--b--\r\n")
	first, sum := walkMail(t, raw)
	for range 3 {
		again, sum2 := walkMail(t, raw)
		if again.text.String() != first.text.String() || again.grids.String() != first.grids.String() || len(sum2.Parts) != len(sum.Parts) {
			t.Fatal("two walks differ")
		}
	}
}
