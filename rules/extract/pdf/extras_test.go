package pdf

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

func TestWhatStandsBesideThePages(t *testing.T) {
	file := onePage("BT /F 10 Tf 50 700 Td (page) Tj ET",
		"/Annots [<< /Subtype /Text /Contents (a comment) >> << /Subtype /FileAttachment /FS 7 0 R >>"+
			" << /Subtype /Link /A << /URI (mailto:ada@example.org) >> >>"+
			" << /Subtype /Widget /Rect [50 600 150 620] /AP << /N 13 0 R >> >>]",
		"/Outlines << /First 15 0 R >> /Metadata 6 0 R /OpenAction << /S /JavaScript /JS (app.alert\\('Ben'\\)) >>"+
			"/AcroForm << /Fields [9 0 R << /T (who) /Opt [(Cat Dale) [(1) (Eve Ford)]] >>] /XFA [(template) 8 0 R (datasets) 6 0 R] >> /Names << /EmbeddedFiles << /Kids [11 0 R] >> >>",
		streamObject("", "number,name"), // 6
		"<< /Type /Filespec /F (plain.csv) /UF <FEFF007A002E006300730076> /EF << /F 6 0 R >> >>",
		streamObject("", "<template/>"), // 8
		"<< /T (person) /Kids [10 0 R 12 0 R 9 0 R] >>",
		"<< /T (name) /V (Ada Fjord) /Parent 9 0 R >>",
		"<< /Names [(b) << /F (packed.csv) /EF << /F 14 0 R >> >>] /Kids [11 0 R] >>", // 11
		"<< /T (city) /V <FEFF004E00F8> >>",
		streamObject("/Subtype /Form /BBox [0 0 100 20] /Resources << /Font << /F 5 0 R >> >>", "BT /F 10 Tf 2 5 Td (filled in) Tj ET"),
		streamObject("/Filter /FlateDecode", deflate("packed,content")), // 14
		"<< /Title (Chapter one) /Next 15 0 R /First << /Title (Section) >> >>",
	)
	got, err := read(t, file, limits())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"page\n", "a comment\n", "mailto:ada@example.org\n", "filled in\n", "person.name: Ada Fjord\n", "person.city: Nø\n",
		"Cat Dale\n", "1, Eve Ford\n", "Chapter one\nSection\n", "app.alert('Ben')\n"} {
		if !strings.Contains(got.all(), want) {
			t.Errorf("%q is missing in %q", want, got.all())
		}
	}
	for name, want := range map[string]string{"form.xml": "number,name", "metadata.xml": "number,name", "z.csv": "number,name", "packed.csv": "packed,content"} {
		if got.files[name] != want {
			t.Errorf("file %s: %q, want %q", name, got.files[name], want)
		}
	}
}

func TestPictureHoldsNothing(t *testing.T) {
	image := streamObject("/Subtype /Image /Width 1 /Height 1 /Filter /DCTDecode", "\xff\xd8\xff")
	got, err := read(t, onePage("q 500 0 0 500 0 0 cm /X Do Q", "", "", image), limits())
	if err != nil || got.all() != "" || len(got.files) != 0 {
		t.Errorf("%q, %v", got.all(), err)
	}
}

func TestFontWithoutCharactersIsUnsupported(t *testing.T) {
	file := onePage("BT /G 10 Tf 50 700 Td <"+strings.Repeat("0102", 40)+"> Tj ET", "", "",
		"<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [<< /Subtype /CIDFontType2 >>] >>")
	if _, err := read(t, file, limits()); !errors.Is(err, document.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}

// Each of these files refers to itself, or to more than there is.
func TestLoopsEnd(t *testing.T) {
	text := "BT /F 10 Tf 50 700 Td (Ada) Tj ET "
	tree := &builder{}
	tree.add("<< /Type /Catalog /Pages 2 0 R >>")
	tree.add("<< /Type /Pages /Kids [2 0 R 3 0 R 3 0 R 2 0 R] /Count 9 /Parent 2 0 R >>")
	tree.add("<< /Type /Page /Contents 4 0 R /Resources << /Font << /F << /Subtype /Type1 >> >> >> >>")
	tree.stream("", text)

	deep := &builder{}
	deep.add("<< /Type /Catalog /Pages 2 0 R >>")
	for i := range 2000 {
		deep.add(fmt.Sprintf("<< /Type /Pages /Kids [%d 0 R] >>", i+3))
	}

	cases := map[string]struct {
		file []byte
		want error
	}{
		"page tree": {tree.bytes(), nil},
		"deep tree": {deep.bytes(), document.ErrTooDeep},
		"form in itself": {onePage(text+"/X Do", "", "", streamObject("/Subtype /Form /Resources << /XObject << /X 6 0 R >> >>", "/X Do /X Do")),
			document.ErrTooDeep},
		"length of itself":    {onePage(text+"/X Do", "", "", "<< /Subtype /Form /Length 6 0 R >>\nstream\n\nendstream"), nil},
		"reference to itself": {onePage(text, "/Annots 6 0 R", "", "6 0 R"), nil},
		"deep arrays":         {onePage(text, "/Annots 6 0 R", "", strings.Repeat("[", 1<<20)), nil},
		"deep dictionaries":   {onePage(text, "/Annots 6 0 R", "", strings.Repeat("<</A", 1<<19)), nil},
		"object stream in itself": {onePage(text, "/Annots 6 0 R", "",
			streamObject("/Type /ObjStm /N 1 /First 4", "6 0 [6 0 R]")), nil},
		"previous table": {loopingTable(text), nil},
	}
	for name, c := range cases {
		got, err := read(t, c.file, limits())
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
		if c.want == nil && !strings.Contains(got.all(), "Ada") {
			t.Errorf("%s: the page is lost", name)
		}
	}
}

// loopingTable returns a file whose cross-reference table precedes itself.
func loopingTable(text string) []byte {
	plain := string(onePage(text, "", ""))
	at := strings.LastIndex(plain, "xref\n0")
	return []byte(strings.Replace(plain, "trailer\n<<", fmt.Sprintf("trailer\n<< /Prev %d", at), 1))
}

// A small file may say one long string in very many places.
func TestSharedStringsArePaidForEachTime(t *testing.T) {
	const places = 2000
	many := strings.Repeat("5 0 R ", places)
	for name, more := range map[string]string{
		"choices of a field": "/AcroForm << /Fields [<< /T (a) /Opt [" + many + "] >>] >>",
		"value of a field":   "/AcroForm << /Fields [<< /T (a) /V [" + many + "] >>] >>",
		"outline":            "/Outlines << /First 6 0 R >>",
	} {
		b := &builder{}
		b.add("<< /Type /Catalog /Pages 2 0 R " + more + " >>")
		b.add("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
		b.add("<< /Type /Page /Contents 4 0 R /Resources << /Font << /F << /Subtype /Type1 >> >> >> >>")
		b.stream("", "BT /F 10 Tf 50 700 Td (Ada) Tj ET ")
		b.add("(" + strings.Repeat("x", 1<<20) + ")")
		for i := range places {
			b.add(fmt.Sprintf("<< /Title 5 0 R /Next %d 0 R >>", i+7))
		}
		lim := limits()
		lim.Bytes = 16 << 20
		got, err := read(t, b.bytes(), lim)
		if n := int64(len(got.all())); !errors.Is(err, document.ErrTooBig) || n > 2*lim.Bytes {
			t.Errorf("%s: error %v after %d bytes, want %v", name, err, n, document.ErrTooBig)
		}
	}
}
