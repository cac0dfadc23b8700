package pdf

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// glyph is what one code of a font shows: its text and its width in units of
// the font's size.
type glyph struct {
	text    string
	width   float64
	unknown bool // the font does not say which character it is
}

// font turns the bytes of a string into glyphs.
type font struct {
	simple [256]glyph // of fonts with one byte a code

	wide    bool
	codes   *cmap // bytes to codes and codes to identifiers; nil: two bytes, as they are
	unicode *cmap // codes to text
	utf16   bool  // the codes are UTF-16
	legacy  encoding.Encoding
	leads   func(byte) bool
	glyphs  map[uint32]rune // identifiers to text, from the font program
	widths  map[uint32]float64
	width   float64 // of identifiers that widths does not have
	known   map[uint32]glyph
}

// font returns the font of a dictionary or reference; nil gives the default.
func (f *file) font(obj object) *font {
	key, indirect := obj.(ref)
	if fnt, ok := f.fonts[key]; ok && indirect {
		return fnt
	}
	fnt := f.newFont(f.dict(obj))
	if indirect {
		f.mapped += len(fnt.widths) + fnt.unicode.size() + fnt.codes.size() + len(fnt.glyphs)
		if len(f.fonts) >= maxFonts || f.mapped > maxMapped {
			clear(f.fonts)
			f.mapped = 0
		}
		f.fonts[key] = fnt
	}
	return fnt
}

func (f *file) newFont(d dict) *font {
	fnt := &font{known: map[uint32]glyph{}}
	if s := f.stream(d["ToUnicode"]); s != nil {
		fnt.unicode = f.cmap(s)
	}
	if f.name(d["Subtype"]) == "Type0" {
		f.composite(fnt, d)
	} else {
		f.simpleFont(fnt, d)
	}
	return fnt
}

// cmap reads a CMap stream; nil if it cannot be read.
func (f *file) cmap(s *stream) *cmap {
	b, err := f.decode(s)
	if err != nil {
		f.note(err)
		return nil
	}
	return parseCMap(b)
}

// simpleFont fills in a font with one byte a code (ISO 32000-2, 9.6).
func (f *file) simpleFont(fnt *font, d dict) {
	table := f.simpleEncoding(d)
	for code := range table {
		g := &fnt.simple[code]
		g.text = table[code]
		if fnt.unicode != nil {
			if s, ok := fnt.unicode.text(uint32(code)); ok && meaningful(s) {
				g.text = s
			}
		}
		if g.text == "" && (code == '\t' || code == '\n' || code == '\r') {
			g.text = " "
		}
		if g.unknown = g.text == ""; g.unknown {
			g.text = string(utf8.RuneError)
		}
	}
	f.simpleWidths(fnt, d)
}

// meaningful tells text from the fillers that writers put into ToUnicode.
func meaningful(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	private := r >= 0xe000 && r <= 0xf8ff
	return s != "" && r != 0 && r != utf8.RuneError && !private
}

// simpleEncoding returns the text of each code by the font's encoding.
func (f *file) simpleEncoding(d dict) (table [256]string) {
	base, differences := f.name(d["Encoding"]), array(nil)
	if e := f.dict(d["Encoding"]); e != nil {
		base, differences = f.name(e["BaseEncoding"]), f.array(e["Differences"])
	}
	if base == "" && f.name(d["Subtype"]) != "TrueType" {
		base = "StandardEncoding"
	}
	for i, r := range encodingTable(base) {
		if r != 0 {
			table[i] = string(r)
		}
	}
	code := 0
	for _, o := range differences {
		switch v := f.resolve(o).(type) {
		case int:
			code = v
		case name:
			if code >= 0 && code < 256 {
				table[code] = glyphText(string(v))
			}
			code++
		}
	}
	return table
}

// simpleWidths fills in the widths, those of the standard fonts where the
// font gives none.
func (f *file) simpleWidths(fnt *font, d dict) {
	unit := 0.001
	if m := f.array(d["FontMatrix"]); len(m) == 6 {
		unit = f.matrix(m)[0] // Type 3
	}
	widths, first := f.array(d["Widths"]), f.int(d["FirstChar"], 0)
	if len(widths) == 0 {
		standardWidths(fnt, string(f.name(d["BaseFont"])))
		return
	}
	missing, _ := f.number(f.dict(d["FontDescriptor"])["MissingWidth"])
	for code := range fnt.simple {
		w := missing
		if i := code - first; i >= 0 && i < len(widths) {
			w, _ = f.number(widths[i])
		}
		fnt.simple[code].width = w * unit
	}
}

