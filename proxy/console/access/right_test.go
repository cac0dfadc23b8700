package access_test

import (
	"slices"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
)

// Each role may what the one before may, and nobody more than there is.
func TestRolesGrow(t *testing.T) {
	var before []access.Right
	for _, role := range access.Roles() {
		p := access.Person{Name: "ana", Role: role}
		for _, r := range before {
			if !p.May(r) {
				t.Errorf("%s may not %s, which the weaker role may", role, r)
			}
		}
		before = role.Rights()
		for _, r := range before {
			if !slices.Contains(access.Rights(), r) {
				t.Errorf("%s has the right %s, which there is not", role, r)
			}
		}
	}
	if len(before) != len(access.Rights()) {
		t.Errorf("admin has %d rights of %d", len(before), len(access.Rights()))
	}
}

// Who is not known, or has a role that there is not, may nothing; a token may
// no more than its scope.
func TestRightsAreNotGivenByDefault(t *testing.T) {
	for name, p := range map[string]access.Person{
		"nobody": {}, "no name": {Role: access.Chief}, "no role": {Name: "ana"}, "unknown role": {Name: "ana", Role: "root"},
	} {
		for _, r := range append(access.Rights(), access.SignedIn, "", "unknown") {
			if p.May(r) {
				t.Errorf("%s may %q", name, r)
			}
		}
		if !p.May(access.Public) {
			t.Errorf("%s may not see what is public", name)
		}
	}
	token := access.Person{Name: "ana", Role: access.Viewer, Scope: []access.Right{access.Scan, access.Admin}}
	for _, r := range access.Rights() {
		if got := token.May(r); got != (r == access.Scan) {
			t.Errorf("a viewer's token with scan and admin may %s: %v", r, got)
		}
	}
	if none := (access.Person{Name: "ana", Role: access.Chief, Scope: []access.Right{}}); none.May(access.Scan) {
		t.Error("a token with an empty scope may something")
	}
}
