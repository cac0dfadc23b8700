package access_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/pquerna/otp/totp"
)

const password = "correct-horse-battery"

// house is a store with accounts, a door, and a clock for both.
type house struct {
	t     *testing.T
	store *quarantine.Store
	door  *access.Door
	now   time.Time
	tried map[string]int
}

func newHouse(t *testing.T, change func(*access.Config)) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2031, 3, 5, 8, 0, 0, 0, time.UTC), tried: map[string]int{}}
	clock := func() time.Time { return h.now }
	var err error
	if h.store, err = quarantine.Open(t.Context(), t.TempDir(), quarantine.Options{Clock: clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.store.Close() })
	cfg := access.Config{Keeper: h.store, Idle: time.Hour, Longest: 12 * time.Hour, Now: clock,
		Tried: func(m access.Method, result string) { h.tried[string(m)+" "+result]++ }}
	if change != nil {
		change(&cfg)
	}
	h.door = access.New(cfg)
	return h
}

// add makes an account with the password of these tests.
func (h *house) add(name string, role access.Role, totpSecret string) {
	h.t.Helper()
	hash, err := access.HashPassword(name, password)
	if err != nil {
		h.t.Fatal(err)
	}
	a := quarantine.Account{Name: name, Role: string(role), Password: hash, TOTP: totpSecret}
	if err := h.store.AddAccount(context.Background(), a, "test"); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) change(name string, change func(*quarantine.Account)) {
	h.t.Helper()
	err := h.store.ChangeAccount(context.Background(), name, "test", func(a *quarantine.Account, _ []quarantine.Account) error { change(a); return nil })
	if err != nil {
		h.t.Fatal(err)
	}
}

// from is a request of a client.
func from(client string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://console.example/", nil)
	r.RemoteAddr = client + ":40000"
	return r
}

func (h *house) signIn(client string, c access.Credentials) (*http.Cookie, error) {
	return h.door.SignIn(from(client), c)
}

