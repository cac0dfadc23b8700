package extract

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// TestSetsAreWhole: each constant of a closed set is in its list, since a
// metric has no label value for one that is not.
func TestSetsAreWhole(t *testing.T) {
	for _, c := range []struct {
		file, kind string
		list       int
	}{{"format.go", "Format", len(Formats())}, {"extract.go", "Reason", len(Reasons())}} {
		if got := constants(t, c.file, c.kind); got != c.list {
			t.Errorf("%s: %d constants of type %s, %d in the list", c.file, got, c.kind, c.list)
		}
	}
	formats := Formats()
	slices.Sort(formats)
	if n := len(slices.Compact(formats)); n != len(Formats()) {
		t.Errorf("a format is listed twice")
	}
}

// constants counts the constants of a type in a file.
func constants(t *testing.T, file, kind string) (n int) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(node ast.Node) bool {
		if spec, is := node.(*ast.ValueSpec); is {
			if id, is := spec.Type.(*ast.Ident); is && id.Name == kind {
				n += len(spec.Names)
			}
		}
		return true
	})
	return n
}
