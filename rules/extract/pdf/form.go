package pdf

import (
	"fmt"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// maxFields bounds the form fields of a document.
const maxFields = 100_000

// fields returns the form's fields as "name: value" lines (ISO 32000-2,
// 12.7.4). It walks the tree of fields without recursion, through each once.
func (f *file) fields(root dict) string {
	type node struct {
		obj  object
		name string
	}
	var b strings.Builder
	var stack []node
	push := func(kids array, name string) {
		for i := len(kids) - 1; i >= 0; i-- {
			stack = append(stack, node{kids[i], name})
		}
	}
	push(f.array(f.dict(root["AcroForm"])["Fields"]), "")
	seen := map[ref]bool{}
	for n := 0; len(stack) > 0 && f.budget.ended() == nil; n++ {
		if n == maxFields {
			f.note(fmt.Errorf("form fields of a PDF: %w", document.ErrTooMany))
			break
		}
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if r, ok := top.obj.(ref); ok {
			if seen[r] {
				continue
			}
			seen[r] = true
		}
		d := f.dict(top.obj)
		label := top.name
		if t := f.said(d["T"]); t != "" {
			label = strings.TrimPrefix(label+"."+t, ".")
		}
		if !f.pay(int64(len(label))) {
			break
		}
		if v := f.value(d["V"]); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", label, v)
		}
		b.WriteString(f.choices(d))
		push(f.array(d["Kids"]), label)
	}
	return b.String()
}

// said returns a string of the document, "" for another object. It is paid for
// each time: very many places may share one.
func (f *file) said(obj object) string {
	t := f.text(obj)
	if !f.pay(int64(len(t))) {
		return ""
	}
	return documentText(t)
}

// value returns the text of a field's value: a string, a stream, or several.
func (f *file) value(obj object) string {
	switch v := f.resolve(obj).(type) {
	case text:
		return f.said(v)
	case *stream:
		b, err := f.decode(v)
		if err != nil {
			f.note(err)
		}
		return documentText(text(b))
	case array:
		var all []string
		for _, o := range v {
			if t := f.said(o); t != "" {
				all = append(all, t)
			}
		}
		return strings.Join(all, ", ")
	}
	return ""
}

// maxAnnotations bounds the annotations of a page.
const maxAnnotations = 20_000

// annotations draws what the page's annotations show and returns their
// comments and mail links, and the files attached to them (ISO 32000-2, 12.5).
func (f *file) annotations(p page, c *canvas) (comments string, files []object, err error) {
	var b strings.Builder
	for i, o := range f.array(p.dict["Annots"]) {
		if i == maxAnnotations {
			return b.String(), files, fmt.Errorf("annotations of a PDF: %w", document.ErrTooMany)
		}
		d := f.dict(o)
		kind := f.name(d["Subtype"])
		if t := f.said(d["Contents"]); t != "" && kind != "Widget" {
			b.WriteString(t + "\n")
		}
		switch kind {
		case "FileAttachment":
			files = append(files, d["FS"])
		case "Link":
			if uri := string(f.text(f.dict(d["A"])["URI"])); strings.HasPrefix(uri, "mailto:") {
				b.WriteString(uri + "\n")
			}
		case "Widget", "FreeText", "Stamp":
			if err := f.appearance(d, c); err != nil {
				return b.String(), files, err
			}
		}
	}
	return b.String(), files, nil
}

// appearance draws an annotation as the page shows it (ISO 32000-2, 12.5.5).
func (f *file) appearance(d dict, c *canvas) error {
	normal := f.resolve(f.dict(d["AP"])["N"])
	if states, ok := normal.(dict); ok {
		normal = f.resolve(states[f.name(d["AS"])])
	}
	s, ok := normal.(*stream)
	rect, box := f.array(d["Rect"]), array(nil)
	if ok {
		box = f.array(s.dict["BBox"])
	}
	if len(rect) != 4 || len(box) != 4 {
		return nil
	}
	var r, b [4]float64
	for i := range r {
		r[i], _ = f.number(rect[i])
		b[i], _ = f.number(box[i])
	}
	in := &interpreter{file: f, canvas: c, state: newState()}
	in.state.ctm = matrix{1, 0, 0, 1, min(r[0], r[2]) - min(b[0], b[2]), min(r[1], r[3]) - min(b[1], b[3])}
	return in.form(s, dict{})
}
