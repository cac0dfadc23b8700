package extract

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestHTMLIsReadAsItIsSeenAndWritten(t *testing.T) {
	for _, c := range []struct{ name, in, text, rows string }{
		{"blocks are lines", "<p>Ada  <b>Fern</b>sby</p><div>two<br>three</div>", "Ada Fernsby\ntwo\nthree\n", ""},
		{"entities", "<p>&#65;da&nbsp;F&eacute; &lt;a@b.test&gt;", "Ada Fé <a@b.test>\n", ""},
		{"hidden text", "<div style='display:none'>Ada</div>", "Ada\n", ""},
		{"words in pieces", "<p>a<span>da</span>@<i>home</i>.example", "ada@home.example\n", ""},
		{"pre", "<pre>a,b\n c,d\n</pre>", "a,b\n c,d\n", ""},
		{"white-space: pre", "<div style='white-space: pre-wrap'>a,b\nc,d</div>", "a,b\nc,d\n", ""},
		{"lines that are a table", "<p>a,b,c\nd,e,f\ng,h,i</p>", "a,b,c\nd,e,f\ng,h,i\n", ""},
		{"folded prose", "<p>one\ntwo\nthree</p>", "one two three\n", ""},
		{"description list", "<dl><dt>Name</dt><dd>Ada Fern</dd><dt>Tel.</dt> <dd>0170 1</dd></dl>", "Name: Ada Fern\nTel.: 0170 1\n", ""},
		{"a term without its description", "<dl><dt>Name</dt><p>Ada Fern</p></dl>", "Name:\nAda Fern\n", ""},
		{"bold labels", "<p><b>Name</b> Ada Fern<br><strong>Town</strong> Leeds<br><b>Cell.</b> 01</p>", "Name: Ada Fern\nTown: Leeds\nCell.: 01\n", ""},
		{"bold words that are no labels", "<p><b>Dear Ada,</b> welcome<br>We <b>never</b> ask<br><b>Name:</b> Ada</p>", "Dear Ada, welcome\nWe never ask\nName: Ada\n", ""},
		{"comment", "<!-- Ada Fernsby, ada@home.example -->", " Ada Fernsby, ada@home.example \n", ""},
		{"conditional comment", "<!--[if mso]><table><tr><td>Ada</td><td>1</td></tr></table><![endif]-->", "[if mso]>\n\nAda\t1\t\n", ""},
		{"style is no text", "<style>p { color: red }</style><p>x", "x\n", ""},
		{"script", "<script>var a = \"Ada\"</script>", "var a = \"Ada\"\n", ""},
		{"titles", "<img alt='Ada Fernsby' src='x.png'>", "Ada Fernsby\n", ""},
		{"mailto", "<a href='mailto:ada@home.example'>Ada</a> <a href='mailto:b@home.example'>b@home.example</a>", "Ada ada@home.example b@home.example\n", ""},
		{"table", "<table><tr><th>n<th>m<tr><td>1<td>2</table>after", "after\n", "n|m\n1|2\n"},
		{"table, nothing closed", "<table><tr><td>1<td>2<tr><td>3<td>4", "", "1|2\n3|4\n"},
		{"colspan and rowspan", "<table><tr><td colspan=2>a</td><td rowspan=2>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "", "a||b\nc|d|b\n"},
		{"lines in a cell", "<table><tr><td>a<br>b</td><td><p>c</p><p>d</p></td></tr></table>", "", "a\nb|c\nd\n"},
		{"layout of one column is text", "<table><tr><td>a</td></tr><tr><td>b</td></tr></table>", "a\nb\n", ""},
		{"table inside a layout", "<table><tr><td>menu</td><td><table><tr><td>n</td><td>m</td></tr><tr><td>1</td><td>2</td></tr></table></td></tr></table>",
			"", "menu|\nn|m\n1|2\n"},
		{"small table inside a row", "<table><tr><td>Ada</td><td><table><tr><td>12</td><td>High St</td></tr></table></td></tr></table>", "", "Ada|12\nHigh St\n"},
		{"a table for each row", "<table><tr><td>1<td>2</table><table><tr><td>3<td>4</table>", "", "1|2\n3|4\n"},
		{"rows of divs", "<div><div><div>1</div><div>2</div></div><div><div>3</div><div>4</div></div></div>", "", "1|2\n3|4\n"},
		{"a list in divs", "<div><div>name: Ada</div><div>mail: a@b.test</div></div>", "name: Ada\nmail: a@b.test\n", ""},
		{"rows of a list", "<ul><li><div>1</div><div>2</div></li><li><div>3</div><div>4</div></li></ul>tail", "tail\n", "1|2\n3|4\n"},
		{"data: URI", "<a href='data:text/csv;base64," + base64.StdEncoding.EncodeToString([]byte("a,b\n")) + "'>x</a>", "[f/data]\na,b\nx\n", ""},
		{"data: URI, percent-encoded", "<a href='data:text/csv,a%2Cb%0A'>x</a>", "[f/data]\na,b\nx\n", ""},
		{"decoys between the letters are apart", "<p>A<span style='display:none'>x9</span>da<i hidden>k</i> F</p>", "Ada F\n[f/data]\nx9k\n", ""},
		{"decoys by a class", "<style>.h, .z { font-size: 0 } @media print { .m { display: none } }</style><p>A<b class='q h'>x9</b>d<b class=m>a</b></p>", "Ada\n[f/data]\nx9\n", ""},
		{"a line of hidden text only", "<p><span style='visibility:hidden'>Ada Fern</span></p>", "Ada Fern\n", ""},
		{"cells of hidden text only", "<table><tr><td><b hidden>1</b><td><b hidden>2</b><tr><td>3<td>4</table>", "", "1|2\n3|4\n"},
		{"text that is turned", "<p><bdo dir=rtl>adA</bdo> and <span style='unicode-bidi: bidi-override; direction: rtl'>2.1</span></p>", "Ada and 1.2\n", ""},
		{"a table that is turned", "<style>.t{direction:rtl;unicode-bidi:bidi-override}</style><table class=t><tr><td>adA<td>b</tr><tr><td>2.1<td>d</table>", "", "Ada|b\n1.2|d\n"},
		{"right to left alone turns no Latin text", "<p dir=rtl>Ada</p>", "Ada\n", ""},
		{"noscript is markup", "<noscript><table><tr><td>1<td>2<tr><td>3<td>4</table></noscript>", "", "1|2\n3|4\n"},
		{"MathML", "<math><mtable><mtr><mtd><mtext>1</mtext></mtd><mtd>2</mtd></mtr><mtr><mtd>3</mtd><mtd>4</mtd></mtr></mtable></math>", "", "1|2\n3|4\n"},
		{"floats", "<p><span style='float:left;width:9em'>1</span><span style='float:left'>2</span></p>", "1\t2\n", ""},
		{"margins by a class", "<style>.c{margin-right:2em}</style><div><span class=c>1</span><span class=c>2</span></div>", "1\t2\n", ""},
		{"elements of its own", "<style>x-r{display:table-row} x-c{display:table-cell}</style><x-r><x-c>1</x-c><x-c>2</x-c></x-r><x-r><x-c>3</x-c><x-c>4</x-c></x-r>", "", "1|2\n3|4\n"},
		{"placed by rows or columns", "<div style='position:absolute;left:9px;top:2px'>1</div><div style='position:absolute;left:9px;top:22px'>3</div>" +
			"<div style='position:absolute;left:90px;top:2px'>2</div><p style='left:90px;top:22px;position:absolute'>4</p>", "", "1|2\n3|4\n"},
		{"SVG", "<svg><text x='0' y='10'>1</text><text x='50' y='10'>2</text><text y='20'><tspan x='0'>3</tspan><tspan x='50'>4</tspan></text></svg>", "", "1|2\n3|4\n"},
		{"SVG groups", "<svg><g transform='translate(5,10)'><text>1</text><text x='50'>2</text></g><g transform='translate(5,30)'><text>3</text><text x='50'>4</text></g></svg>",
			"", "1|2\n3|4\n"},
		{"SVG without places", "<svg><text y='10'>1, 2</text><text y='20'>3, 4</text></svg>", "1, 2\n3, 4\n", ""},
		{"columns of lines in one row", "<table><tr><td>1<br>3<br>5</td><td>2<br>4<br>6</td></tr></table>", "", "1|2\n3|4\n5|6\n"},
		{"data: URI in a style sheet", "<style>p{background:url(\"data:text/csv,a%2Cb%0A\")}</style>", "[f/data]\na,b\n", ""},
		{"generated content in escapes", "<style>p::before{content:'\\000041 da'}</style>", "[f/data]\nAda\n", ""},
		{"comment in a style sheet", "<style>/* Ada, ada@home.example */ p{color:red}</style>", "[f/data]\nAda, ada@home.example\n", ""},
		{"a page by the numbers of its characters", "<script>document.write(String.fromCharCode(60,98,62,65,100,97,32,70,101,114,110,115,98,121,60,47,98,62))</script>",
			"[f/data]\nAda Fernsby\ndocument.write(String.fromCharCode(60,98,62,65,100,97,32,70,101,114,110,115,98,121,60,47,98,62))\n", ""},
		{"deep nesting", strings.Repeat("<div><b>", 3000) + "Ada" + strings.Repeat("</b></div>", 3000), "Ada\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, sum := walkFile(t, []byte("<html><body>"+c.in+"</body></html>"), DefaultLimits())
			text := strings.ReplaceAll(r.text.String(), "[f]\n", "")
			if text != c.text || r.grids.String() != c.rows || len(sum.Unread) > 0 {
				t.Errorf("text %q, want %q\nrows %q, want %q\nunread %v", text, c.text, r.grids.String(), c.rows, sum.Unread)
			}
		})
	}
}

