package access

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OpenIDConfig is how people log in at an OpenID Connect provider.
type OpenIDConfig struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	RedirectURL  string   // of the console: …/login/oidc/callback
	Scopes       []string // beside openid
	NameClaim    string   // what people are called, such as email
	GroupsClaim  string
	Roles        Roster
}

// OpenID logs people in by the authorization code flow with PKCE (OpenID Connect
// Core 1.0, section 3.1; RFC 7636).
type OpenID struct {
	cfg OpenIDConfig
	now func() time.Time

	mu       sync.Mutex
	provider *oidc.Provider // nil until it has answered once
	begun    map[string]attempt
}

// attempt is a log-in that a browser has been sent to the provider for.
type attempt struct {
	verifier, nonce, next string
	browser               string // the secret in the browser's cookie
	ends                  time.Time
}

// How long a log-in at the provider may take, and how many may be under way.
const (
	attemptTime  = 10 * time.Minute
	attemptsMost = 1000
	providerTime = 10 * time.Second
)

// attemptCookie ties a log-in to the browser that began it.
const attemptCookie = "bulkhead_oidc"

// NewOpenID makes one. The provider is asked when somebody logs in, so that it
// may be away when Bulkhead starts.
func NewOpenID(cfg OpenIDConfig, now func() time.Time) *OpenID {
	return &OpenID{cfg: cfg, now: now, begun: map[string]attempt{}}
}

// endpoint gives the provider, asked for once.
func (o *OpenID) endpoint(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	o.mu.Lock()
	provider := o.provider
	o.mu.Unlock()
	if provider == nil {
		var err error
		// Its keys are fetched later with this context, too.
		client := &http.Client{Timeout: providerTime}
		asked, cancel := context.WithTimeout(ctx, providerTime)
		defer cancel()
		if provider, err = oidc.NewProvider(oidc.ClientContext(asked, client), o.cfg.Issuer); err != nil {
			return nil, nil, fmt.Errorf("the OpenID provider %s: %w", o.cfg.Issuer, err)
		}
		o.mu.Lock()
		o.provider = provider
		o.mu.Unlock()
	}
	return provider, &oauth2.Config{ClientID: o.cfg.ClientID, ClientSecret: o.cfg.ClientSecret, Endpoint: provider.Endpoint(),
		RedirectURL: o.cfg.RedirectURL, Scopes: append([]string{oidc.ScopeOpenID}, o.cfg.Scopes...)}, nil
}

// HasOpenID reports whether people can log in at a provider.
func (d *Door) HasOpenID() bool { return d.cfg.OIDC != nil }

// BeginOpenID gives the address at the provider to send a browser to, and the
// cookie that ties the log-in to it. next is where it goes afterwards.
func (d *Door) BeginOpenID(r *http.Request, next string) (string, *http.Cookie, error) {
	o := d.cfg.OIDC
	_, client, err := o.endpoint(r.Context())
	if err != nil {
		return "", nil, err
	}
	state := rand.Text()
	a := attempt{verifier: oauth2.GenerateVerifier(), nonce: rand.Text(), next: next, browser: rand.Text(), ends: o.now().Add(attemptTime)}
	o.remember(state, a)
	cookie := &http.Cookie{Name: attemptCookie, Value: a.browser, Path: "/login/oidc", MaxAge: int(attemptTime.Seconds()),
		HttpOnly: true, Secure: overTLS(r), SameSite: http.SameSiteLaxMode}
	return client.AuthCodeURL(state, oauth2.S256ChallengeOption(a.verifier), oidc.Nonce(a.nonce)), cookie, nil
}

// remember keeps an attempt. Where there are as many as may be, the oldest gives
// way: whoever begins many and ends none is not to keep all others out for as
// long as an attempt may take.
func (o *OpenID) remember(state string, a attempt) {
	o.mu.Lock()
	defer o.mu.Unlock()
	oldest := state
	for s, old := range o.begun {
		if o.now().After(old.ends) {
			delete(o.begun, s)
		} else if oldest == state || old.ends.Before(o.begun[oldest].ends) {
			oldest = s
		}
	}
	if len(o.begun) >= attemptsMost {
		delete(o.begun, oldest)
	}
	o.begun[state] = a
}

// take gives an attempt, once, to the browser that began it.
func (o *OpenID) take(state, browser string) (attempt, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a, there := o.begun[state]
	if !there || a.browser != browser || o.now().After(a.ends) {
		return attempt{}, false
	}
	delete(o.begun, state)
	return a, true
}

// EndOpenID lets somebody in whom the provider has sent back, and gives the
// session's cookie and where to go. The error is [ErrRefused] where the provider
// does not say who it is, or no group of theirs has a role.
func (d *Door) EndOpenID(r *http.Request) (*http.Cookie, string, error) {
	a, p, err := d.openIDPerson(r)
	if err != nil {
		d.cfg.Tried(OIDC, "refused")
		return nil, "", err
	}
	session, err := d.begin(r, p)
	return session, a.next, err
}

func (d *Door) openIDPerson(r *http.Request) (a attempt, p Person, err error) {
	o, query := d.cfg.OIDC, r.URL.Query()
	browser, err := r.Cookie(attemptCookie)
	if err != nil {
		return a, p, fmt.Errorf("%w: the log-in was begun in another browser, or too long ago", ErrRefused)
	}
	var there bool
	if a, there = o.take(query.Get("state"), browser.Value); !there {
		return a, p, fmt.Errorf("%w: the log-in was begun in another browser, or too long ago", ErrRefused)
	}
	if query.Get("error") != "" {
		return a, p, fmt.Errorf("%w: the provider refused", ErrRefused)
	}
	provider, client, err := o.endpoint(r.Context())
	if err != nil {
		return a, p, err
	}
	ctx := oidc.ClientContext(r.Context(), &http.Client{Timeout: providerTime})
	answer, err := client.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(a.verifier))
	if err != nil {
		return a, p, errors.Join(ErrRefused, fmt.Errorf("the provider's token: %w", err))
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := provider.Verifier(&oidc.Config{ClientID: o.cfg.ClientID, Now: o.now}).Verify(ctx, raw)
	if err != nil {
		return a, p, errors.Join(ErrRefused, fmt.Errorf("the provider's ID token: %w", err))
	}
	if token.Nonce != a.nonce {
		return a, p, fmt.Errorf("%w: the ID token is of another log-in", ErrRefused)
	}
	p, err = o.personOf(token)
	return a, p, err
}

// personOf reads the claims.
func (o *OpenID) personOf(token *oidc.IDToken) (Person, error) {
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return Person{}, errors.Join(ErrRefused, fmt.Errorf("claims: %w", err))
	}
	name, _ := claims[o.cfg.NameClaim].(string)
	if verified, is := claims["email_verified"].(bool); o.cfg.NameClaim == "email" && is && !verified {
		name = "" // somebody else's, for all that is known
	}
	if name == "" {
		return Person{}, fmt.Errorf("%w: the ID token has no claim %q", ErrRefused, o.cfg.NameClaim)
	}
	var groups []string
	switch list := claims[o.cfg.GroupsClaim].(type) {
	case string:
		groups = append(groups, list)
	case []any:
		for _, g := range list {
			if s, is := g.(string); is {
				groups = append(groups, s)
			}
		}
	}
	role := o.cfg.Roles.role(groups)
	if !role.Valid() {
		return Person{}, fmt.Errorf("%w: none of the %d groups has a role here", ErrRefused, len(groups))
	}
	return Person{Name: name, Role: role, Method: OIDC}, nil
}
