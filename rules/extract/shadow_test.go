package extract

import (
	"context"
	"strings"
	"testing"
)

// TestWhatAPageCarriesBesideItsText is read: attributes for scripts, generated
// content, and the queries of links.
func TestWhatAPageCarriesBesideItsText(t *testing.T) {
	const page = "Content-Type: text/html\r\n\r\n<html><head><meta name=x content=\"Maria Turner\">" +
		"<style>p.a::after { content: \"Omar Barnes; omar@x.example\"; color: red } p.b::before{content:'Lea Webb'}</style></head>" +
		"<body><i data-name=\"Igor Fisher\" data-mail=\"igor@x.example\"></i>" +
		"<a href=\"https://x.example/?n=Vera+Ingram&amp;m=vera%40x.example\">more</a>" +
		"<a href=\"https://x.example/?utm=newsletter\">plain</a></body></html>\r\n"
	got := &gathered{}
	src := Source{ReaderAt: strings.NewReader(page), Size: int64(len(page))}
	if _, err := New().Message(context.Background(), src, DefaultLimits(), got); err != nil {
		t.Fatal(err)
	}
	text := got.text.String()
	for _, want := range []string{"Maria Turner\n", "Omar Barnes; omar@x.example\n", "Lea Webb\n",
		"Igor Fisher\tigor@x.example\n", "Vera Ingram\tvera@x.example\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not read in %q", want, text)
		}
	}
	if strings.Contains(text, "newsletter\n") {
		t.Errorf("a query without an address is read: %q", text)
	}
}
