package extract

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// ebcdic tells text in one of the EBCDIC code pages, by its label or by its
// bytes: nearly all are letters, digits, blanks and common punctuation there,
// most of them above ASCII, and there is no ASCII blank. The code pages of
// different countries differ in accented letters and a little punctuation, so
// one of the wide-spread ones stands for those nobody here has.
func ebcdic(label string, head []byte) encoding.Encoding {
	known := ebcdicPage(label)
	if len(head) < 32 || known == nil && label != "" && lookup(label) != nil && !isASCIILabel(label) && !strings.EqualFold(label, "utf-8") {
		return nil
	}
	usual, high, blanks := 0, 0, 0
	for _, c := range head {
		switch {
		case 0x81 <= c && c <= 0x89, 0x91 <= c && c <= 0x99, 0xa2 <= c && c <= 0xa9,
			0xc1 <= c && c <= 0xc9, 0xd1 <= c && c <= 0xd9, 0xe2 <= c && c <= 0xe9, 0xf0 <= c && c <= 0xf9:
			usual++
			high++
		case c == 0x40:
			blanks++
			usual++
		case c == 0x15, c == 0x25, c == 0x0d, c == 0x05, // ends of lines and tabs
			0x4b <= c && c <= 0x50, 0x5a <= c && c <= 0x61, 0x6b <= c && c <= 0x6f, 0x7a <= c && c <= 0x7f, c == 0xb5, c == 0xae:
			usual++
		case c == ' ', c == '\n':
			return nil
		}
	}
	if usual*20 < len(head)*19 && (known == nil || usual*10 < len(head)*7) || high*2 < len(head) && blanks*3 < len(head) {
		return nil
	}
	if known == nil {
		return charmap.CodePage037
	}
	return known
}

// ebcdicPage finds the code page of a label, nil if it is of none of these.
func ebcdicPage(label string) encoding.Encoding {
	l := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '"' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(label))
	number, found := l, strings.HasPrefix(l, "ebcdic")
	for _, prefix := range []string{"ibm", "cp", "csibm", "xibm", "ccsid"} {
		if after, ok := strings.CutPrefix(l, prefix); ok {
			number, found = strings.TrimLeft(after, "0"), true
		}
	}
	if !found {
		return nil
	}
	switch number {
	case "1047":
		return charmap.CodePage1047
	case "1140":
		return charmap.CodePage1140
	case "37", "273", "274", "275", "277", "278", "280", "281", "284", "285", "297", "500", "871", "1026",
		"1141", "1142", "1143", "1144", "1145", "1146", "1147", "1148", "1149":
		return charmap.CodePage037
	}
	if strings.HasPrefix(l, "ebcdic") {
		return charmap.CodePage037
	}
	return nil
}
