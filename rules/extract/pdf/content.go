package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// matrix is a transformation [a b c d e f] (ISO 32000-2, 8.3.4).
type matrix [6]float64

// times returns the transformation m followed by n.
func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

func identity() matrix { return matrix{1, 0, 0, 1, 0, 0} }

// state is the part of the graphics state that text depends on.
type state struct {
	ctm       matrix
	font      *font
	size      float64
	charSpace float64
	wordSpace float64
	scale     float64 // horizontal, 1 for 100 %
	leading   float64
	rise      float64
}

// Bounds of the interpreter.
const (
	maxStates   = 1024
	maxOperands = 1 << 16
)

// interpreter runs content streams (ISO 32000-2, 7.8.2) and gives their text
// to a canvas.
type interpreter struct {
	file   *file
	canvas *canvas
	state  state
	saved  []state
	text   matrix // Tm
	line   matrix // Tlm
	depth  int    // of form XObjects
	args   []token
	path   path
}

// run interprets one content stream with its resources.
func (in *interpreter) run(content []byte, resources dict) error {
	if err := in.file.budget.spend(int64(len(content))); err != nil {
		return err
	}
	lex := lexer{buf: content}
	fonts := map[string]*font{}
	base := len(in.saved)
	in.args = in.args[:0]
	for ops := 0; ; {
		t := lex.next()
		if t.kind == tokenEOF {
			in.saved = in.saved[:min(base, len(in.saved))]
			return nil
		}
		if t.kind != tokenWord {
			if len(in.args) < maxOperands {
				in.args = append(in.args, t)
			}
			continue
		}
		if ops++; ops%1024 == 0 {
			if err := in.file.budget.stopped(); err != nil {
				return err
			}
		}
		var err error
		switch op := string(t.text); op {
		case "BI":
			lex.skipImage()
		case "Do":
			err = in.object(resources)
		case "Tf":
			in.setFont(resources, fonts)
		default:
			err = in.operator(op, base)
		}
		if err != nil {
			return err
		}
		in.args, lex.arena = in.args[:0], lex.arena[:0]
	}
}

// num returns the i-th operand, 0 if there is none.
func (in *interpreter) num(i int) float64 {
	if i < len(in.args) && !math.IsNaN(in.args[i].num) {
		return in.args[i].num
	}
	return 0
}

func (in *interpreter) matrix() matrix {
	return matrix{in.num(0), in.num(1), in.num(2), in.num(3), in.num(4), in.num(5)}
}

// operator carries out one of the operators that move or show text, or that
// draw the rules between cells. base is the height of the state stack that
// this stream may not go below.
func (in *interpreter) operator(op string, base int) error {
	s := &in.state
	switch op {
	case "q":
		if len(in.saved) < maxStates {
			in.saved = append(in.saved, *s)
		}
	case "Q":
		if n := len(in.saved); n > base {
			*s, in.saved = in.saved[n-1], in.saved[:n-1]
		}
	case "cm":
		if len(in.args) >= 6 {
			s.ctm = in.matrix().times(s.ctm)
		}
	case "BT":
		in.text, in.line = identity(), identity()
	case "Tm":
		if len(in.args) >= 6 {
			in.line = in.matrix()
			in.text = in.line
		}
	case "Td":
		in.move(in.num(0), in.num(1))
	case "TD":
		s.leading = -in.num(1)
		in.move(in.num(0), in.num(1))
	case "T*":
		in.move(0, -s.leading)
	case "Tc":
		s.charSpace = in.num(0)
	case "Tw":
		s.wordSpace = in.num(0)
	case "Tz":
		s.scale = in.num(0) / 100
	case "TL":
		s.leading = in.num(0)
	case "Ts":
		s.rise = in.num(0)
	case "Tj", "TJ":
		return in.show(in.args)
	case "'":
		in.move(0, -s.leading)
		return in.show(in.args)
	case "\"":
		s.wordSpace, s.charSpace = in.num(0), in.num(1)
		in.move(0, -s.leading)
		return in.show(in.args[min(2, len(in.args)):])
	default:
		in.draw(op)
	}
	return nil
}

func (in *interpreter) move(x, y float64) {
	in.line = matrix{1, 0, 0, 1, x, y}.times(in.line)
	in.text = in.line
}

