package pdf

import (
	"fmt"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// maxOutline bounds the entries of a document's outline.
const maxOutline = 50_000

// outline returns the titles of the document's outline, which viewers show
// beside the pages (ISO 32000-2, 12.3.3), a line each.
func (f *file) outline(root dict) string {
	var b strings.Builder
	stack, seen := []object{f.dict(root["Outlines"])["First"]}, map[ref]bool{}
	for n := 0; len(stack) > 0 && f.budget.ended() == nil; n++ {
		if n == maxOutline {
			f.note(fmt.Errorf("outline of a PDF: %w", document.ErrTooMany))
			break
		}
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if r, ok := top.(ref); ok {
			if seen[r] {
				continue
			}
			seen[r] = true
		}
		d := f.dict(top)
		if t := f.said(d["Title"]); t != "" {
			b.WriteString(t + "\n")
		}
		for _, key := range []name{"Next", "First"} {
			if d[key] != nil {
				stack = append(stack, d[key])
			}
		}
	}
	return b.String()
}

// scripts returns what the document runs when it is opened: a viewer shows what
// it says (ISO 32000-2, 12.6.4.17).
func (f *file) scripts(root dict) string {
	var b strings.Builder
	actions := append([]object{root["OpenAction"]}, f.nameTree(f.dict(root["Names"])["JavaScript"])...)
	for _, a := range actions {
		if action, ok := f.resolve(a).(dict); ok {
			if js := f.value(action["JS"]); js != "" {
				b.WriteString(strings.ReplaceAll(js, `\n`, "\n") + "\n")
			}
		}
	}
	return b.String()
}

// choices returns what a field lets its reader choose from, a line each: a text,
// or a pair of what is exported and what is shown (ISO 32000-2, 12.7.5.4).
func (f *file) choices(field dict) string {
	var b strings.Builder
	for _, o := range f.array(field["Opt"]) {
		if v := f.value(o); v != "" {
			b.WriteString(v + "\n")
		}
	}
	return b.String()
}