// TestHTMLLosesNothingToItsBounds: what does not fit into a cell, a row or the
// text beside a page is read as text, or told.
func TestHTMLLosesNothingToItsBounds(t *testing.T) {
	long := strings.Repeat("some words ", heldSize/4)
	for _, c := range []struct {
		name, page string
		told       Reason
	}{
		{"lines at the end of a long cell", "<table><tr><td>" + long + "<br>" + needle + "<br></table>", ""},
		{"a word longer than a cell", "<table><tr><td>" + strings.Repeat("x", 3*heldSize) + " " + needle + "</table>", ""},
		{"a long caption", "<table><caption>" + long + "<p>" + needle + "</caption><tr><td>1<td>2</table>", ""},
		{"a long cell of a table in a table", "<table><tr><td><table><tr><td>" + long + needle + "</table></table>", ""},
		{"a long hidden text", "<p>a<span hidden>" + long + needle + "</span>b", ""},
		{"lines in a style sheet", "<style>a{}\nAda Fern,ada1@home.example," + needle + "\n</style>", ""},
		{"more beside the page than is kept", "<p data-x='" + strings.Repeat("abcd", maxShadow/4) + "'><p data-x='" + needle + "'>", TooBig},
		{"a cell behind the last column", "<table><tr>" + strings.Repeat("<td>", maxCells) + "<td>" + needle + "</table>", TooMany},
		{"a cell behind many columns that cells span", "<table><tr>" + strings.Repeat("<td colspan=100>", 41) + "<td>" + needle + "</table>", TooMany},
		{"empty cells behind the last column", "<table><tr><td>" + needle + strings.Repeat("<td>", maxCells) + "</table>", ""},
	} {
		r, sum := walkFile(t, []byte("<html><body>"+c.page), DefaultLimits())
		found := strings.Contains(r.text.String()+r.grids.String(), needle)
		if c.told == "" && (!found || len(sum.Unread) > 0) {
			t.Errorf("%s: found %t, unread %v", c.name, found, sum.Unread)
		}
		if c.told != "" && (len(sum.Unread) != 1 || sum.Unread[0].Reason != c.told) {
			t.Errorf("%s: unread %v, want %s", c.name, sum.Unread, c.told)
		}
	}
}

