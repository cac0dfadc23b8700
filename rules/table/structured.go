package table

import (
	"errors"
	"io"
)

// stepper reads a structured text into a tree, a token at a time. It returns
// io.EOF after the outermost value, errSyntax where the text ceases to be of
// its form.
type stepper interface {
	step() error
}

// structured gives the records of a tree, each sort of them as grids of its
// own, while a stepper fills it.
type structured struct {
	s     *splitter
	kind  Kind
	tree  *tree
	text  stepper
	again func() bool // whether another value follows the one that ended
	by    map[string]*shelf
	order []*shelf
	ended bool
}

// put is called by the tree for each record.
func (c *structured) put(path []byte, from *record) {
	h := c.by[string(path)]
	if h == nil {
		if len(c.order) >= sorts {
			h = c.order[0]
		} else {
			h = newShelf()
			c.order = append(c.order, h)
		}
		if len(c.by) < 8*sorts {
			c.by[string(path)] = h
		}
	}
	r := h.fresh()
	r.text = append(r.text, from.text...)
	r.fields = append(r.fields, from.fields...)
	h.put(r)
}

// read advances until some shelf is full, or the given one has a record.
func (c *structured) read(wanted *shelf) error {
	for !c.ended {
		if wanted != nil && len(wanted.waiting()) > 0 || c.fullest(true) != nil {
			return nil
		}
		before := c.s.src.past + int64(c.s.src.pos)
		err := c.text.step()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && c.again() && c.s.src.past+int64(c.s.src.pos) > before:
		case errors.Is(err, io.EOF), errors.Is(err, errSyntax):
			c.ended = true
			c.tree.close()
		default:
			return err
		}
	}
	return nil
}

// fullest returns a shelf that is full, or else, if none needs to be, the
// first that holds anything.
func (c *structured) fullest(full bool) *shelf {
	for _, h := range c.order {
		if h.full() || !full && len(h.waiting()) > 0 {
			return h
		}
	}
	return nil
}

func (c *structured) give() error {
	for {
		if err := c.read(nil); err != nil {
			return err
		}
		h := c.fullest(true)
		if h == nil {
			h = c.fullest(false)
		}
		if h == nil {
			break
		}
		more := func() (bool, error) {
			err := c.read(h)
			return len(h.waiting()) > 0, err
		}
		if err := c.s.giveShelf(c.kind, h, more, func() error { return c.read(nil) }); err != nil {
			return err
		}
	}
	if c.tree.cut {
		c.s.limit("depth")
	}
	return nil
}

// json gives the tables in the JSON text at the reading position.
func (s *splitter) json(quoted bool) error {
	c := &structured{s: s, kind: JSON, by: map[string]*shelf{}}
	c.tree = &tree{depth: s.lim.Depth, put: c.put}
	text := &jsonText{s: s, tree: c.tree, quoted: quoted}
	c.text = text
	c.again = func() bool {
		b, err := text.space()
		return err == nil && (b == '{' || b == '[') || b == ',' && err == nil
	}
	return c.give()
}

// xml gives the tables in the XML text at the reading position.
func (s *splitter) xml() error {
	c := &structured{s: s, kind: XML, by: map[string]*shelf{}}
	c.tree = &tree{depth: s.lim.Depth, byName: true, put: c.put}
	text := &xmlText{s: s, tree: c.tree}
	c.text = text
	c.again = func() bool {
		rest := s.src.buf[s.src.pos:s.src.end]
		n := blanks(rest)
		s.pass(n)
		return n+1 < len(rest) && rest[n] == '<' && len(tagName(rest[n+1:])) > 0 && !htmlName(tagName(rest[n+1:]))
	}
	if err := c.give(); err != nil || len(text.notes) == 0 {
		return err
	}
	return s.out.Prose(text.notes)
}
