package access_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
)

// provider is an OpenID Connect provider: it checks what a client has to send
// for the code flow with PKCE, and signs what the test says of the person.
type provider struct {
	*httptest.Server
	key    *rsa.PrivateKey
	claims map[string]any // of the next ID token, beside what every one has
	codes  map[string]url.Values
	signed *rsa.PrivateKey // signs in the key's place
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key, signed: key, claims: map[string]any{}, codes: map[string]url.Values{}}
	well := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: "RS256"}}}
	mux := http.NewServeMux()
	mux.Handle("/", well)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	well.SetIssuer(p.URL)
	return p
}

// authorize does what the browser and the person do there, and gives the
// address that the browser is sent back to.
func (p *provider) authorize(t *testing.T, at string) *url.URL {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" || q.Get("client_id") != "bulkhead" {
		t.Fatalf("the browser asks with %v", q)
	}
	code := rand.Text()
	p.codes[code] = q
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	return back
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	asked, there := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if !there || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) || id != "bulkhead" || secret != "s3cret" ||
		r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	claims := map[string]any{"iss": p.URL, "aud": "bulkhead", "sub": "1", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "nonce": asked.Get("nonce")}
	for k, v := range p.claims {
		claims[k] = v
	}
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": oidctest.SignIDToken(p.signed, "k", "RS256", string(text))})
}

// openHouse is a house whose door leads to a provider.
func openHouse(t *testing.T, issuer string) *house {
	t.Helper()
	h := newHouse(t, func(c *access.Config) {
		c.OIDC = access.NewOpenID(access.OpenIDConfig{Issuer: issuer, ClientID: "bulkhead", ClientSecret: "s3cret",
			RedirectURL: "http://console.example/login/oidc/callback", Scopes: []string{"email", "groups"}, NameClaim: "email", GroupsClaim: "groups",
			Roles: access.Roster{Groups: map[string]access.Role{"dlp": access.Reviewer}}}, c.Now)
	})
	h.now = time.Now()
	return h
}

// Who the provider names, and whose group has a role, is let in; nobody else.
func TestOpenIDLetsInWhomTheProviderNames(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		claims map[string]any
		change func(p *provider, back *url.URL, cookie *http.Cookie, h *house)
		in     bool
	}{
		"a reviewer":                 {claims: map[string]any{"email": "ana@office.example", "email_verified": true, "groups": []string{"staff", "dlp"}}, in: true},
		"one group as a string":      {claims: map[string]any{"email": "ana@office.example", "groups": "dlp"}, in: true},
		"no group with a role":       {claims: map[string]any{"email": "ana@office.example", "groups": []string{"staff"}}},
		"an address not verified":    {claims: map[string]any{"email": "ana@office.example", "email_verified": false, "groups": []string{"dlp"}}},
		"no name":                    {claims: map[string]any{"groups": []string{"dlp"}}},
		"a token for another client": {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}, "aud": "other"}},
		"a token of another issuer":  {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}, "iss": "https://evil.example"}},
		"a token of another log-in":  {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}, "nonce": "other"}},
		"a token that has ended":     {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}, "exp": time.Now().Add(-time.Hour).Unix()}},
		"a token that is not signed by the provider": {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}},
			change: func(p *provider, _ *url.URL, _ *http.Cookie, _ *house) { p.signed = other }},
		"another state": {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}},
			change: func(_ *provider, back *url.URL, _ *http.Cookie, _ *house) {
				q := back.Query()
				q.Set("state", "other")
				back.RawQuery = q.Encode()
			}},
		"another browser": {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}},
			change: func(_ *provider, _ *url.URL, cookie *http.Cookie, _ *house) { cookie.Value = "other" }},
		"too late": {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}},
			change: func(_ *provider, _ *url.URL, _ *http.Cookie, h *house) { h.now = h.now.Add(11 * time.Minute) }},
		"the provider refuses": {claims: map[string]any{"email": "ana@office.example", "groups": []string{"dlp"}},
			change: func(_ *provider, back *url.URL, _ *http.Cookie, _ *house) { back.RawQuery += "&error=access_denied" }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			h := openHouse(t, p.URL)
			p.claims = x.claims
			to, browser, err := h.door.BeginOpenID(from("192.0.2.1"), "/incidents?q=x")
			if err != nil {
				t.Fatal(err)
			}
			back := p.authorize(t, to)
			if x.change != nil {
				x.change(p, back, browser, h)
			}
			r := httptest.NewRequest(http.MethodGet, back.String(), nil)
			r.AddCookie(browser)
			cookie, next, err := h.door.EndOpenID(r)
			if !x.in {
				if cookie != nil || !errors.Is(err, access.ErrRefused) {
					t.Fatalf("let in: %v, %v", cookie, err)
				}
				return
			}
			if err != nil || next != "/incidents?q=x" {
				t.Fatalf("%v, next %q", err, next)
			}
			if who := h.who(cookie); who.Name != "ana@office.example" || who.Role != access.Reviewer || who.Method != access.OIDC {
				t.Errorf("it is %+v", who)
			}
			if _, _, err := h.door.EndOpenID(r); !errors.Is(err, access.ErrRefused) {
				t.Errorf("the same answer again: %v", err)
			}
		})
	}
}

// Whoever begins log-ins without an end keeps nobody out; of those that are
// remembered there is an end.
func TestOpenIDIsNotFilledUp(t *testing.T) {
	p := newProvider(t)
	h := openHouse(t, p.URL)
	p.claims = map[string]any{"email": "ana@office.example", "groups": "dlp"}
	end := func(to string, browser *http.Cookie) error {
		r := httptest.NewRequest(http.MethodGet, p.authorize(t, to).String(), nil)
		r.AddCookie(browser)
		_, _, err := h.door.EndOpenID(r)
		return err
	}
	begin := func(client string) (string, *http.Cookie) {
		t.Helper()
		h.now = h.now.Add(time.Millisecond)
		to, browser, err := h.door.BeginOpenID(from(client), "/")
		if err != nil {
			t.Fatal(err)
		}
		return to, browser
	}
	early, earlyBrowser := begin("192.0.2.1")
	for range 999 {
		begin("192.0.2.66")
	}
	late, lateBrowser := begin("192.0.2.2")
	if err := end(late, lateBrowser); err != nil {
		t.Errorf("after a thousand that were begun: %v", err)
	}
	if err := end(early, earlyBrowser); !errors.Is(err, access.ErrRefused) {
		t.Errorf("the oldest of more than a thousand: %v", err)
	}
}

// Bulkhead starts while the provider is away, and logs people in once it is
// back.
func TestOpenIDProviderMayBeAway(t *testing.T) {
	p := newProvider(t)
	h := openHouse(t, "http://127.0.0.1:1")
	if _, _, err := h.door.BeginOpenID(from("192.0.2.1"), "/"); err == nil || errors.Is(err, access.ErrRefused) {
		t.Errorf("without a provider: %v", err)
	}
	if _, _, err := openHouse(t, p.URL).door.BeginOpenID(from("192.0.2.1"), "/"); err != nil {
		t.Errorf("with it: %v", err)
	}
}
