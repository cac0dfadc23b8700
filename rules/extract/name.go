package extract

import (
	"path"
	"strings"
)

// minNames is how many named parts there must be before their names are read
// together: rows can stand in the names of files as well as in them.
const minNames = 10

// maxCalled is how many parts without content of their own are read by their names.
const maxCalled = 1000

// names gives the sink the names of the files that were met, a line each.
func (w *walk) names() error {
	var b strings.Builder
	count := 0
	called := w.called
	for _, p := range w.sum.Parts {
		called = append(called, p.Path)
	}
	for _, name := range called {
		name = path.Base(name)
		if strings.Trim(name, "0123456789.") == "" || !strings.ContainsAny(name, " @_,;") {
			continue
		}
		count++
		b.WriteString(withoutExt(name))
		b.WriteByte('\n')
	}
	if count < minNames {
		return nil
	}
	n := node{path: "names", format: FormatText, place: Attachment, id: -1}
	return w.give(n, newFolded(strings.NewReader(b.String())))
}

// empty keeps what a part is called that has no content, or none of its own.
func (w *walk) empty(n node) {
	if n.place == Attachment && len(w.called) < maxCalled {
		w.called = append(w.called, path.Base(n.path))
	}
}

// withoutExt takes the extension off a name; the end of an address is none.
func withoutExt(name string) string {
	ext := path.Ext(name)
	bare := strings.TrimSuffix(name, ext)
	domain := bare[strings.LastIndexByte(bare, '@')+1:]
	if strings.IndexByte(ext, ' ') >= 0 || len(domain) < len(bare) && !strings.ContainsAny(domain, ". ") {
		return name
	}
	return bare
}
