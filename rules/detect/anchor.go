package detect

import "github.com/bulkhead-dlp/bulkhead/rules/lanes"

// anchor is what can begin at a byte, or be told by it.
type anchor uint8

const (
	anchorNone anchor = iota
	anchorAt
	anchorDigit
	anchorCapital
	anchorHigh
	anchorDollar
	anchorDash
)

// anchors are what each byte is, and the set of those that are something.
type anchors struct {
	of  [256]anchor
	set lanes.Set
}

func newAnchors() (a anchors) {
	for c := range 256 {
		switch {
		case isDigit(byte(c)):
			a.of[c] = anchorDigit
		case isUpper(byte(c)):
			a.of[c] = anchorCapital
		case c >= 0xc3:
			a.of[c] = anchorHigh
		}
	}
	a.of['@'], a.of['$'], a.of['-'] = anchorAt, anchorDollar, anchorDash
	a.set = lanes.SetOf(func(c byte) bool { return a.of[c] != anchorNone })
	return a
}

// figures are the digits and the at sign.
var figures = lanes.SetOf(func(c byte) bool { return isDigit(c) || c == '@' })

// IndexFigure returns the place of the first digit or at sign in text, -1 if it
// has none. Hardly any value that counts is without both.
func IndexFigure(text []byte) int { return figures.Index(text) }
