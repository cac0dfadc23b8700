package console

import (
	"errors"
	"io"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// inert makes HTML from a message harmless: words, structure and pictures that
// it brings along are left. It is the wall behind the policy of the document it
// is served in, and each of the two holds without the other.
type inert struct{ policy *bluemonday.Policy }

func newInert() *inert {
	p := bluemonday.NewPolicy()
	p.AllowElements("a", "abbr", "address", "article", "aside", "b", "big", "blockquote", "br", "center", "cite", "code", "dd", "del", "dfn", "div", "dl", "dt",
		"em", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "ins", "kbd", "li", "main", "mark", "ol", "p", "pre", "q",
		"s", "samp", "section", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "ul", "var", "wbr")
	p.AllowTables()
	p.AllowElements("table", "tbody", "td", "tfoot", "th", "thead", "tr")
	p.AllowAttrs("dir").Matching(bluemonday.Direction).Globally()
	p.AllowDataURIImages()
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(bluemonday.NumberOrPercent).OnElements("img")
	// What browsers do not show may still be what leaks: only code and style go.
	p.AllowElementsContent("frame", "frameset", "iframe", "noembed", "noframes", "noscript", "object", "title")
	return &inert{p}
}

// write writes markup without what could act.
func (i *inert) write(w io.Writer, markup string) error {
	return i.policy.SanitizeReaderToWriter(strings.NewReader(spellOut(markup)), w)
}

// spellOut turns what points elsewhere into words: a link is followed by its
// address, and a picture that would be fetched is its address.
func spellOut(markup string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	var link string
	end := func() {
		if link != "" {
			b.WriteString(" <code>[" + html.EscapeString(link) + "]</code>")
			link = ""
		}
	}
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			end()
			if !errors.Is(z.Err(), io.EOF) {
				b.WriteString("<p>[more could not be read]</p>")
			}
			return b.String()
		}
		t := z.Token()
		switch {
		case kind == html.EndTagToken && t.Data == "a":
			end()
		case (kind == html.StartTagToken || kind == html.SelfClosingTagToken) && (t.Data == "a" || t.Data == "area"):
			end()
			link = attribute(t, "href")
		case (kind == html.StartTagToken || kind == html.SelfClosingTagToken) && (t.Data == "img" || t.Data == "image" || t.Data == "input"):
			if src := attribute(t, "src"); src != "" && !strings.HasPrefix(strings.ToLower(src), "data:image/") {
				b.WriteString(" <code>[picture, not fetched: " + html.EscapeString(strings.TrimSpace(attribute(t, "alt")+" "+src)) + "]</code> ")
				continue
			}
			b.WriteString(t.String())
		default:
			b.WriteString(t.String())
		}
	}
}

// attribute is the value of an attribute, on one line and of bounded length.
func attribute(t html.Token, name string) string {
	const most = 300
	for _, a := range t.Attr {
		if a.Key == name {
			value := []rune(strings.Join(strings.Fields(a.Val), " "))
			if len(value) > most {
				return string(value[:most]) + "…"
			}
			return string(value)
		}
	}
	return ""
}
