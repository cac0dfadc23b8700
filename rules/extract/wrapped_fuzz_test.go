package extract

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// wrappers put a file into another, as programs do.
func wrappers(t testing.TB) []func(content string) string {
	encoded := func(open func(io.Writer) (io.WriteCloser, error)) func(string) string {
		return func(content string) string { return string(compress(t, []byte(content), open)) }
	}
	words := func(c string) bool {
		return !strings.ContainsFunc(c, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' || r > '~' })
	}
	return []func(string) string{
		func(c string) string { return c },
		func(c string) string { return string(zipOf(t, "a.txt", "nothing here", "b.txt", c)) },
		func(c string) string { return string(zipStored(t, "a.txt", c)) },
		func(c string) string { return string(gzipped(t, []byte(c))) },
		func(c string) string { return string(tarOf(t, "a.txt", c)) },
		func(c string) string {
			return string(cmsFile([]byte("Content-Type: application/octet-stream\r\n\r\n" + c)))
		},
		encoded(func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }),
		encoded(func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }),
		uuencoded, yEncoded, wrapped,
		func(c string) string { return "Here it is:\n\n" + uuencoded(c) + "\nBye\n" },
		func(c string) string { return base32.StdEncoding.EncodeToString([]byte(c)) },
		func(c string) string {
			if !words(c) {
				return c // numbers are read as text only
			}
			return octalDumped([]byte(c))
		},
		func(c string) string { return hex.Dump([]byte(c)) },
		func(c string) string {
			return "From: a@b.test\r\nTo: c@d.test\r\nSubject: file\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(c)
		},
		func(c string) string {
			var b strings.Builder
			b.WriteString("From: a@b.test\r\nTo: c@d.test\r\nSubject: file\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
			w := quotedprintable.NewWriter(&b)
			w.Binary = true
			io.WriteString(w, c) // a strings.Builder does not fail
			w.Close()            // as above
			return b.String()
		},
		func(c string) string {
			if !words(c) {
				return c // control characters are no part of HTML (WHATWG HTML, 13.2.3.5): no reader shows them as they were
			}
			return "<html><body><p>file</p><pre>" + html.EscapeString(c) + "</pre></body></html>"
		},
		func(c string) string {
			return `<html><a href="data:application/octet-stream;base64,` + base64.StdEncoding.EncodeToString([]byte(c)) + `">file</a></html>`
		},
		func(c string) string {
			if !words(c) {
				return c // JSON has no way to say it
			}
			b, err := json.Marshal(map[string]string{"name": "file", "content": c})
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		},
	}
}

// FuzzWrapped: a value in a file in a file in a file is found, or the message is
// said not to be read wholly, whatever words stand around it and however the
// files are wrapped.
func FuzzWrapped(f *testing.F) {
	for i := range wrappers(f) {
		f.Add(byte(i), byte(0), byte(0), "words before ", 3, " and behind it")
		f.Add(byte(1), byte(i), byte(0), "", 0, "")
		f.Add(byte(i), byte(4), byte(3), "a,b,c\n", 40, "\nd,e,f\n")
	}
	page := "\n"
	for i := range uint32(150) {
		page += strings.Map(func(r rune) rune { return 'a' + r%16 }, fmt.Sprintf("%x", i*2654435761)) + " "
	}
	f.Fuzz(func(t *testing.T, outer, middle, inner byte, before string, times int, after string) {
		all := wrappers(t)
		const binary = 8 // those that come before take any content; text within text has quoting of its own
		plain := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r == '\n' || r == ' ' || r == ',' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
					return r
				}
				return -1
			}, s)
		}
		// A few lines of an encoding may be anything: there is a page of words, and
		// they are all different, so that they are one when compressed, too.
		content := strings.Repeat(plain(before), max(times, 0)%64) + "\n" + needle + "\n" + plain(after) + page
		if len(content) > 64<<10 {
			return
		}
		content = all[int(inner)%len(all)](content)
		content = all[int(middle)%binary](content)
		content = all[int(outer)%len(all)](content)
		var r record
		sum, err := New().File(context.Background(), "f", memory([]byte(content)), DefaultLimits(), &r)
		if err != nil {
			t.Fatal(err)
		}
		found := r.text.String() + r.grids.String()
		if len(sum.Unread) == 0 && !strings.Contains(found, "ada.fernsby@home.example") {
			t.Errorf("wrapped as %d, %d, %d it is read wholly and not found: %v\n%.400q", inner, middle, outer, r.parts, found)
		}
		if len(sum.Faults) > 0 {
			t.Errorf("a reader broke down: %v", sum.Faults[0].Places)
		}
	})
}