// TestCellsThatAPageDoesNotWriteAreBounded: with colspan and rowspan a few bytes
// ask for many cells.
func TestCellsThatAPageDoesNotWriteAreBounded(t *testing.T) {
	for _, row := range []string{"<tr><td colspan=1000>a<td>b", "<tr><td rowspan=100 colspan=100>a<td>b", "<tr><td rowspan=1000>a<td rowspan=1000>b"} {
		const rows = 5000
		r, _ := walkFile(t, []byte("<table>"+strings.Repeat(row, rows)+"</table>"), DefaultLimits())
		if cells := strings.Count(r.grids.String(), "|"); cells > freeFill+2*rows*(fillRatio+1) {
			t.Errorf("%s: %d cells", row, cells)
		}
		if n := strings.Count(r.grids.String(), "b"); n < rows {
			t.Errorf("%s: %d rows of %d", row, n, rows)
		}
	}
}

// TestTagsThatComeAgainSayTheSame: a tag that is written like one before it says
// what it would say if it were written otherwise.
func TestTagsThatComeAgainSayTheSame(t *testing.T) {
	for _, page := range []string{
		"<p class=x>a</p><p class=x>b</p>",
		"a<span class=x>b</span>c<style>.x{display:none}</style><p>a<span class=x>b</span>c</p>",
		"<x-c>1</x-c><x-c>2</x-c><style>x-c{display:block}</style><x-c>1</x-c><x-c>2</x-c>",
		"<img alt='Ada Fern'><img alt='Ada Fern'><img alt='Ada Fern'/>",
		"<b title=t1>x</b><b title=t1>y</b><input value='v 1'><input value='v 1'>",
		"<a href='mailto:ada@home.example'>x</a> <a href='mailto:ada@home.example'>y</a>",
		"<i data-mail='ada@home.example'>x</i><i data-mail='ada@home.example'>y</i><meta content='b c'><meta content='b c'>",
		"<a href='?q=a@home.example'>x</a><a href='?q=a@home.example'>y</a>",
		"<table><tr><td colspan=2>1<td>2<tr><td colspan=2>3<td>4<tr><td>5<td>6<td>7</table>",
		"<bdo dir=rtl>adA</bdo> <bdo dir=rtl>nreF</bdo>",
		"<p style='background:url(data:,a%2Cb)'>x</p><p style='background:url(data:,a%2Cb)'>y</p>",
		"<div style='position:absolute;left:9px;top:2px'>1</div><div style='position:absolute;left:90px;top:2px'>2</div><div style='position:absolute;left:9px;top:2px'>3</div>",
		"<svg><text x=0 y=10>1</text><text x=50 y=10>2</text></svg><svg><text x=0 y=10>3</text><text x=50 y=10>4</text></svg>",
		"<iframe srcdoc='Ada'></iframe><iframe srcdoc='Ada'></iframe>", "<br><br/><BR>a<br>b<li>c<LI>d</li></LI>", "<textarea>a\n b</textarea><textarea>a\n b</textarea>",
	} {
		n := 0
		otherwise := regexp.MustCompile("<[a-zA-Z-]+").ReplaceAllStringFunc(page, func(tag string) string {
			n++
			return fmt.Sprintf("%s n%d ", tag, n)
		})
		got, sum := walkFile(t, []byte("<html><body>"+page), DefaultLimits())
		want, wantSum := walkFile(t, []byte("<html><body>"+otherwise), DefaultLimits())
		if got.text.String() != want.text.String() || got.grids.String() != want.grids.String() || len(sum.Unread) != len(wantSum.Unread) {
			t.Errorf("%s:\ntext %q\nwant %q\nrows %q\nwant %q", page, got.text.String(), want.text.String(), got.grids.String(), want.grids.String())
		}
	}
}

