package pdf

import (
	_ "embed" // the glyph list
	"strconv"
	"strings"
	"unicode/utf8"
)

// glyphList maps glyph names to code points, one "name XXXX" a line. It is
// the Adobe Glyph List (AGL 2.0) for the scripts whose fonts use glyph names.
//
//go:embed glyphlist.txt
var glyphList string

// glyphText returns the text that a glyph name stands for, "" if none
// (Adobe Glyph List Specification, section 2).
func glyphText(n string) string {
	if i := strings.IndexByte(n, '.'); i > 0 {
		n = n[:i] // "a.alt", "one.tabular"
	}
	if strings.IndexByte(n, '_') > 0 { // "f_i"
		var all strings.Builder
		for part := range strings.SplitSeq(n, "_") {
			all.WriteString(glyphText(part))
		}
		return all.String()
	}
	if i := strings.Index(glyphList, "\n"+n+" "); i >= 0 && n != "" {
		line := glyphList[i+len(n)+2:]
		return hexRune(line[:strings.IndexByte(line, '\n')])
	}
	if h, ok := strings.CutPrefix(n, "uni"); ok && len(h)%4 == 0 {
		var all strings.Builder
		for ; len(h) >= 4; h = h[4:] {
			all.WriteString(hexRune(h[:4]))
		}
		return all.String()
	}
	if h, ok := strings.CutPrefix(n, "u"); ok && len(h) >= 4 && len(h) <= 6 {
		return hexRune(h)
	}
	return ""
}

func hexRune(h string) string {
	v, err := strconv.ParseUint(h, 16, 32)
	if err != nil || v == 0 || v > utf8.MaxRune || !utf8.ValidRune(rune(v)) {
		return ""
	}
	return string(rune(v))
}
