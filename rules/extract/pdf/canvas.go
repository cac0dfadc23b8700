package pdf

import (
	"fmt"
	"math"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// word is a stretch of glyphs without a gap. Its place is in the frame of its
// own direction: x runs along the text, y upwards from it, both in points of
// the page.
type word struct {
	x0, x1 float64
	y      float64 // of the baseline
	em     float64 // size of the font
	from   int     // its text in canvas.text
	to     int
	turn   int16 // direction in degrees, 0 for upright
	fresh  bool  // placed on its own, not by running on from the word before
	spaced bool  // behind a space character
}

// canvas collects the words of a page.
type canvas struct {
	words []word
	text  []byte
	rules []rule

	open    bool // the last word may go on
	spaced  bool // a space came since
	glyphs  int
	unknown int // glyphs whose character is not known
}

// Gaps in units of the font's size. A space is some 0.25 wide, kerning below
// 0.1; glyphs that overlap more than backStep are drawn anew.
const (
	wordGap  = 0.12
	backStep = -0.4
)

// pen is where a string begins.
type pen struct {
	x, y, em float64
	turn     int16
	fresh    bool
	valid    bool
}

// pen places a string whose glyphs run along the first axis of m from (x, y).
func (c *canvas) pen(m matrix, x, y, em float64) pen {
	p := pen{em: em, fresh: true}
	angle := math.Atan2(m[1], m[0])
	p.turn = int16(math.Round(angle * 180 / math.Pi))
	sin, cos := 0.0, 1.0
	if p.turn != 0 {
		sin, cos = math.Sincos(angle)
	}
	p.x, p.y = x*cos+y*sin, y*cos-x*sin
	const far = 1e7
	p.valid = math.Abs(p.x) < far && math.Abs(p.y) < far && em > 0 && em < far
	return p
}

// glyph adds a glyph that takes the room from x0 to x1 behind the pen.
func (c *canvas) glyph(p *pen, s string, x0, x1 float64) error {
	if !p.valid || math.IsNaN(x0) || math.IsInf(x1, 0) {
		return nil
	}
	if blank(s) {
		c.spaced = true
		return nil
	}
	x0, x1 = p.x+x0, p.x+x1
	if len(c.text) > maxText {
		return fmt.Errorf("text of a page of a PDF: %w", document.ErrTooBig)
	}
	if c.open && !c.spaced {
		w := &c.words[len(c.words)-1]
		gap := (x0 - w.x1) / p.em
		if w.turn == p.turn && math.Abs(w.y-p.y) < 0.25*p.em && gap < wordGap && gap > backStep && w.em < 2*p.em && p.em < 2*w.em {
			c.text = append(c.text, s...)
			w.x1, w.to, p.fresh = x1, len(c.text), false
			return nil
		}
	}
	if len(c.words) >= maxWords {
		return fmt.Errorf("words on a page of a PDF: %w", document.ErrTooMany)
	}
	from := len(c.text)
	c.text = append(c.text, s...)
	c.words = append(c.words, word{
		x0: x0, x1: x1, y: p.y, em: p.em, from: from, to: len(c.text),
		turn: p.turn, fresh: p.fresh, spaced: c.spaced,
	})
	c.open, c.spaced, p.fresh = true, false, false
	return nil
}

// blank tells whether a glyph is only room.
func blank(s string) bool {
	switch s {
	case " ", "\u00a0", "\t", "\n", "\r", "\u2002", "\u2003", "\u2007", "\u2009", "\u202f", "\u3000", "\u200b", "\u00ad":
		return true
	}
	return false
}
