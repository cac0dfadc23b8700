package extract

import (
	"bytes"
	"strconv"
)

// look is what a style says about an element, as far as it changes what a
// reader sees of its text (CSS 2.2).
type look struct {
	hidden   bool // not shown at all
	override bool // unicode-bidi: bidi-override
	rtl      bool // direction: rtl
	keeps    bool // white-space: pre and its like
	cell     bool // set apart from what stands before it in the line
	block    bool // begins a line
	absolute bool // placed by left and top
	left     float64
	top      float64
	hasLeft  bool
	hasTop   bool
}

// turned tells text that is shown backwards.
func (l look) turned() bool { return l.override && l.rtl }

func (l look) placed() bool { return l.absolute && l.hasLeft && l.hasTop }

// join adds what another style says of the same element.
func (l *look) join(o look) {
	l.hidden = l.hidden || o.hidden
	l.override = l.override || o.override
	l.rtl = l.rtl || o.rtl
	l.keeps = l.keeps || o.keeps
	l.cell = l.cell || o.cell
	l.block = l.block || o.block
	l.absolute = l.absolute || o.absolute
	if o.hasLeft {
		l.left, l.hasLeft = o.left, true
	}
	if o.hasTop {
		l.top, l.hasTop = o.top, true
	}
}

// parseLook reads declarations: "display: none; left: 4px".
func parseLook(declarations []byte) look {
	var l look
	for len(declarations) > 0 {
		var d []byte
		d, declarations, _ = bytes.Cut(declarations, []byte(";"))
		name, value, ok := bytes.Cut(d, []byte(":"))
		if name = bytes.TrimSpace(name); !ok || len(name) < len("top") {
			continue
		}
		switch name[0] | 0x20 { // of the properties that count
		case 'd', 'v', 'f', 'u', 'w', 'p', 'l', 't', 'm':
			var room [48]byte
			l.declare(name, lowered(room[:0], bytes.TrimSpace(value)))
		}
	}
	return l
}