func TestNestedTablesStreamWhenTheyAreLong(t *testing.T) {
	var b, want strings.Builder
	b.WriteString("<table><tr><td>a</td><td>b<table>")
	want.WriteString("a|b\n")
	for i := range 500 {
		fmt.Fprintf(&b, "<tr><td>%d</td><td>x</td></tr>", i)
		fmt.Fprintf(&want, "%d|x\n", i)
	}
	b.WriteString("</table></td><td>c</td></tr><tr><td>d</td><td>e</td></tr></table>")
	want.WriteString("d|e\n")
	r, _ := walkFile(t, []byte(b.String()), DefaultLimits())
	if got := r.grids.String(); got != want.String() {
		t.Errorf("got %.100q … %q", got, got[max(0, len(got)-100):])
	}
}

func TestHugeTagIsSearchedAsText(t *testing.T) {
	lim := DefaultLimits()
	lim.Memory = 16 << 10
	r, _ := walkFile(t, []byte("<html><p>x</p><img alt='"+strings.Repeat("y ", 200<<10)+needle+"'>"), lim)
	if !strings.Contains(r.text.String(), needle) {
		t.Errorf("not found in %d bytes", r.text.Len())
	}
}

func TestXMLRecordsAreRows(t *testing.T) {
	for _, c := range []struct{ name, in, text, rows string }{
		{"records", "<l><p><n>Ada</n><m>a@b.test</m></p><p><n>Bram</n><m>b@b.test</m></p><p><n>Cleo</n></p></l>",
			"p.n: Cleo\n", "n|m\nAda|a@b.test\nBram|b@b.test\n"},
		{"attributes", "<l><p n='Ada' m='a@b.test'/><p n='Bram' m='b@b.test'/></l>", "", "n|m\nAda|a@b.test\nBram|b@b.test\n"},
		{"nested values", "<l><p><n>Ada</n><a><s>High St</s><c>York</c></a></p><p><n>Bram</n><a><s>Low St</s><c>Hull</c></a></p></l>",
			"", "n|a.s|a.c\nAda|High St|York\nBram|Low St|Hull\n"},
		{"a new field", "<l><p><n>Ada</n><m>1</m></p><p><n>Bram</n><m>2</m></p><p><n>Cleo</n><m>3</m><x>4</x></p></l>",
			"", "n|m\nAda|1\nBram|2\nn|m|x\nCleo|3|4\n"},
		{"values that are no records", "<o><from>Ada</from><to>Bram</to></o>", "from: Ada\nto: Bram\n", ""},
		{"WordprocessingML of 2003", "<w:wordDocument xmlns:w='http://schemas.microsoft.com/office/word/2003/wordml'><w:body><w:p><w:r><w:t>Hi</w:t></w:r></w:p>" +
			"<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Ad</w:t></w:r><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>12</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:wordDocument>",
			"Hi\n", "Ada|12\n"},
		{"SpreadsheetML", "<Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet' xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet ss:Name='S'><Table>" +
			"<Row><Cell><Data>n</Data></Cell><Cell ss:Index='3'><Data>m</Data></Cell></Row><Row><Cell><Data>Ada</Data></Cell><Cell/></Row></Table></Worksheet></Workbook>",
			"", "n||m\nAda|\n"},
		{"cut off", "<l><p><n>Ada</n><m>1</m></p><p><n>Bram</n><m>2</m></p><p><n>Cleo", "p.n: Cleo\n", "n|m\nAda|1\nBram|2\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := walkFile(t, []byte("<?xml version=\"1.0\"?>\n"+c.in), DefaultLimits())
			text := strings.TrimPrefix(r.text.String(), "[f]\n")
			if text != c.text || r.grids.String() != c.rows {
				t.Errorf("text %q, want %q\nrows %q, want %q", text, c.text, r.grids.String(), c.rows)
			}
		})
	}
}

