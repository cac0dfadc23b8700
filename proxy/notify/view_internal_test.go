package notify

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A template, an administrator's own too, can write what its view holds, and no
// more: kinds, counts, policies, ids, and the name of a reviewer. Whoever adds to
// the view adds to this list, and says why it is no personal value.
func TestTemplatesSeeNoPersonalValue(t *testing.T) {
	want := []string{
		".At time.Time", ".By string", ".Copies int",
		".Digest.Incidents[].Copies int", ".Digest.Incidents[].Incident string", ".Digest.Incidents[].Last time.Time",
		".Digest.Incidents[].Policy string", ".Digest.Incidents[].State string", ".Digest.Incidents[].Subjects int64",
		".Digest.More int", ".Digest.Open int", ".Digest.Since time.Time", ".Digest.Until time.Time",
		".Expires time.Time", ".Failed int", ".Fields[] string", ".Host string", ".InText bool", ".Incident string",
		".Kind notify.Kind", ".Left int", ".LeftUnknown bool", ".Link string", ".Message string", ".Once string",
		".Policy string", ".Reason string", ".Subjects int64",
	}
	got := reachable("", reflect.TypeFor[view]())
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[*view](), reflect.TypeFor[*Digest](), reflect.TypeFor[*Line]()} {
		if of.NumMethod() > 0 {
			t.Errorf("templates can call %s.%s", of, of.Method(0).Name)
		}
	}
}

// reachable lists what a template can reach from a value of a type.
func reachable(path string, of reflect.Type) (all []string) {
	switch {
	case of == reflect.TypeFor[time.Time]():
	case of.Kind() == reflect.Slice:
		return reachable(path+"[]", of.Elem())
	case of.Kind() == reflect.Struct:
		for i := range of.NumField() {
			switch f := of.Field(i); {
			case f.Anonymous:
				all = append(all, reachable(path, f.Type)...)
			default:
				all = append(all, reachable(path+"."+f.Name, f.Type)...)
			}
		}
		return all
	}
	return []string{path + " " + of.String()}
}
