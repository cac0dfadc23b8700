package extract

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// counted is a source that counts what is read of it.
type counted struct {
	io.ReaderAt
	bytes int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.bytes += int64(n)
	return n, err
}

// TestWorkOnAHeaderIsBounded: whatever stands in it, a message is read a few
// times at most, and what was left out is told.
func TestWorkOnAHeaderIsBounded(t *testing.T) {
	body := strings.Repeat("some words and no boundary at all\r\n", 60_000)
	many := func(format string) string {
		var b strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for _, c := range []struct {
		name, header string
		times        int64 // that the message may be read
		want         Reason
	}{
		{"longer than its bound, of fields that a message has", strings.Repeat("Content-Transfer-Encoding: base64\r\n", 40_000), 12, TooBig},
		{"boundaries", "Content-Type: multipart/mixed" + many("; boundary=b%d") + "\r\n", 2*maxBoundaries + 8, TooMany},
		{"media types, each with a boundary", many("Content-Type: multipart/mixed; boundary=b%d\r\n"), 4*maxReadings + 8, TooMany},
		{"parameters", "Content-Type: text/plain" + many("; name*%d*=a") + "\r\n", 8, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := mail(c.header+"X-Last: 1", body)
			src := &counted{ReaderAt: memory(raw)}
			var d drain
			sum, err := New().Message(context.Background(), Source{src, int64(len(raw))}, DefaultLimits(), &d)
			if err != nil {
				t.Fatal(err)
			}
			if src.bytes > c.times*int64(len(raw)) {
				t.Errorf("%d bytes were read of %d", src.bytes, len(raw))
			}
			if d.bytes > 3*int64(len(raw)) {
				t.Errorf("%d bytes of text were given of %d", d.bytes, len(raw))
			}
			found := c.want == ""
			for _, u := range sum.Unread {
				found = found || u.Reason == c.want
			}
			if !found {
				t.Errorf("unread %v, want %s", sum.Unread, c.want)
			}
		})
	}
}

// TestMemoryTakenIsInProportion: what reading allocates in all is a measure of
// the work where each step builds on the one before.
func TestMemoryTakenIsInProportion(t *testing.T) {
	deep := func(leaves string) string {
		const levels = 50_000
		return "<?xml version='1.0'?>" + strings.Repeat("<a>", levels) + leaves + strings.Repeat("</a>", levels)
	}
	for _, c := range []struct {
		name    string
		content string
		times   uint64 // of the size of the message
	}{
		{"elements in elements", deep("x"), 100},
		{"elements in elements, with values inside", deep(strings.Repeat("<b>1</b><c>2</c>", 100)), 300},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := mail("Content-Type: text/xml", c.content)
			var before, after runtime.MemStats
			var d drain
			runtime.ReadMemStats(&before)
			if _, err := New().Message(context.Background(), memory(raw), DefaultLimits(), &d); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if took := (after.TotalAlloc - before.TotalAlloc) / uint64(len(raw)); took > c.times {
				t.Errorf("%d bytes were allocated for each of the message, want %d at most", took, c.times)
			}
		})
	}
}

// TestGuessesAreBounded: each takes as long as reading kilobytes.
func TestGuessesAreBounded(t *testing.T) {
	japanese, err := japanese.ShiftJIS.NewEncoder().Bytes([]byte("東京都千代田区丸の内一丁目に住んでいる人の名前と電話番号"))
	if err != nil {
		t.Fatal(err)
	}
	var g guesses
	for range maxGuesses {
		if g.short(japanese) == charmap.Windows1252 {
			t.Fatalf("guess %d is windows-1252", g)
		}
	}
	if got := g.short(japanese); got != charmap.Windows1252 {
		t.Errorf("past the bound it is guessed %v", got)
	}
}

// TestWordsThatNeverEnd: encoded words without an end are text, and the one
// before them is decoded.
func TestWordsThatNeverEnd(t *testing.T) {
	open := strings.Repeat("=?utf-8?q?x ", 1000)
	if got := decodeWords("=?utf-8?q?caf=C3=A9?= " + open); got != "café"+" "+open {
		t.Errorf("decoded as %.40q…", got)
	}
}
