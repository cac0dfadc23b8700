package access

import (
	"context"
	"slices"
)

// Method is how somebody proved who they are.
type Method string

// The methods.
const (
	Password Method = "password" // a local account
	OIDC     Method = "oidc"     // OpenID Connect
	Token    Method = "token"    // an API token
	Proxy    Method = "proxy"    // a trusted reverse proxy's header
)

// Person is who asks. The zero Person is nobody, and may nothing but what is
// public.
type Person struct {
	Name   string // as the audit trail has it
	Role   Role
	Method Method
	// Scope are the only rights of the role that hold, for an API token; nil:
	// all of them.
	Scope []Right
}

// May reports whether somebody has a right.
func (p *Person) May(r Right) bool {
	switch {
	case r == Public:
		return true
	case p.Name == "" || !p.Role.Valid():
		return false
	case r == SignedIn:
		return true
	case p.Scope != nil && !slices.Contains(p.Scope, r):
		return false
	}
	return slices.Contains(p.Role.Rights(), r)
}

// personKey is the key of a Person in a context.
type personKey struct{}

// With puts who asks into a context.
func With(ctx context.Context, p Person) context.Context {
	return context.WithValue(ctx, personKey{}, p)
}

// From gives who asks; nobody where it was not found out.
func From(ctx context.Context) Person {
	p, _ := ctx.Value(personKey{}).(Person)
	return p
}