// lowered appends the beginning of b, as much as dst has room for, in ASCII
// lower case.
func lowered(dst, b []byte) []byte {
	for _, c := range b[:min(len(b), cap(dst))] {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func (l *look) declare(name, value []byte) {
	var room [16]byte
	if len(name) > len(room) {
		return
	}
	switch string(lowered(room[:0], name)) {
	case "display":
		l.display(value)
	case "visibility":
		l.hidden = l.hidden || bytes.HasPrefix(value, []byte("hidden"))
	case "font-size":
		if v, ok := pixels(value); ok && v < 1 {
			l.hidden = true
		}
	case "unicode-bidi":
		l.override = bytes.Contains(value, []byte("override"))
	case "direction":
		l.rtl = bytes.HasPrefix(value, []byte("rtl"))
	case "white-space":
		l.keeps = bytes.HasPrefix(value, []byte("pre"))
	case "position":
		l.absolute = bytes.HasPrefix(value, []byte("absolute")) || bytes.HasPrefix(value, []byte("fixed"))
	case "left":
		l.left, l.hasLeft = pixels(value)
	case "top":
		l.top, l.hasTop = pixels(value)
	case "float":
		l.cell = l.cell || !bytes.HasPrefix(value, []byte("none"))
	case "width", "min-width", "margin", "margin-left", "margin-right", "padding", "padding-left", "padding-right":
		if !l.cell {
			v, ok := lastPixels(value)
			l.cell = ok && v >= wordGap
		}
	}
}

func (l *look) display(value []byte) {
	switch {
	case bytes.HasPrefix(value, []byte("none")):
		l.hidden = true
	case bytes.HasPrefix(value, []byte("table-cell")), bytes.HasPrefix(value, []byte("inline-block")):
		l.cell, l.block = true, bytes.HasPrefix(value, []byte("table-cell"))
	case bytes.HasPrefix(value, []byte("block")), bytes.HasPrefix(value, []byte("table")),
		bytes.HasPrefix(value, []byte("flex")), bytes.HasPrefix(value, []byte("grid")):
		l.block = true
	}
}

// wordGap is the space that parts two columns and no two words, in pixels.
const wordGap = 6

// pixels reads a length; percentages and the like have none.
func pixels(value []byte) (float64, bool) {
	n, whole := 0, 0
	for n < len(value) && n < 6 && '0' <= value[n] && value[n] <= '9' {
		whole = whole*10 + int(value[n]-'0')
		n++
	}
	v := float64(whole)
	if n == 0 || n < len(value) && (value[n] == '.' || '0' <= value[n] && value[n] <= '9') {
		for n < len(value) && (value[n] == '-' || value[n] == '.' || '0' <= value[n] && value[n] <= '9') {
			n++
		}
		var err error
		if v, err = strconv.ParseFloat(string(value[:n]), 64); err != nil {
			return 0, false
		}
	}
	unit := value[n:]
	if i := bytes.IndexByte(unit, ' '); i >= 0 {
		unit = unit[:i]
	}
	switch string(unit) {
	case "", "px", "px!important":
		return v, true
	case "em", "rem":
		return v * 16, true
	case "pt":
		return v * 4 / 3, true
	case "mm":
		return v * 3.78, true
	case "cm":
		return v * 37.8, true
	case "in":
		return v * 96, true
	case "ch", "ex":
		return v * 8, true
	}
	return 0, false
}

// lastPixels reads the last of several lengths: the one at a side, of a
// shorthand of two or four.
func lastPixels(value []byte) (float64, bool) {
	return pixels(value[bytes.LastIndexByte(value, ' ')+1:])
}

// sheet is what the style sheets of a page say of elements by their class or
// name alone.
type sheet struct {
	looks map[string]look // by ".class" or "element"
	rules int             // that were taken
}

// maxRules bounds the rules that are kept of a page.
const maxRules = 8192

// add reads a style sheet. Rules inside others (@media) are for some readers
// only and are passed over.
func (s *sheet) add(css []byte) {
	for {
		open := bytes.IndexByte(css, '{')
		if open < 0 {
			return
		}
		selectors := css[:open]
		css = css[open+1:]
		end := bytes.IndexAny(css, "{}")
		if end < 0 {
			return
		}
		if css[end] == '{' {
			css = behindBraces(css)
			continue
		}
		if l := parseLook(css[:end]); l != (look{}) {
			s.rule(selectors, l)
		}
		css = css[end+1:]
	}
}

// behindBraces returns what follows the closing brace of an open one.
func behindBraces(css []byte) []byte {
	for depth := 1; depth > 0; {
		i := bytes.IndexAny(css, "{}")
		if i < 0 {
			return nil
		}
		if css[i] == '{' {
			depth++
		} else {
			depth--
		}
		css = css[i+1:]
	}
	return css
}

func (s *sheet) rule(selectors []byte, l look) {
	for sel := range bytes.SplitSeq(selectors, []byte(",")) {
		f := bytes.Fields(sel)
		if len(f) == 0 || len(s.looks) >= maxRules {
			continue
		}
		name := f[len(f)-1]
		if bytes.ContainsAny(name, ":#[>+~*") {
			continue
		}
		if i := bytes.LastIndexByte(name, '.'); i > 0 {
			name = name[i:]
		}
		if s.looks == nil {
			s.looks = make(map[string]look)
		}
		l := l
		l.join(s.looks[string(name)])
		s.looks[string(name)] = l
		s.rules++
	}
}

// classes joins what the sheets say of an element's classes.
func (s *sheet) classes(l *look, names []byte) {
	if len(s.looks) == 0 {
		return
	}
	var room [80]byte
	for name := range bytes.FieldsSeq(names) {
		if len(name) < len(room)-1 {
			l.join(s.looks[string(append(append(room[:0], '.'), name...))])
		}
	}
}
