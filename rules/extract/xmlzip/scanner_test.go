package xmlzip

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// spell writes tags and text as one string: <name a=b>, </name>, "text".
func spell(r io.Reader) (string, error) {
	var b strings.Builder
	s := NewScanner(r)
	joined := false
	for {
		kind, err := s.Next()
		if err != nil {
			if joined {
				b.WriteString("]")
			}
			return b.String(), err
		}
		if kind == Text { // pieces of one text may come apart anywhere
			if !joined {
				b.WriteString("[")
			}
			joined = true
			b.Write(s.Text())
			continue
		}
		if joined {
			b.WriteString("]")
			joined = false
		}
		if kind == End {
			fmt.Fprintf(&b, "</%s>", s.Name())
			continue
		}
		fmt.Fprintf(&b, "<%s", s.Name())
		for {
			name, value, ok := s.NextAttr()
			if !ok {
				break
			}
			fmt.Fprintf(&b, " %s=%s", name, value)
		}
		b.WriteString(">")
	}
}

func TestScannerCutsPartsIntoTagsAndText(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"declaration and comment are passed", `<?xml version="1.0"?><!-- <a> --><a>x</a>`, `<a>[x]</a>`},
		{"prefixes are dropped", `<x:a y:b="c"/>`, `<a b=c></a>`},
		{"both quotes, space around equals", `<a b = 'c"d' e="f'g" />`, `<a b=c"d e=f'g></a>`},
		{"a bracket within quotes does not end a tag", `<a b="1>2">x</a>`, `<a b=1>2>[x]</a>`},
		{"entities", `<a b="&lt;&#65;">&amp;&#x41;&quot;&apos;&gt;&#x1F600;</a>`, `<a b=<A>[&A"'>😀]</a>`},
		{"what is no entity stays", `<a>AT&T &nbsp; &#xFFFFFFFF; & </a>`, `<a>[AT&T &nbsp; &#xFFFFFFFF; & ]</a>`},
		{"stray ampersand at the end", `<a/>x&`, `<a></a>[x&]`},
		{"CDATA is text as it is", `<a><![CDATA[<b>&amp;]]></a>`, `<a>[<b>&amp;]</a>`},
		{"conditional comment of VML", `<a><![if !mso]>x<![endif]></a>`, `<a>[x]</a>`},
		{"byte order mark", "\xef\xbb\xbf<a>x</a>", `<a>[x]</a>`},
		{"declared Latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", `<a>[é]</a>`},
		{"a word without a value is passed", `<a b c="d"/>`, `<a c=d></a>`},
	} {
		for size, r := range map[string]io.Reader{"whole": strings.NewReader(tc.in), "byte by byte": iotest.OneByteReader(strings.NewReader(tc.in))} {
			got, err := spell(r)
			if err != io.EOF || got != tc.want {
				t.Errorf("%s, %s: got %s, %v; want %s", tc.name, size, got, err, tc.want)
			}
		}
	}
}

func TestScannerReadsUTF16(t *testing.T) {
	var le, be strings.Builder
	for _, c := range "\uFEFF<a>né</a>" {
		le.WriteString(string([]byte{byte(c), byte(c >> 8)}))
		be.WriteString(string([]byte{byte(c >> 8), byte(c)}))
	}
	for _, in := range []string{le.String(), be.String(), le.String()[2:]} {
		if got, err := spell(strings.NewReader(in)); err != io.EOF || got != "<a>[né]</a>" {
			t.Errorf("got %s, %v", got, err)
		}
	}
}

func TestScannerRefusesDocumentTypes(t *testing.T) {
	for _, in := range []string{
		`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
		`<?xml version="1.0"?><!DOCTYPE a><a/>`,
		`<a/><!ENTITY b "c">`,
	} {
		_, err := spell(strings.NewReader(in))
		if !errors.Is(err, ErrDoctype) || !errors.Is(err, document.ErrDamaged) {
			t.Errorf("%s: error %v", in, err)
		}
	}
	s := NewScanner(strings.NewReader(`<!DOCTYPE a PUBLIC "-//X//DTD//EN" "a.dtd"><a/>`))
	s.AllowDoctype()
	if kind, err := s.Next(); err != nil || kind != Start {
		t.Errorf("a doctype that only names one: %v", err)
	}
	s = NewScanner(strings.NewReader(`<!DOCTYPE a [<!ENTITY b "c">]><a/>`))
	s.AllowDoctype()
	if _, err := s.Next(); !errors.Is(err, ErrDoctype) {
		t.Errorf("a doctype that declares an entity was let pass: %v", err)
	}
}

func TestScannerSaysWhereAPartIsCutOff(t *testing.T) {
	for _, in := range []string{"<a", "<a b='", "<!-- ", "<![CDATA[x", "<", "<?x", "<a>x", "<a><b/>"} {
		if _, err := spell(strings.NewReader(in)); !errors.Is(err, document.ErrDamaged) {
			t.Errorf("%q: error %v", in, err)
		}
	}
	long := "<a b='" + strings.Repeat("x", maxTag) + "'/>"
	if _, err := spell(strings.NewReader(long)); !errors.Is(err, document.ErrDamaged) {
		t.Errorf("a tag of %d bytes: %v", len(long), err)
	}
}

func FuzzScanner(f *testing.F) {
	for _, s := range []string{`<a b="c">x&amp;<d/></a>`, `<!--x--><![CDATA[y]]>`, "\xff\xfe<\x00a\x00>\x00", "<!DOCTYPE a>", "<a&#65;>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		whole, err1 := spell(strings.NewReader(in))
		pieces, err2 := spell(iotest.OneByteReader(strings.NewReader(in)))
		if whole != pieces || (err1 == io.EOF) != (err2 == io.EOF) {
			t.Errorf("read whole: %q, %v; in pieces: %q, %v", whole, err1, pieces, err2)
		}
		if len(whole) > 4*len(in)+64 {
			t.Errorf("%d bytes became %d", len(in), len(whole))
		}
	})
}
