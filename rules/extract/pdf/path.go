package pdf

import (
	"cmp"
	"math"
	"slices"
)

// rule is a straight line across the page, as tables have between their rows.
type rule struct{ x0, x1, y float64 }

// maxRules bounds the rules of one page.
const maxRules = 20_000

// thin is how high a filled box may be, in points, to be a rule.
const thin = 3

// path is the path under construction, as far as it may hold rules.
type path struct {
	x, y  float64 // the current point
	found []rule
}

// draw carries out the path operators.
func (in *interpreter) draw(op string) {
	p := &in.path
	switch op {
	case "m":
		p.x, p.y = in.num(0), in.num(1)
	case "l":
		in.segment(p.x, p.y, in.num(0), in.num(1))
		p.x, p.y = in.num(0), in.num(1)
	case "re":
		x, y, w, h := in.num(0), in.num(1), in.num(2), in.num(3)
		in.segment(x, y, x+w, y)
		in.segment(x, y+h, x+w, y+h)
		in.segment(x, y, x, y+h)
		in.segment(x+w, y, x+w, y+h)
	case "S", "s", "f", "F", "f*", "B", "B*", "b", "b*":
		in.canvas.rules = append(in.canvas.rules, p.found...)
		p.found = p.found[:0]
	case "n":
		p.found = p.found[:0]
	}
}

// segment keeps a line if it is level on the page.
func (in *interpreter) segment(x0, y0, x1, y1 float64) {
	if len(in.path.found)+len(in.canvas.rules) >= maxRules {
		return
	}
	m := in.state.ctm
	ax, ay := x0*m[0]+y0*m[2]+m[4], x0*m[1]+y0*m[3]+m[5]
	bx, by := x1*m[0]+y1*m[2]+m[4], x1*m[1]+y1*m[3]+m[5]
	if math.Abs(ay-by) < 0.5 && math.Abs(ax-bx) > thin {
		in.path.found = append(in.path.found, rule{x0: min(ax, bx), x1: max(ax, bx), y: (ay + by) / 2})
	}
}

// rulesBetween returns the rules in a band of the page, lower end first. The
// rules must be sorted.
func (c *canvas) rulesBetween(low, high float64) []rule {
	at := func(y float64) int {
		i, _ := slices.BinarySearchFunc(c.rules, y, func(r rule, y float64) int { return cmp.Compare(r.y, y) })
		return i
	}
	if from, to := at(low), at(high); from < to {
		return c.rules[from:to]
	}
	return nil
}
