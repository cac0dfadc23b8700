package pdf

import (
	"fmt"
	"strings"
	"testing"
)

func TestTextOperators(t *testing.T) {
	cases := map[string]struct{ content, want string }{
		"string":              {"BT /F 10 Tf 50 700 Td (Ada Fjord) Tj ET", "Ada Fjord\n"},
		"escapes":             {`BT /F 10 Tf 50 700 Td (a\(b\)c\\ \101\tB) Tj ET`, `a(b)c\ A B` + "\n"},
		"hex":                 {"BT /F 10 Tf 50 700 Td <41 64 6> Tj ET", "Ad`\n"},
		"kerning":             {"BT /F 10 Tf 50 700 Td [(A) 40 (d) -20 (a) -300 (F)] TJ ET", "Ada F\n"},
		"wide gap":            {"BT /F 10 Tf 50 700 Td [(Ada) -4000 (Fjord)] TJ ET", "Ada  Fjord\n"},
		"lines":               {"BT /F 10 Tf 12 TL 50 700 Td (one) Tj T* (two) Tj (three) ' 1 2 (four) \" ET", "one\ntwo\nthree\nfour\n"},
		"leading":             {"BT /F 10 Tf 50 700 Td (one) Tj 0 -12 TD (two) Tj T* (three) Tj ET", "one\ntwo\nthree\n"},
		"from bottom to top":  {"BT /F 10 Tf 1 0 0 1 50 100 Tm (low) Tj 1 0 0 1 50 700 Tm (high) Tj ET", "high\nlow\n"},
		"flipped page":        {"1 0 0 -1 0 800 cm BT /F 10 Tf 1 0 0 -1 50 100 Tm (high) Tj 1 0 0 -1 50 700 Tm (low) Tj ET", "high\nlow\n"},
		"saved state":         {"q 2 0 0 2 0 0 cm Q BT /F 10 Tf 50 700 Td (Ada) Tj 17 0 Td (m) Tj ET", "Adam\n"},
		"letter by letter":    {"BT /F 10 Tf 50 700 Td (A) Tj 6.67 0 Td (d) Tj 5.56 0 Td (a) Tj ET", "Ada\n"},
		"spaced letters":      {"BT /F 10 Tf 3 Tc 50 700 Td (Ada) Tj ET", "Ada\n"},
		"drawn twice":         {"BT /F 10 Tf 50 700 Td (Ada) Tj 0.4 0 Td (Ada) Tj ET", "Ada\n"},
		"rise":                {"BT /F 10 Tf 50 700 Td (Ada) Tj 2 Ts (2) Tj ET", "Ada2\n"},
		"turned":              {"BT /F 10 Tf 0 1 -1 0 300 50 Tm (Ada Fjord) Tj 0 1 -1 0 320 50 Tm (Northwick) Tj ET", "Ada Fjord\nNorthwick\n"},
		"inline image":        {"BI /W 1 /H 1 ID \x00EI\xff(\x01 EI BT /F 10 Tf 50 700 Td (Ada) Tj ET", "Ada\n"},
		"no font":             {"BT 50 700 Td 10 Tf (x) Tj ET BT /F 10 Tf 50 700 Td (Ada) Tj ET", "Ada\n"},
		"broken operators":    {"] >> ) Q Q Q Td Tj TJ Tm cm [ ( BT /F 10 Tf) ] BT /F 10 Tf 50 700 Td (Ada) Tj", "Ada\n"},
		"numbers in the wild": {"BT /F 10. Tf +50 --700 Td (Ada) Tj .0 -12.5-3 Td (Bea) Tj ET", "Ada\nBea\n"},
	}
	for name, c := range cases {
		got, err := read(t, onePage(c.content, "", ""), limits())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if all := strings.Join(got.texts, ""); all != c.want {
			t.Errorf("%s: %q, want %q", name, all, c.want)
		}
	}
}

func TestFormsAreDrawnInPlace(t *testing.T) {
	form := streamObject("/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Matrix [1 0 0 1 0 100]",
		"BT /F 10 Tf 50 0 Td (inner) Tj ET")
	page := onePage("BT /F 10 Tf 50 700 Td (outer) Tj ET q 1 0 0 1 0 650 cm /X Do Q", "", "", form)
	got, err := read(t, page, limits())
	if want := "inner\nouter\n"; err != nil || strings.Join(got.texts, "") != want {
		t.Errorf("%q, %v, want %q", got.texts, err, want)
	}
}

func TestFontsNameTheirCharacters(t *testing.T) {
	toUnicode := streamObject("", "begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange\n"+
		"2 beginbfchar <0001> <00C5> <0002> <00660069> endbfchar\n"+
		"2 beginbfrange <0010> <0029> <0041> <0030> <0031> [<0141> <D83DDE00>] endbfrange endcmap")
	composite := func(encoding, more string) []string {
		return []string{
			fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /%s /DescendantFonts [7 0 R] %s >>", encoding, more),
			"<< /Type /Font /Subtype /CIDFontType2 /DW 500 /W [1 [700 600] 16 41 550] >>", toUnicode,
		}
	}
	simple := func(more string) []string {
		return []string{"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica " + more + " >>"}
	}
	cases := map[string]struct {
		objects   []string
		show, out string
	}{
		"ToUnicode of a composite font": {composite("Identity-H", "/ToUnicode 8 0 R"), "<0001 0010 0011 0002 0030 0031>", "ÅABfiŁ😀"},
		"UTF-16":                        {composite("UniGB-UTF16-H", ""), "<0041 00E9 4E2D D83DDE00>", "Aé中😀"},
		"Shift JIS":                     {composite("90ms-RKSJ-H", ""), "<41 93 FA 96 7B>", "A日本"},
		"GBK":                           {composite("GBK-EUC-H", ""), "<41 D6D0>", "A中"},
		"Big5":                          {composite("ETen-B5-H", ""), "<A4A4>", "中"},
		"Korean":                        {composite("KSCms-UHC-H", ""), "<B0A1>", "가"},
		"WinAnsi":                       {simple("/Encoding /WinAnsiEncoding"), "<80 E9 DF 92>", "€éß’"},
		"MacRoman":                      {simple("/Encoding /MacRomanEncoding"), "<8E A7>", "éß"},
		"Standard":                      {simple(""), "<27 E1 AE FB>", "’Æﬁß"},
		"differences":                   {simple("/Encoding << /Differences [1 /Lslash /uni0119 /u1F600 /a.alt 65 /f_i /afii10017] >>"), "<01 02 03 04 41 42>", "Łę😀afiА"},
	}
	for name, c := range cases {
		got, err := read(t, onePage("BT /G 10 Tf 50 700 Td "+c.show+" Tj ET", "", "", c.objects...), limits())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if all := strings.Join(got.texts, ""); all != c.out+"\n" {
			t.Errorf("%s: %q, want %q", name, all, c.out)
		}
	}
}