// who tells whom a cookie is of.
func (h *house) who(cookie *http.Cookie) access.Person {
	h.t.Helper()
	r := from("192.0.2.1")
	r.AddCookie(cookie)
	p, err := h.door.Identify(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// Who has the password is let in, by whatever capitals; the cookie is the
// browser's alone, and nothing that is stored is it.
func TestPasswordLetsIn(t *testing.T) {
	h := newHouse(t, nil)
	h.add("Ana", access.Reviewer, "")
	cookie, err := h.signIn("192.0.2.1", access.Credentials{Name: "ana", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if p := h.who(cookie); p.Name != "Ana" || p.Role != access.Reviewer || p.Method != access.Password {
		t.Errorf("the cookie is of %+v", p)
	}
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || len(cookie.Value) < 40 || cookie.Secure {
		t.Errorf("the cookie is %+v", cookie)
	}
	r := from("192.0.2.1")
	r.Header.Set("X-Forwarded-Proto", "https")
	if cookie, err = h.door.SignIn(r, access.Credentials{Name: "ana", Password: password}); err != nil || !cookie.Secure {
		t.Errorf("over HTTPS the cookie is %+v, %v", cookie, err)
	}
}

// Nothing tells whether there is such an account.
func TestWhoIsNotLetInLearnsNothing(t *testing.T) {
	h := newHouse(t, nil)
	h.add("ana", access.Reviewer, "")
	h.add("gone", access.Chief, "")
	h.change("gone", func(a *quarantine.Account) { a.Disabled = true })
	for name, c := range map[string]access.Credentials{
		"a wrong password":   {Name: "ana", Password: "wrong-horse-battery"},
		"none":               {Name: "ana"},
		"nobody":             {Name: "eve", Password: password},
		"a disabled account": {Name: "gone", Password: password},
		"no name":            {Password: password},
		"a long password":    {Name: "ana", Password: password + strings.Repeat("x", 1<<20)},
	} {
		cookie, err := h.signIn("192.0.2.1", c)
		if cookie != nil || !errors.Is(err, access.ErrRefused) || err.Error() != access.ErrRefused.Error() {
			t.Errorf("%s: %v, %v", name, cookie, err)
		}
	}
	if got := h.tried["password refused"]; got != 6 {
		t.Errorf("%d refusals are counted, want 6", got)
	}
}

// Ten wrong passwords, and a client waits; the account's own person does not.
func TestGuessingIsSlow(t *testing.T) {
	testbed.SkipShort(t, "each guess takes as long as a log-in")
	h := newHouse(t, nil)
	h.add("ana", access.Reviewer, "")
	guess := func(client, name string) error {
		_, err := h.signIn(client, access.Credentials{Name: name, Password: "wrong-horse-battery"})
		return err
	}
	for i := range 10 {
		if err := guess("192.0.2.9", "ana"); !errors.Is(err, access.ErrRefused) {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	right := access.Credentials{Name: "ana", Password: password}
	var limited *access.LimitedError
	if _, err := h.signIn("192.0.2.9", right); !errors.As(err, &limited) || limited.Wait <= 0 || limited.Wait > time.Minute {
		t.Errorf("after ten guesses even the right one: %v", err)
	}
	if _, err := h.signIn("192.0.2.1", right); err != nil {
		t.Errorf("from elsewhere the right one: %v", err)
	}
	h.now = h.now.Add(time.Minute)
	if _, err := h.signIn("192.0.2.9", right); err != nil {
		t.Errorf("after a minute: %v", err)
	}
	// All of a subscriber's IPv6 addresses are one client.
	for i := range 10 {
		guess("[2001:db8:1:2::"+string(rune('a'+i%6))+"]", "eve")
	}
	if err := guess("[2001:db8:1:2:ffff::1]", "eve"); !errors.Is(err, access.ErrLimited) {
		t.Errorf("another address of the same /64: %v", err)
	}
	// From many clients an account is guarded by itself.
	h.now = h.now.Add(time.Hour)
	for i := range 30 {
		guess(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String(), "ana")
	}
	if err := guess("203.0.113.77", "ana"); !errors.Is(err, access.ErrLimited) {
		t.Errorf("the 31st guess of an account, from another client: %v", err)
	}
}

// Guesses that come at once are no more than guesses one after another, of a
// client and of an account.
func TestGuessingAtOnceIsNoWayAround(t *testing.T) {
	testbed.SkipShort(t, "each guess takes as long as a log-in")
	guessAtOnce := func(guesses int, client func(i int) string) (checked int64) {
		var refused atomic.Int64
		h := newHouse(t, func(c *access.Config) {
			c.Tried = func(_ access.Method, result string) {
				if result == "refused" {
					refused.Add(1)
				}
			}
		})
		h.add("ana", access.Reviewer, "")
		var all sync.WaitGroup
		for i := range guesses {
			all.Go(func() {
				_, err := h.signIn(client(i), access.Credentials{Name: "ana", Password: "wrong-horse-battery"})
				if !errors.Is(err, access.ErrRefused) && !errors.Is(err, access.ErrLimited) {
					t.Errorf("guess %d: %v", i, err)
				}
			})
		}
		all.Wait()
		return refused.Load()
	}
	if n := guessAtOnce(40, func(int) string { return "192.0.2.9" }); n != 10 {
		t.Errorf("%d of 40 guesses of one client at once are compared, want 10", n)
	}
	if n := guessAtOnce(40, func(i int) string { return netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String() }); n != 30 {
		t.Errorf("%d of 40 guesses of one account at once are compared, want 30", n)
	}
}

// Behind a trusted proxy a client is who the proxy names, in the same field or in
// one of its own, and not what the client names itself.
func TestForwardedClientIsTheOneThatTheProxyNames(t *testing.T) {
	testbed.SkipShort(t, "each guess takes as long as a log-in")
	for name, forwarded := range map[string]func(made, client string) []string{
		"one field":  func(made, client string) []string { return []string{made + ", " + client} },
		"two fields": func(made, client string) []string { return []string{made, client} },
	} {
		h := newHouse(t, func(c *access.Config) {
			c.Proxy = access.TrustedProxy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
		})
		guess := func(made, client string) error {
			r := from("127.0.0.1")
			r.Header["X-Forwarded-For"] = forwarded(made, client)
			_, err := h.door.SignIn(r, access.Credentials{Name: "eve", Password: "wrong-horse-battery"})
			return err
		}
		for i := range 10 {
			if err := guess(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}).String(), "203.0.113.5"); !errors.Is(err, access.ErrRefused) {
				t.Fatalf("%s: guess %d: %v", name, i, err)
			}
		}
		if err := guess("198.51.100.99", "203.0.113.5"); !errors.Is(err, access.ErrLimited) {
			t.Errorf("%s: a client that names itself another each time: %v", name, err)
		}
		if err := guess("198.51.100.99", "203.0.113.6"); !errors.Is(err, access.ErrRefused) {
			t.Errorf("%s: another client of the same proxy: %v", name, err)
		}
	}
}

// A session ends without use, at its longest, and with any change of its account.
func TestSessionsEnd(t *testing.T) {
	h := newHouse(t, nil)
	h.add("ana", access.Reviewer, "")
	begin := func() *http.Cookie {
		t.Helper()
		cookie, err := h.signIn("192.0.2.1", access.Credentials{Name: "ana", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		return cookie
	}
	idle := begin()
	h.now = h.now.Add(59 * time.Minute)
	if h.who(idle).Name == "" {
		t.Error("a session that is used within the hour has ended")
	}
	h.now = h.now.Add(61 * time.Minute)
	if h.who(idle).Name != "" {
		t.Error("a session that nobody used for an hour goes on")
	}
	long := begin()
	for range 24 {
		if h.who(long).Name == "" {
			t.Fatal("a session in use has ended")
		}
		h.now = h.now.Add(30 * time.Minute)
	}
	if h.who(long).Name != "" {
		t.Error("a session goes on after twelve hours")
	}
	for what, change := range map[string]func(*quarantine.Account){
		"role":          func(a *quarantine.Account) { a.Role = string(access.Viewer) },
		"password":      func(a *quarantine.Account) { a.Password += "x" },
		"second factor": func(a *quarantine.Account) { a.TOTP = "GEZDGNBVGY3TQOJQ" },
		"disabled":      func(a *quarantine.Account) { a.Disabled = true },
	} {
		h := newHouse(t, nil)
		h.add("ana", access.Reviewer, "")
		cookie, err := h.signIn("192.0.2.1", access.Credentials{Name: "ana", Password: password})
		if err != nil {
			t.Fatal(err)
		}
		h.change("ana", change)
		if h.who(cookie).Name != "" {
			t.Errorf("a session goes on after a change: %s", what)
		}
	}
	gone := begin()
	r := from("192.0.2.1")
	r.AddCookie(gone)
	removed, err := h.door.SignOut(r)
	if err != nil || removed.MaxAge >= 0 {
		t.Errorf("logging out: %+v, %v", removed, err)
	}
	if h.who(gone).Name != "" {
		t.Error("a session goes on after logging out")
	}
}

// A code lets in once, within a step of the clock (RFC 6238, 5.2).
func TestSecondFactor(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // that of RFC 6238, appendix B
	h := newHouse(t, nil)
	h.add("ana", access.Reviewer, secret)
	code := func(at time.Time) string {
		t.Helper()
		c, err := totp.GenerateCode(secret, at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	try := func(code string) error {
		_, err := h.signIn("192.0.2.1", access.Credentials{Name: "ana", Password: password, Code: code})
		return err
	}
	for what, wrong := range map[string]string{"none": "", "another": "000000", "an old one": code(h.now.Add(-2 * time.Minute)), "one to come": code(h.now.Add(2 * time.Minute))} {
		if err := try(wrong); !errors.Is(err, access.ErrRefused) {
			t.Errorf("code: %s: %v", what, err)
		}
	}
	now := code(h.now)
	if err := try(now[:3] + " " + now[3:]); err != nil {
		t.Errorf("the code of now: %v", err)
	}
	if err := try(now); !errors.Is(err, access.ErrRefused) {
		t.Errorf("the same code again: %v", err)
	}
	if err := try(code(h.now.Add(-30 * time.Second))); !errors.Is(err, access.ErrRefused) {
		t.Errorf("the code before one that was used: %v", err)
	}
	if err := try(code(h.now.Add(30 * time.Second))); err != nil {
		t.Errorf("the next code: %v", err)
	}
	if _, err := h.signIn("192.0.2.1", access.Credentials{Name: "ana", Password: "wrong-horse-battery", Code: code(h.now.Add(time.Minute))}); !errors.Is(err, access.ErrRefused) {
		t.Errorf("a right code with a wrong password: %v", err)
	}
	key, err := access.SecondFactor("ana", "")
	if err != nil || len(key.Secret()) < 32 || !strings.HasPrefix(key.URL(), "otpauth://totp/Bulkhead:ana?") {
		t.Errorf("a new key: %v, %v", key, err)
	}
	if again, err := access.SecondFactor("ana", key.Secret()); err != nil || again.Secret() != key.Secret() {
		t.Errorf("the same key again: %v, %v", again, err)
	}
}

// While there is nobody, who has the link of the log makes the first account,
// once; nobody else does.
func TestFirstRun(t *testing.T) {
	h := newHouse(t, nil)
	link, err := h.door.FirstRun(t.Context())
	if err != nil || len(link) < 20 {
		t.Fatalf("the link is %q, %v", link, err)
	}
	r := from("127.0.0.1")
	for _, secret := range []string{"", "x", link[1:], link + "x"} {
		if _, err := h.door.SetUp(r, secret, "eve", password); !errors.Is(err, access.ErrRefused) {
			t.Errorf("with the secret %q: %v", secret, err)
		}
	}
	for _, weak := range []string{"", "short", "aaaaaaaaaaaaaaaa", "ana-12345678"[:11], strings.Repeat("abcdefgh", 100)} {
		if _, err := h.door.SetUp(r, link, "ana", weak); !errors.Is(err, access.ErrWeak) || weak != "" && strings.Contains(err.Error(), weak) {
			t.Errorf("with the password %.20q: %v", weak, err)
		}
	}
	cookie, err := h.door.SetUp(r, link, "ana", password)
	if err != nil {
		t.Fatal(err)
	}
	if p := h.who(cookie); p.Name != "ana" || p.Role != access.Chief {
		t.Errorf("the first account is %+v", p)
	}
	if _, err := h.door.SetUp(r, link, "eve", password); !errors.Is(err, access.ErrRefused) {
		t.Errorf("the link again: %v", err)
	}
	if link, err := h.door.FirstRun(t.Context()); link != "" || err != nil {
		t.Errorf("with an account the link is %q, %v", link, err)
	}
}

// A token acts for its person with the rights it was given, until it ends, is
// revoked, or the person may no more.
func TestTokens(t *testing.T) {
	h := newHouse(t, nil)
	h.add("ana", access.Reviewer, "")
	id, token, hash := access.NewToken()
	err := h.store.AddToken(t.Context(), quarantine.APIToken{ID: id, Hash: hash, Name: "ana", Role: "admin", Scope: []string{"scan", "admin"}, Ends: h.now.Add(time.Hour)}, "ana")
	if err != nil {
		t.Fatal(err)
	}
	who := func(header string) access.Person {
		t.Helper()
		r := from("192.0.2.1")
		r.Header.Set("Authorization", header)
		p, err := h.door.Identify(r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := who("bearer " + token)
	if p.Name != "ana" || p.Role != access.Reviewer || !p.May(access.Scan) || p.May(access.IncidentList) || p.May(access.Admin) {
		t.Errorf("the token is of %+v", p)
	}
	for _, wrong := range []string{"Bearer", "Bearer ", "Bearer " + token + "x", "Basic " + token, "Bearer " + token[:len(token)-1], "Bearer x"} {
		if p := who(wrong); p.Name != "" {
			t.Errorf("%q is of %+v", wrong, p)
		}
	}
	h.now = h.now.Add(2 * time.Hour)
	if p := who("Bearer " + token); p.Name != "" {
		t.Error("a token that has ended lets in")
	}
	h.now = h.now.Add(-2 * time.Hour)
	h.change("ana", func(a *quarantine.Account) { a.Disabled = true })
	if p := who("Bearer " + token); p.Name != "" {
		t.Error("the token of a disabled account lets in")
	}
	h.change("ana", func(a *quarantine.Account) { a.Disabled = false })
	if err := h.store.RevokeToken(t.Context(), id, "ben", "ben"); !errors.Is(err, quarantine.ErrNoAccount) {
		t.Errorf("ben revokes ana's token: %v", err)
	}
	if err := h.store.RevokeToken(t.Context(), id, "ana", "ana"); err != nil {
		t.Fatal(err)
	}
	if p := who("Bearer " + token); p.Name != "" {
		t.Error("a revoked token lets in")
	}
}

// Only a proxy that is trusted, and from where it is, says who somebody is.
func TestTrustedProxy(t *testing.T) {
	h := newHouse(t, func(c *access.Config) {
		c.Proxy = access.TrustedProxy{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/29")}, User: "X-User", Groups: "X-Groups",
			Roles: access.Roster{Groups: map[string]access.Role{"dlp": access.Reviewer, "security": access.Chief}, Default: access.Viewer}}
	})
	for name, x := range map[string]struct {
		client string
		users  []string
		groups []string
		want   access.Person
	}{
		"in a group":            {"192.0.2.1", []string{"ana"}, []string{"staff, dlp"}, access.Person{Name: "ana", Role: access.Reviewer, Method: access.Proxy}},
		"in two, in two fields": {"192.0.2.1", []string{"ana"}, []string{"dlp", "security"}, access.Person{Name: "ana", Role: access.Chief, Method: access.Proxy}},
		"in none":               {"192.0.2.1", []string{"ana"}, nil, access.Person{Name: "ana", Role: access.Viewer, Method: access.Proxy}},
		"no name":               {"192.0.2.1", []string{" "}, nil, access.Person{}},
		"two names":             {"192.0.2.1", []string{"ana", "eve"}, nil, access.Person{}},
		"a name that cannot be": {"192.0.2.1", []string{strings.Repeat("a", 300)}, nil, access.Person{}},
		"another place":         {"192.0.2.9", []string{"ana"}, []string{"security"}, access.Person{}},
	} {
		r := from(x.client)
		r.Header["X-User"], r.Header["X-Groups"] = x.users, x.groups
		p, err := h.door.Identify(r)
		if err != nil || p.Name != x.want.Name || p.Role != x.want.Role || p.Method != x.want.Method {
			t.Errorf("%s: %+v, %v; want %+v", name, p, err, x.want)
		}
	}
	if link, err := h.door.FirstRun(t.Context()); link != "" || err != nil {
		t.Errorf("with a proxy that logs people in there is a first-run link, %v", err)
	}
}
