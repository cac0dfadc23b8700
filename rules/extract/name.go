package extract

import (
	"path"
	"strings"
)

// minNames is how many named parts there must be before their names are read
// together: rows can stand in the names of files as well as in them.
const minNames = 10

// names gives the sink the names of the files that were met, a line each.
func (w *walk) names() error {
	var b strings.Builder
	count := 0
	for _, p := range w.sum.Parts {
		name := path.Base(p.Path)
		if strings.Trim(name, "0123456789.") == "" || !strings.ContainsAny(name, " @_,;") {
			continue
		}
		count++
		b.WriteString(strings.TrimSuffix(name, path.Ext(name)))
		b.WriteByte('\n')
	}
	if count < minNames {
		return nil
	}
	n := node{path: "names", format: FormatText, place: Attachment, id: -1}
	return w.give(n, newFolded(strings.NewReader(b.String())))
}
