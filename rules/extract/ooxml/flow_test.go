package ooxml_test

import (
	"bytes"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/ooxml"
)

func TestDocumentIsTextsAndTablesInOrder(t *testing.T) {
	p := func(s string) string { return `<w:p><w:r><w:t>` + s + `</w:t></w:r></w:p>` }
	body := p("Dear all,") +
		`<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:delText>gone</w:delText></w:r></w:p>` +
		`<w:tbl><w:tr><w:tc>` + p("name") + `</w:tc><w:tc>` + p("phone") + `</w:tc></w:tr>` +
		`<w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>` + p("both") + `</w:tc><w:tc>` + p("third") + `</w:tc></w:tr>` +
		`<w:tr><w:tc>` + p("outer") + `<w:tbl><w:tr><w:tc>` + p("inner") + `</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>` +
		`<mc:AlternateContent><mc:Choice><wps:txbx><w:txbxContent>` + p("box") + `</w:txbxContent></wps:txbx></mc:Choice>` +
		`<mc:Fallback><v:textbox><w:txbxContent>` + p("box") + `</w:txbxContent></v:textbox></mc:Fallback></mc:AlternateContent>` +
		`<w:p><w:r><w:drawing><wp:docPr name="p" descr="a picture"/></w:drawing></w:r></w:p>` +
		`<w:p><w:r><w:instrText>HYPERLINK "mailto:ann@example.com"</w:instrText></w:r><w:r><w:instrText> PAGE </w:instrText></w:r></w:p>`
	data := parts(t, "[Content_Types].xml", `<Types/>",`,
		"word/document.xml", `<w:document><w:body>`+body+`</w:body></w:document>`,
		"word/header1.xml", `<w:hdr>`+p("Confidential")+`</w:hdr>`,
		"word/footnotes.xml", `<w:footnotes><w:footnote>`+p("a note")+`</w:footnote></w:footnotes>`,
		"word/settings.xml", `<w:settings><w:zoom w:val="two words"/><w:docVars><w:docVar w:name="v" w:val="a value"/></w:docVars></w:settings>`,
		"word/styles.xml", `<w:styles>`+p("no text")+`</w:styles>`)
	got, err := read(data, limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "document", got,
		`text : "Dear all,\na\tb\ngone"`, "row : name|phone", "row : both||third", "row : outer", "row : inner",
		`text : "box\na picture \nHYPERLINK \"mailto:ann@example.com\""`, `text header1: "Confidential"`, `text footnotes: "a note"`, `text settings: "a value"`)
}

func TestSlidesAreTextsAndTables(t *testing.T) {
	cell := func(s string) string {
		return `<a:tc><a:txBody><a:p><a:r><a:t>` + s + `</a:t></a:r></a:p></a:txBody></a:tc>`
	}
	data := parts(t, "ppt/presentation.xml", `<p:presentation/>`,
		"ppt/slides/slide1.xml", `<p:sld><a:p><a:r><a:t>Title</a:t></a:r></a:p><a:tbl><a:tr>`+cell("a")+cell("b")+`</a:tr></a:tbl></p:sld>`,
		"ppt/notesSlides/notesSlide1.xml", `<p:notes><a:p><a:r><a:t>say this</a:t></a:r></a:p></p:notes>`,
		"ppt/charts/chart1.xml", `<c:chartSpace><c:strCache><c:pt><c:v>Ann</c:v></c:pt><c:pt><c:v>Bob</c:v></c:pt></c:strCache></c:chartSpace>`)
	got, err := read(data, limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "slides", got, `text slide1: "Title"`, "row slide1: a|b", `text notesSlide1: "say this"`, `text chart1: "Ann\nBob"`)
}

func TestDrawingsOfOldMayLeaveTagsOpen(t *testing.T) {
	got, err := read(workbook(t, "", "xl/drawings/vmlDrawing1.vml", `<xml><v:textbox><div>one<br>two</div></v:textbox></xml>`,
		"chunk.htm", `<!DOCTYPE html><html></html>`), limits)
	if err != nil {
		t.Error(err)
	}
	expect(t, "drawing", got, `text vmlDrawing1: "one\ntwo"`, `file chunk.htm: 28 bytes "<!DOCTYPE html><html></html>"`)
}

func TestKindOfTellsPackagesApart(t *testing.T) {
	for _, tc := range []struct {
		name string
		data []byte
		want ooxml.Kind
	}{
		{"workbook", workbook(t, ""), ooxml.XLSX},
		{"binary workbook", parts(t, "xl/workbook.bin", "\x83\x01\x00"), ooxml.XLSB},
		{"document", parts(t, "WORD/Document.xml", "<w:document/>"), ooxml.DOCX},
		{"slides", parts(t, "ppt/presentation.xml", "<p:presentation/>"), ooxml.PPTX},
		{"document by its content", parts(t, "[Content_Types].xml", "<Types/>", "x.xml", "<w:document/>"), ooxml.DOCX},
		{"drawing", parts(t, "[Content_Types].xml", "<Types/>", "visio/pages/page1.xml", "<PageContents/>"), ooxml.Other},
		{"archive", parts(t, "a.csv", "a,b", "b.xml", "<worksheet/>"), ooxml.None},
		{"text", []byte("a,b\nc,d\n"), ooxml.None},
	} {
		if got := ooxml.KindOf(bytes.NewReader(tc.data), int64(len(tc.data))); got != tc.want {
			t.Errorf("%s: kind %d, want %d", tc.name, got, tc.want)
		}
	}
}
