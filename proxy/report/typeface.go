package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// typeface is Liberation Sans, and what it can draw.
type typeface struct {
	regular, bold []byte
	parsed        *sfnt.Font
	buf           sfnt.Buffer
	missed        bool // something could not be drawn
}

func newTypeface() (*typeface, error) {
	t := &typeface{regular: liberationsansregular.TTF, bold: liberationsansbold.TTF}
	var err error
	if t.parsed, err = sfnt.Parse(t.regular); err != nil {
		return nil, fmt.Errorf("reading the font: %w", err)
	}
	return t, nil
}

// drawable gives a text as it can be drawn: composed, since marks are not
// placed; one line; and by its number, as \x{6C0F}, each character that the font
// lacks or that takes shaping: it can be read back, which a box cannot.
//
// A font for the writings of all the world is 20 MB, and for most of them a font
// is not enough: Arabic, Devanagari and Thai are shaped, which the PDF library
// does not do.
func (t *typeface) drawable(text string) string {
	var b strings.Builder
	for _, r := range norm.NFC.String(text) {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		case t.draws(r):
			b.WriteRune(r)
		default:
			t.missed = true
			fmt.Fprintf(&b, `\x{%X}`, r)
		}
	}
	return b.String()
}

// draws reports whether the font has a character that can be drawn as it is.
func (t *typeface) draws(r rune) bool {
	g, err := t.parsed.GlyphIndex(&t.buf, r)
	return err == nil && g != 0 && r <= 0xFFFF && !unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Mn)
}
