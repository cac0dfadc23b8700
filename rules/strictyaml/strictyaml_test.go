package strictyaml_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/strictyaml"
)

type list struct {
	Key     string
	Entries []struct{ ID string }
}

func TestStrict(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"key: a\nentries: [{id: b}]\n", ""},
		{"", ""},
		{"key: a\nother: b\n", "unknown field"},
		{"key: a\nkey: b\n", "already defined"},
		{"entries: !00000000 00", strictyaml.ErrParser.Error()}, // go-yaml 1.19.2 panics
	} {
		var l list
		err := strictyaml.Decode([]byte(c.text), &l)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}

// FuzzDecode: whatever a file holds, it is read or an error.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"key: a\nentries: [{id: b}]\n", "a: &a [*a]", "? !!binary x\n: - |\n  y\n", "<<: {key: a}\n", "entries: !!set {a}", "key: 'a"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var l list
		if err := strictyaml.Decode(text, &l); err != nil && !errors.Is(err, strictyaml.ErrParser) && err.Error() == "" {
			t.Error("an error without a word")
		}
	})
}