func TestSYLKIsASheet(t *testing.T) {
	r, sum := walkFile(t, []byte("ID;PCALC;N;E\r\nC;X1;Y1;K\"name\"\r\nC;X2;K\"mail\"\r\nF;X1;Y2\r\nC;X1;Y2;K\"Ada;; F\"\r\nC;X3;K12\r\nE\r\n"), DefaultLimits())
	if got, want := r.grids.String(), "name|mail\nAda; F||12\n"; got != want || len(sum.Unread) > 0 {
		t.Errorf("rows %q, want %q; unread %v", got, want, sum.Unread)
	}
}

func TestTextInTheCellsOfOneColumnIsText(t *testing.T) {
	file, want := "ID;PCALC\n", ""
	for i := range 5 {
		line := fmt.Sprintf("Ada %d, ada%d@home.example, Leeds", i, i)
		file += fmt.Sprintf("C;X1;Y%d;K\"%s\"\n", i+1, line)
		want += line + "\n"
	}
	r, _ := walkFile(t, []byte(file), DefaultLimits())
	if got := r.text.String(); !strings.Contains(got, want) || r.rows > 0 {
		t.Errorf("text %q, want %q; %d rows", got, want, r.rows)
	}
}

func TestRTFTextAndTables(t *testing.T) {
	object := fmt.Sprintf("%x", zipStored(t, "a", needle))
	for _, c := range []struct{ name, in, text, rows string }{
		{"text", `{\rtf1\ansi{\fonttbl{\f0 Arial;}}Ada \b Fernsby\b0\par two\line three}`, "Ada Fernsby\ntwo\nthree\n", ""},
		{"charset", `{\rtf1\ansi\ansicpg1251 \'c0\'ed\'ed\'e0\par}`, "Анна\n", ""},
		{"unicode", `{\rtf1\ansi \u201?lodie \uc2\u26085 xx\u26412 yy\par \u-10179?\u-8704?}`, "Élodie 日本\n😀\n", ""},
		{"table", `{\rtf1\ansi before\par\trowd\cellx1\cellx2\intbl n\cell m\cell\row\trowd\intbl Ada\cell 1\cell\row\pard after\par}`,
			"before\nafter\n", "n|m\nAda|1\n"},
		{"hidden text", `{\rtf1\ansi {\v Ada}\par}`, "Ada\n", ""},
		{"pictures are no text", `{\rtf1\ansi x{\pict\pngblip 89504e47}y\par}`, "xy\n", ""},
		{"unknown starred destination", `{\rtf1\ansi x{\*\nonsense Ada}y\par}`, "xy\n", ""},
		{"embedded object", `{\rtf1\ansi x{\object{\*\objdata 0105` + object + `}}y\par}`, "[f/object/a]\n" + needle + "xy\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, sum := walkFile(t, []byte(c.in), DefaultLimits())
			text := strings.ReplaceAll(r.text.String(), "[f]\n", "")
			if text != c.text || r.grids.String() != c.rows {
				t.Errorf("text %q, want %q\nrows %q, want %q\nunread %v", text, c.text, r.grids.String(), c.rows, sum.Unread)
			}
		})
	}
}
