package extract

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
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
