package console

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func harmless(t testing.TB, markup string) string {
	t.Helper()
	var b bytes.Buffer
	if err := newInert().write(&b, markup); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkupKeepsItsWordsAndLosesWhatActs(t *testing.T) {
	const picture = "data:image/png;base64,iVBORw0KGgo="
	for in, want := range map[string]string{
		`<p>a <b>b</b></p>`: `<p>a <b>b</b></p>`,
		`<a href="https://shop.example/?u=1&amp;v">x</a> y`:                                `x <code>[https://shop.example/?u=1&amp;v]</code> y`,
		`<a href="javascript:alert(1)">x</a>`:                                              `x <code>[javascript:alert(1)]</code>`,
		`<a href=one>x<a href=two>y`:                                                       `x <code>[one]</code>y <code>[two]</code>`,
		`<a name=top>x</a>`:                                                                `x`,
		`<img src="` + picture + `" alt=logo onload=x()>`:                                  `<img src="` + picture + `" alt="logo">`,
		`<img src="https://track.example/1.gif" alt="a">`:                                  ` <code>[picture, not fetched: a https://track.example/1.gif]</code> `,
		`<p style="display:none" onclick=x() class=c>hidden</p>`:                           `<p>hidden</p>`,
		`<script>x()</script><style>p{}</style>y`:                                          `y`,
		`<title>t</title><noscript>n</noscript><iframe src=x>i</iframe><object>o</object>`: `tnio`,
		`<table width="50%"><tr><td colspan=2 bgcolor=red>c</td></tr></table>`:             `<table width="50%"><tr><td colspan="2">c</td></tr></table>`,
		`<form action=x><input name=p value=v><button>go</button></form>`:                  `go`,
		`<p>not closed`: `<p>not closed`,
	} {
		if got := harmless(t, in); got != want {
			t.Errorf("%s\n becomes %s\n want    %s", in, got, want)
		}
	}
}

// Whatever the markup, what comes out has no element that acts, no event, no
// address but of pictures that it brings along, and stays so.
func FuzzMarkupIsInert(f *testing.F) {
	set, err := os.ReadFile(filepath.Join("testdata", "hostile.html"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(set)) {
		f.Add(line)
	}
	f.Add(string(set))
	f.Add(`<img src="data:image/svg+xml;base64,PHN2Zy8+" width=1 height=2><a href=x><a><img src=y>`)
	elements := strings.Fields("a abbr address article aside b big blockquote br caption center cite code col colgroup dd del dfn div dl dt em figcaption " +
		"figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q s samp section small span strike strong sub sup table tbody td tfoot " +
		"th thead tr tt u ul var wbr")
	attributes := strings.Fields("abbr align alt colspan dir headers height nowrap rowspan scope span src summary valign width")
	f.Fuzz(func(t *testing.T, markup string) {
		out := harmless(t, markup)
		for z := html.NewTokenizer(strings.NewReader(out)); z.Next() != html.ErrorToken; {
			token := z.Token()
			switch token.Type {
			case html.TextToken:
				continue
			case html.CommentToken, html.DoctypeToken:
				t.Fatalf("%q leaves %s", markup, token)
			}
			if !slices.Contains(elements, token.Data) {
				t.Fatalf("%q leaves the element %s", markup, token.Data)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, a.Key) || a.Key == "src" && (token.Data != "img" || !strings.HasPrefix(a.Val, "data:image/")) {
					t.Fatalf("%q leaves %s=%q", markup, a.Key, a.Val)
				}
			}
		}
	})
}