func (in *interpreter) setFont(resources dict, fonts map[string]*font) {
	if len(in.args) < 2 {
		return
	}
	key := string(in.args[0].text)
	fnt, ok := fonts[key]
	if !ok {
		fnt = in.file.font(in.file.dict(resources["Font"])[name(key)])
		if len(fonts) >= maxFonts {
			clear(fonts)
		}
		fonts[key] = fnt
	}
	in.state.font, in.state.size = fnt, in.num(1)
}

// show shows the strings among the operands; numbers between them move the
// place by thousandths of the font's size.
func (in *interpreter) show(args []token) error {
	for _, t := range args {
		switch t.kind {
		case tokenNumber:
			tx := -t.num / 1000 * in.state.size * in.state.scale
			in.text = matrix{1, 0, 0, 1, tx, 0}.times(in.text)
		case tokenString:
			if err := in.string(t.text); err != nil {
				return err
			}
		}
	}
	return nil
}

// string shows one string, glyph by glyph.
func (in *interpreter) string(b []byte) error {
	s := &in.state
	if s.font == nil {
		s.font = in.file.font(nil)
	}
	m := in.text.times(s.ctm)
	stride := math.Hypot(m[0], m[1])
	x, y := m[4]+s.rise*m[2], m[5]+s.rise*m[3]
	pen := in.canvas.pen(m, x, y, math.Abs(s.size)*math.Hypot(m[2], m[3]))
	moved := 0.0
	for len(b) > 0 {
		g, n := s.font.next(b)
		tx := g.width*s.size + s.charSpace
		if n == 1 && b[0] == ' ' {
			tx += s.wordSpace
		}
		b = b[n:]
		tx *= s.scale
		if err := in.canvas.glyph(&pen, g.text, moved*stride, (moved+tx)*stride); err != nil {
			return err
		}
		if g.unknown {
			in.canvas.unknown++
		}
		in.canvas.glyphs++
		moved += tx
	}
	in.text = matrix{1, 0, 0, 1, moved, 0}.times(in.text)
	return nil
}

// object draws a form XObject (ISO 32000-2, 8.10); images hold no text.
func (in *interpreter) object(resources dict) error {
	if len(in.args) == 0 {
		return nil
	}
	s := in.file.stream(in.file.dict(resources["XObject"])[name(in.args[0].text)])
	if s == nil || in.file.name(s.dict["Subtype"]) == "Image" {
		return nil
	}
	return in.form(s, resources)
}

func (in *interpreter) form(s *stream, resources dict) error {
	if in.depth >= in.file.budget.lim.Depth {
		return fmt.Errorf("forms of a PDF: %w", document.ErrTooDeep)
	}
	content, err := in.file.decode(s)
	if errors.Is(err, errPicture) {
		return nil
	}
	if err != nil {
		return err
	}
	if own := in.file.dict(s.dict["Resources"]); own != nil {
		resources = own
	}
	inner := &interpreter{file: in.file, canvas: in.canvas, state: in.state, depth: in.depth + 1}
	if a := in.file.array(s.dict["Matrix"]); len(a) == 6 {
		inner.state.ctm = in.file.matrix(a).times(inner.state.ctm)
	}
	return inner.run(content, resources)
}

func (f *file) matrix(a array) matrix {
	var m matrix
	for i := range m {
		m[i], _ = f.number(a[i])
	}
	return m
}

// skipImage skips an inline image behind its BI. Its data may hold anything,
// so that the end is an EI between white space that text follows.
func (l *lexer) skipImage() {
	i := bytes.Index(l.buf[l.pos:], []byte("ID"))
	if i < 0 {
		l.pos = len(l.buf)
		return
	}
	l.pos += i + len("ID")
	for {
		i := bytes.Index(l.buf[l.pos:], []byte("EI"))
		if i < 0 {
			l.pos = len(l.buf)
			return
		}
		at := l.pos + i
		l.pos = at + len("EI")
		before := at == 0 || class(l.buf[at-1]) == classSpace
		after := l.pos >= len(l.buf) || class(l.buf[l.pos]) == classSpace
		if before && after && printable(l.buf[l.pos:min(len(l.buf), l.pos+16)]) {
			return
		}
	}
}

func printable(b []byte) bool {
	for _, c := range b {
		if c >= 0x7f || c < ' ' && class(c) != classSpace || c == 0 {
			return false
		}
	}
	return true
}
