package pdf

import (
	"errors"
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// tree walks the page tree in order (ISO 32000-2, 7.7.3), without recursion
// and through each node once.
type tree struct {
	file  *file
	stack []branch
	seen  map[ref]bool
	count int // pages met
}

// branch is a node on the way to the present page.
type branch struct {
	kids      array
	resources object // inherited
}

// maxTree bounds the depth of the page tree.
const maxTree = 500

func newTree(f *file, root object) *tree {
	return &tree{file: f, stack: []branch{{kids: array{root}}}, seen: map[ref]bool{}}
}

// page is a leaf of the tree.
type page struct {
	dict      dict
	resources object
}

func (t *tree) next() (page, bool) {
	for len(t.stack) > 0 && t.file.budget.ended() == nil {
		top := &t.stack[len(t.stack)-1]
		if len(top.kids) == 0 {
			t.stack = t.stack[:len(t.stack)-1]
			continue
		}
		kid := top.kids[0]
		top.kids = top.kids[1:]
		r, indirect := kid.(ref)
		if indirect && t.seen[r] {
			continue
		}
		d := t.file.dict(kid)
		if indirect {
			t.seen[r] = true
		}
		if d == nil {
			continue
		}
		p := page{dict: d, resources: top.resources}
		if d["Resources"] != nil {
			p.resources = d["Resources"]
		}
		if kids := t.file.array(d["Kids"]); kids == nil || t.file.name(d["Type"]) == "Page" {
			t.count++
			return p, true
		} else if len(t.stack) < maxTree {
			t.stack = append(t.stack, branch{kids: kids, resources: p.resources})
		} else {
			t.file.note(fmt.Errorf("page tree of a PDF: %w", document.ErrTooDeep))
		}
	}
	// What a search of a damaged file has met beside the tree.
	if len(t.file.pages) > 0 {
		lost := array{}
		for _, r := range t.file.pages {
			if !t.seen[r] {
				lost = append(lost, r)
			}
		}
		t.file.pages = nil
		t.stack = append(t.stack, branch{kids: lost})
		return t.next()
	}
	return page{}, false
}

// draw runs a page's content streams.
func (f *file) draw(p page, c *canvas) error {
	in := &interpreter{file: f, canvas: c, state: newState()}
	content, err := f.contents(p.dict["Contents"])
	if err == nil || len(content) > 0 {
		if err := in.run(content, f.dict(p.resources)); err != nil {
			return err
		}
	}
	return err
}

func newState() state { return state{ctm: identity(), scale: 1} }

// contents decodes a page's content. Several streams are one: an operator may
// stand in another stream than its operands.
func (f *file) contents(obj object) ([]byte, error) {
	list, ok := f.resolve(obj).(array)
	if !ok {
		list = array{obj}
	}
	var all []byte
	for _, o := range list {
		s := f.stream(o)
		if s == nil {
			continue
		}
		b, err := f.decode(s)
		if errors.Is(err, errPicture) {
			continue
		}
		if len(list) == 1 {
			return b, err
		}
		all = append(append(all, b...), '\n')
		if err != nil {
			return all, err
		}
		if len(all) > maxStream {
			return all, fmt.Errorf("a page of a PDF: %w", document.ErrTooBig)
		}
	}
	return all, nil
}