// composite fills in a font whose codes may have several bytes (ISO 32000-2,
// 9.7).
func (f *file) composite(fnt *font, d dict) {
	fnt.wide = true
	var descendant dict
	if a := f.array(d["DescendantFonts"]); len(a) > 0 {
		descendant = f.dict(a[0])
	}
	switch e := f.resolve(d["Encoding"]).(type) {
	case *stream:
		fnt.codes = f.cmap(e)
	case name:
		n := string(e)
		fnt.utf16 = strings.HasPrefix(n, "Uni") && (strings.Contains(n, "UCS2") || strings.Contains(n, "UTF16"))
		fnt.legacy, fnt.leads = legacyEncoding(n)
	}
	fnt.width = 1
	if w, ok := f.number(descendant["DW"]); ok {
		fnt.width = w / 1000
	}
	fnt.widths = f.cidWidths(f.array(descendant["W"]))
	if fnt.unicode == nil && !fnt.utf16 && fnt.legacy == nil {
		fnt.glyphs = f.programGlyphs(descendant)
	}
}

// cidWidths reads "c [w1 w2 ...]" and "first last w" (ISO 32000-2, 9.7.4.3).
func (f *file) cidWidths(a array) map[uint32]float64 {
	widths := map[uint32]float64{}
	for i := 0; i+1 < len(a) && len(widths) < 1<<16; {
		first := f.int(a[i], 0)
		if list, ok := f.resolve(a[i+1]).(array); ok {
			for j, w := range list {
				n, _ := f.number(w)
				widths[uint32(first+j)] = n / 1000
			}
			i += 2
			continue
		}
		if i+2 >= len(a) {
			break
		}
		last, n := f.int(a[i+1], 0), 0.0
		n, _ = f.number(a[i+2])
		for c := first; c <= last && c-first < 1<<16; c++ {
			widths[uint32(c)] = n / 1000
		}
		i += 3
	}
	return widths
}

// next returns the first glyph of a string that is not empty and the number of
// bytes that it takes.
func (fnt *font) next(b []byte) (glyph, int) {
	if !fnt.wide {
		return fnt.simple[b[0]], 1
	}
	code, n := fnt.cut(b)
	key := code<<2 | uint32(n-1)
	g, ok := fnt.known[key]
	if !ok {
		g = fnt.wideGlyph(code, b[:n])
		if len(fnt.known) < 1<<13 {
			fnt.known[key] = g
		}
	}
	return g, n
}

// cut takes the first code off a string.
func (fnt *font) cut(b []byte) (uint32, int) {
	n := min(2, len(b))
	switch {
	case fnt.codes != nil && len(fnt.codes.spaces) > 0:
		return fnt.codes.next(b)
	case fnt.legacy != nil && !fnt.leads(b[0]):
		n = 1
	case fnt.utf16 && b[0]&0xfc == 0xd8:
		n = min(4, len(b))
	}
	return code(b[:n]), n
}

func (fnt *font) wideGlyph(code uint32, b []byte) glyph {
	cid := code
	if fnt.codes != nil && fnt.codes.cids {
		cid = fnt.codes.cid(code)
	}
	w, ok := fnt.widths[cid]
	if !ok {
		if w = fnt.width; len(b) == 1 {
			w /= 2 // half width, in the character sets of East Asia
		}
	}
	g := glyph{width: w}
	switch {
	case fnt.unicode != nil:
		g.text, _ = fnt.unicode.text(code)
	case fnt.utf16:
		g.text = decodeUTF16(b)
	case fnt.legacy != nil:
		if s, err := fnt.legacy.NewDecoder().Bytes(b); err == nil {
			g.text = string(s)
		}
	default:
		if r := fnt.glyphs[cid]; r != 0 {
			g.text = string(r)
		}
	}
	if !meaningful(g.text) {
		g.unknown, g.text = true, string(utf8.RuneError)
	}
	return g
}
