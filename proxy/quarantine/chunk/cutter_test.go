package chunk_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/chunk"
)

func cutter(t testing.TB) *chunk.Cutter {
	t.Helper()
	c, err := chunk.NewCutter(make([]byte, chunk.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// cut gives the chunks of a message, and checks that they are it.
func cut(t testing.TB, c *chunk.Cutter, r io.Reader, want []byte) [][]byte {
	t.Helper()
	var all [][]byte
	var whole []byte
	err := c.Mail(r, func(b []byte) error {
		if len(b) == 0 || len(b) > chunk.Max {
			t.Fatalf("a chunk of %d bytes", len(b))
		}
		all, whole = append(all, bytes.Clone(b)), append(whole, b...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole, want) {
		t.Fatalf("%d bytes are cut into %d others", len(want), len(whole))
	}
	return all
}

// rows are n made-up lines of a table.
func rows(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%06d,user%d,Given%d Family%d,basic-%d,%d.90\r\n", r.IntN(1e6), r.IntN(1e6), r.IntN(500), r.IntN(500), r.IntN(9), r.IntN(90))
	}
	return b.String()
}

func head(i int) string {
	return fmt.Sprintf("Received: from a by b; %d\r\nMessage-ID: <%x@shop.example>\r\nTo: reader%d@post.example\r\nSubject: News\r\n", i, sha256.Sum256([]byte{byte(i), byte(i >> 8)}), i)
}

func multipart(i int, text, table string) string {
	boundary := fmt.Sprintf("=_%x", sha256.Sum256([]byte{byte(i)}))[:40]
	return head(i) + "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" +
		boundary + "\r\nContent-Type: text/plain\r\n\r\n" + text + "\r\n--" +
		boundary + "\r\ncontent-type: text/csv\r\n\r\n" + table + "\r\n--" + boundary + "--\r\n"
}

// The bytes of a copy that are new are what a copy costs.
func TestCopiesShareAllButTheirOwn(t *testing.T) {
	table := rows(40_000)
	unix := strings.NewReplacer("\r\n", "\n")
	tests := []struct {
		name string
		copy func(i int) string
		most int // new bytes of a further copy
	}{
		{"table as the body", func(i int) string { return head(i) + "\r\n" + table }, 400},
		{"the same with bare line ends", func(i int) string { return unix.Replace(head(i) + "\r\n" + table) }, 400},
		{"table attached, delimiters of each copy's own", func(i int) string { return multipart(i, "Dear all,\r\n", table) }, 800},
		{"a greeting in front", func(i int) string { return head(i) + fmt.Sprintf("\r\nDear reader %d,\r\n\r\n", i) + table }, 9 << 10},
		{"a line to unsubscribe behind", func(i int) string {
			return multipart(i, table+fmt.Sprintf("\r\nNo more: https://shop.example/u/%d", i*i), "a,b\r\n")
		}, 9 << 10},
		{"a name in the middle", func(i int) string { return head(i) + "\r\n" + table[:1<<20] + fmt.Sprint("reader ", i) + table[1<<20:] }, 2 * chunk.Max},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := cutter(t)
			seen := map[[32]byte]bool{}
			for i := range 4 {
				text := []byte(test.copy(i))
				chunks := cut(t, c, bytes.NewReader(text), text)
				fresh, many := 0, 0
				for _, b := range chunks {
					if sum := sha256.Sum256(b); !seen[sum] {
						seen[sum] = true
						fresh, many = fresh+len(b), many+1
					}
				}
				t.Logf("copy %d: %d bytes in %d chunks, %d of them new with %d bytes", i, len(text), len(chunks), many, fresh)
				if i > 0 && fresh > test.most {
					t.Errorf("copy %d brings %d new bytes, want at most %d", i, fresh, test.most)
				}
				if i > 0 && fresh == 0 {
					t.Error("the copies do not differ: nothing is tried")
				}
			}
		})
	}
}

// How the bytes arrive changes nothing, or copies would not meet.
func TestCutsDependOnContentOnly(t *testing.T) {
	text := []byte(multipart(1, rows(500), rows(20_000)))
	c := cutter(t)
	want := cut(t, c, bytes.NewReader(text), text)
	for name, r := range map[string]io.Reader{
		"halves": iotest.HalfReader(bytes.NewReader(text)), "data with the error": iotest.DataErrReader(bytes.NewReader(text)),
		"single bytes": iotest.OneByteReader(bytes.NewReader(text)),
	} {
		got := cut(t, c, r, text)
		if len(got) != len(want) {
			t.Fatalf("%s: %d chunks, want %d", name, len(got), len(want))
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("%s: chunk %d differs", name, i)
			}
		}
	}
	other, err := chunk.NewCutter(bytes.Repeat([]byte{7}, chunk.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	if got := cut(t, other, bytes.NewReader(text), text); len(got) == len(want) && len(got[5]) == len(want[5]) && len(got[9]) == len(want[9]) {
		t.Error("another key cuts the same")
	}
}

// A sender cannot make chunks as small as it likes.
func TestDelimitersDoNotMakeCrumbs(t *testing.T) {
	text := []byte("A: b\n\n" + strings.Repeat("--x\nContent-Type: a\n\n", 100_000))
	if got := len(cut(t, cutter(t), bytes.NewReader(text), text)); got > 1200 {
		t.Errorf("%d bytes are cut into %d chunks", len(text), got)
	}
}

func TestErrorsEndTheCutting(t *testing.T) {
	c, cause := cutter(t), errors.New("no more")
	err := c.Mail(io.MultiReader(strings.NewReader(rows(5000)), iotest.ErrReader(cause)), func([]byte) error { return nil })
	if !errors.Is(err, cause) {
		t.Errorf("the reader's error is %v", err)
	}
	calls := 0
	err = c.Bytes(strings.NewReader(rows(5000)), func([]byte) error { calls++; return cause })
	if !errors.Is(err, cause) || calls != 1 {
		t.Errorf("after %d calls the error is %v", calls, err)
	}
	if _, err := chunk.NewCutter([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}

func FuzzChunksAreTheContent(f *testing.F) {
	f.Add([]byte(multipart(3, "Dear all,\r\n", rows(200))))
	f.Add([]byte(strings.Repeat("\n--a\nContent-X: y\n\n\n--a--\n", 50)))
	f.Add([]byte("\n\n--\n--x\ncontent-"))
	c := cutter(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		for range 3 { // longer than a buffer, so that its ends are met
			cut(t, c, bytes.NewReader(text), text)
			cut(t, c, iotest.OneByteReader(bytes.NewReader(text)), text)
			text = bytes.Repeat(text, 9)
			if len(text) > 1<<20 {
				return
			}
		}
	})
}

func BenchmarkMail(b *testing.B) {
	for _, kind := range []struct{ name, text string }{
		{"table", head(1) + "\r\n" + rows(70_000)},
		{"attachment", multipart(1, "Dear all", strings.Repeat("TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dCBieSB0aGlz\r\n", 45_000))},
	} {
		b.Run(kind.name, func(b *testing.B) {
			c := cutter(b)
			b.SetBytes(int64(len(kind.text)))
			for b.Loop() {
				if err := c.Mail(strings.NewReader(kind.text), func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
