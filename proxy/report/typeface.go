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

// box stands for a character that cannot be drawn.
const box = '□'

// drawable gives a text as it can be drawn: composed, since marks are not
// placed; one line; and with a box for each character that the font lacks or
// that is written from right to left.
func (t *typeface) drawable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		if g, err := t.parsed.GlyphIndex(&t.buf, r); err == nil && g != 0 && r <= 0xFFFF && !unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Mn) {
			return r
		}
		t.missed = true
		return box
	}, norm.NFC.String(text))
}
