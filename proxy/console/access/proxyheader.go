package access

import (
	"net/http"
	"net/netip"
	"strings"
)

// TrustedProxy is a reverse proxy that logs people in and tells who they are in
// headers. The zero TrustedProxy trusts nobody.
type TrustedProxy struct {
	Networks []netip.Prefix // where it comes from
	User     string         // the header with the name; "": headers tell nothing
	Groups   string         // the header with the groups, split at commas
	Roles    Roster
}

// Roster gives a role to members of groups, and to people without any.
type Roster struct {
	Groups  map[string]Role
	Default Role // "" : none, and so no right
}

// role is the strongest that the groups give.
func (x Roster) role(groups []string) Role {
	best := x.Default
	for _, g := range groups {
		if r, has := x.Groups[strings.TrimSpace(g)]; has && len(r.Rights()) > len(best.Rights()) {
			best = r
		}
	}
	return best
}

// nameMost bounds the name of a person, in bytes, as the store does.
const nameMost = 200

func (p *TrustedProxy) configured() bool { return p.User != "" }

func (p *TrustedProxy) trusts(client netip.Addr) bool {
	for _, n := range p.Networks {
		if n.Contains(client) {
			return true
		}
	}
	return false
}

// person is who a trusted proxy says that asks.
func (p *TrustedProxy) person(r *http.Request) (Person, bool) {
	if p.User == "" || !p.trusts(remote(r)) {
		return Person{}, false
	}
	// More than one is what a client has put beside the proxy's own.
	names := r.Header.Values(p.User)
	if len(names) != 1 || strings.TrimSpace(names[0]) == "" || len(names[0]) > nameMost {
		return Person{}, false
	}
	var groups []string
	if p.Groups != "" {
		groups = strings.Split(strings.Join(r.Header.Values(p.Groups), ","), ",")
	}
	role := p.Roles.role(groups)
	return Person{Name: strings.TrimSpace(names[0]), Role: role, Method: Proxy}, role.Valid()
}
