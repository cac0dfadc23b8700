package htmltoken

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/net/html"
)

// token is what both tokenizers tell of a token.
type token struct {
	kind html.TokenType
	raw  string
	text string
}

// tokenizer is what both are.
type tokenizer interface {
	Next() html.TokenType
	Raw() []byte
	Text() []byte
	TagName() ([]byte, bool)
	TagAttr() (key, value []byte, more bool)
	NextIsNotRawText()
	Err() error
}

func tokens(z tokenizer) (list []token, err error) {
	for {
		t := token{kind: z.Next()}
		if t.kind == html.ErrorToken {
			return list, z.Err()
		}
		t.raw = string(z.Raw())
		t.text = string(z.Text())
		name, more := z.TagName()
		t.text += string(name)
		for more {
			var key, value []byte
			key, value, more = z.TagAttr()
			t.text += " " + string(key) + "=" + string(value)
		}
		if string(name) == "noscript" {
			z.NextIsNotRawText()
		}
		list = append(list, t)
	}
}

// same reports the first token that differs from that of x/net/html.
func same(t *testing.T, page string) {
	t.Helper()
	want, wantErr := tokens(html.NewTokenizer(strings.NewReader(page)))
	for name, r := range map[string]io.Reader{
		"at once": strings.NewReader(page), "byte by byte": iotest.OneByteReader(strings.NewReader(page)),
		"in halves": iotest.HalfReader(strings.NewReader(page)), "with the end": iotest.DataErrReader(strings.NewReader(page)),
	} {
		got, err := tokens(New(r, 1<<20))
		for i := range max(len(got), len(want)) {
			var g, w token
			if i < len(got) {
				g = got[i]
			}
			if i < len(want) {
				w = want[i]
			}
			if g != w {
				t.Fatalf("read %s, token %d of %q:\n got %v %q %q\nwant %v %q %q", name, i, page, g.kind, g.raw, g.text, w.kind, w.raw, w.text)
			}
		}
		if !errors.Is(err, wantErr) {
			t.Fatalf("read %s, %q ends with %v, want %v", name, page, err, wantErr)
		}
	}
}

func pages() []string {
	return []string{
		"", "a", "a<b", "<p>a</p>", "<p class=x>a<br/>b", "<A HREF='x y' title=\"&quot;z&quot;\">", "a < b << c <3 <", "</>", "</ x>y", "</", "<!", "<!>", "<!-",
		"<!---->", "<!-->x-->", "<!--->x", "<!--a--!>b", "<!--a--!-->b", "<!--a--!->b-->c", "<!--a--", "<!--a-", "<!--a--!", "<!-- a > b -- c -->", "<!DOCTYPE html>x",
		"<!doctype", "<!DOC>ab", "<!doctype   ", "<!doctype  x", "<![CDATA[x]]>y", "<?xml version=1?>z", "<?", "<? ", "<x", "<x y", "<x y=", "<x y=\"", "<x/y/z=/>", "<x =y>", "<x y = z>",
		"<x a=1 A=2 b>", "<x a=b/>", "<x a='b'/>", "<x a=\r\nb c=\"d\re\">", "<title>a<b>&amp;</title>c", "<textarea>\r\nx</textarea x>", "<style>a<b</style", "<style></style>",
		"<script>a</script>b", "<script><!--</script>x", "<script><!-- <script> </script> --></script>y", "<script><!-- <b </script>", "<script><!-- <script></script><3 --></script>z",
		"<script><!-</script>", "<script><!--- --><script></script>", "<script></scrip</script>q", "<script><!--<script ></script ></script>", "<plaintext>a</plaintext>", "<xmp><b></xmp>", "<iframe>&lt;</iframe>&lt;",
		"<noscript><b>x</b></noscript>", "&amp;&lt&notit;&notin;&copy2;&#65;&#x41;&#128;&#0;&#xD800;&#1114112;&#;&#x;&;&semi;&nGt;&unknown;&amp", "<a b='?x=1&copy=2&copy;&copy &notit; &amp;&#38;&semi;&lt&gtx;&nGt;'>",
		"a\x00b<p\x00q r\x00=s\x00><!--\x00-->", "<title>\x00</title>", "\r\r\n\n\r", "x&#13;\r\ny",
	}
}

func TestTokensAreThoseOfNetHTML(t *testing.T) {
	for _, page := range pages() {
		same(t, page)
		same(t, page+page+page) // with tags that are remembered
	}
	rng := rand.New(rand.NewPCG(5, 6))
	pieces := strings.Split("<,</,>,<!--,-->,--,!,-,script,SCRIPT,title,style, ,\n,\r,/,=,\",',a,b,&,&amp;,&lt,;,#,x41,<script>,</script>,<!,?,doctype,\x00,textarea,noscript,copy,é", ",")
	for range 30_000 {
		var b strings.Builder
		for range 1 + rng.IntN(14) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		same(t, b.String()+b.String())
	}
	many := "<x"
	for i := range 100 {
		many += " a" + strings.Repeat("b", i%40) + "=1"
	}
	same(t, many+">"+strings.Repeat("long text ", 5000)+"<p>")
}

func FuzzTokens(f *testing.F) {
	for _, page := range pages() {
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, page string) {
		same(t, page)
		same(t, page+page)
	})
}

// FuzzKnown: what is said to be the tag that had a slot before is that tag.
func FuzzKnown(f *testing.F) {
	for _, page := range pages() {
		f.Add(page + page)
	}
	f.Add(strings.Repeat("<td class=a><TD class=a></td><td class=b></td >", 3))
	f.Fuzz(func(t *testing.T, page string) {
		z, had := New(strings.NewReader(page), 1<<20), [Slots]string{}
		for z.Next() != html.ErrorToken {
			slot, again := z.Known()
			if slot < 0 {
				continue
			}
			if again && had[slot] != string(z.Raw()) {
				t.Fatalf("%q is said to be the tag of slot %d again, which had %q", z.Raw(), slot, had[slot])
			}
			had[slot] = string(z.Raw())
			for more := true; more; { // it may change what was read
				_, _, more = z.TagAttr()
			}
		}
	})
}

func TestTokensAreBounded(t *testing.T) {
	for _, page := range []string{"<a b='" + strings.Repeat("x", 1<<20), "<!--" + strings.Repeat("x", 1<<20), strings.Repeat("x", 1<<20), "<script>" + strings.Repeat("x", 1<<20)} {
		z := New(strings.NewReader(page), 64<<10)
		size := 0
		for z.Next() != html.ErrorToken {
			size = max(size, len(z.Raw()))
		}
		if !errors.Is(z.Err(), html.ErrBufferExceeded) || size > 64<<10 {
			t.Errorf("%.10q: %v after a token of %d bytes", page, z.Err(), size)
		}
		if cap(z.buf) > 256<<10 {
			t.Errorf("%.10q: %d bytes held", page, cap(z.buf))
		}
	}
}

func BenchmarkTokens(b *testing.B) {
	var page bytes.Buffer
	for range 5000 {
		page.WriteString("<p class=\"story\" style=\"margin:0;padding:12px\"><a href=\"https://news.example/?a=1&amp;b=2\">We are glad to tell you that the works are done.</a></p>\r\n")
	}
	all := func(b *testing.B, open func(io.Reader) tokenizer) {
		b.SetBytes(int64(page.Len()))
		b.ReportAllocs()
		for b.Loop() {
			z := open(bytes.NewReader(page.Bytes()))
			for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
				z.Text()
				for more := kind == html.StartTagToken; more; {
					_, _, more = z.TagAttr()
				}
			}
		}
	}
	b.Run("this", func(b *testing.B) { all(b, func(r io.Reader) tokenizer { return New(r, 1<<20) }) })
	b.Run("x-net-html", func(b *testing.B) { all(b, func(r io.Reader) tokenizer { return html.NewTokenizer(r) }) })
}
