package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Config is what a Door is made of.
type Config struct {
	Keeper Keeper
	// Idle ends a session that nobody uses, Longest any.
	Idle, Longest time.Duration
	Proxy         TrustedProxy
	OIDC          *OpenID // nil without
	Now           func() time.Time
	// Tried counts log-ins, by method and result: ok, refused or limited; nil:
	// nobody counts.
	Tried func(m Method, result string)
}

// What callers decide by. None says whether there is such an account.
var (
	// ErrRefused: the name, the password or the code is wrong.
	ErrRefused = errors.New("name, password or code is wrong")
	// ErrLimited: too many log-ins have failed.
	ErrLimited = errors.New("too many log-ins have failed")
)

// LimitedError is ErrLimited with the time to wait.
type LimitedError struct{ Wait time.Duration }

// Error implements error.
func (e *LimitedError) Error() string {
	return fmt.Sprintf("%v; try again in %s", ErrLimited, e.Wait.Round(time.Second))
}

// Unwrap implements errors.
func (e *LimitedError) Unwrap() error { return ErrLimited }

// Door lets people in.
type Door struct {
	cfg       Config
	byClient  *failures
	byAccount *failures
	// hashing holds one entry for each password that is being hashed: each takes
	// 64 MiB.
	hashing chan struct{}
	first   string // the secret of the first-run link
}

// hashedAtOnce bounds the passwords that are hashed at once.
const hashedAtOnce = 2

// New makes a door.
func New(cfg Config) *Door {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Tried == nil {
		cfg.Tried = func(Method, string) {}
	}
	return &Door{cfg: cfg, byClient: newFailures(failuresOfClient), byAccount: newFailures(failuresOfAccount),
		hashing: make(chan struct{}, hashedAtOnce), first: rand.Text()}
}

// CookieName is that of the cookie that a session has.
const CookieName = "bulkhead_session"

// Identify tells who asks: by a bearer token, a session's cookie, or the header
// of a trusted proxy. Nobody is the zero Person. The error means that it cannot
// be told now.
func (d *Door) Identify(r *http.Request) (Person, error) {
	if token, is := bearer(r); is {
		return d.byToken(r.Context(), token)
	}
	if p, is := d.cfg.Proxy.person(r); is {
		return p, nil
	}
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return Person{}, nil
	}
	return d.bySession(r.Context(), cookie.Value)
}

func bearer(r *http.Request) (string, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// touchEvery is how exact the time of the last use is.
const touchEvery = time.Minute

func (d *Door) bySession(ctx context.Context, cookie string) (Person, error) {
	hash := sum(cookie)
	x, err := d.cfg.Keeper.Session(ctx, hash)
	if errors.Is(err, quarantine.ErrNoAccount) {
		return Person{}, nil
	}
	if err != nil {
		return Person{}, fmt.Errorf("session: %w", err)
	}
	now := d.cfg.Now()
	if now.Sub(x.Seen) >= touchEvery {
		if err := d.cfg.Keeper.TouchSession(ctx, hash, d.ends(x.Created, now)); err != nil {
			return Person{}, fmt.Errorf("session: %w", err)
		}
	}
	return Person{Name: x.Name, Role: Role(x.Role), Method: Method(x.Method)}, nil
}

// ends is when a session ends that was begun and used at these times.
func (d *Door) ends(begun, used time.Time) time.Time {
	idle, longest := used.Add(d.cfg.Idle), begun.Add(d.cfg.Longest)
	if longest.Before(idle) {
		return longest
	}
	return idle
}

func (d *Door) byToken(ctx context.Context, token string) (Person, error) {
	if !strings.HasPrefix(token, tokenPrefix) {
		return Person{}, nil
	}
	t, err := d.cfg.Keeper.Token(ctx, sum(token))
	if errors.Is(err, quarantine.ErrNoAccount) {
		d.cfg.Tried(Token, "refused")
		return Person{}, nil
	}
	if err != nil {
		return Person{}, fmt.Errorf("token: %w", err)
	}
	if d.cfg.Now().Sub(t.Used) >= touchEvery {
		if err := d.cfg.Keeper.TouchToken(ctx, t.ID); err != nil {
			return Person{}, fmt.Errorf("token: %w", err)
		}
	}
	scope := []Right{}
	for _, right := range t.Scope {
		scope = append(scope, Right(right))
	}
	return Person{Name: t.Name, Role: Role(t.Role), Method: Token, Scope: scope}, nil
}

// begin begins a session and gives its cookie.
func (d *Door) begin(r *http.Request, p Person) (*http.Cookie, error) {
	secret := rand.Text() + rand.Text()
	now := d.cfg.Now()
	x := quarantine.Session{Hash: sum(secret), Name: p.Name, Role: string(p.Role), Method: string(p.Method), Ends: d.ends(now, now)}
	if err := d.cfg.Keeper.BeginSession(r.Context(), x); err != nil {
		return nil, err
	}
	d.cfg.Tried(p.Method, "ok")
	return d.cookie(r, secret, int(d.cfg.Longest.Seconds())), nil
}

// cookie makes the session's cookie; a negative age removes it. Lax, so that a
// link in a notice opens what it names; nothing is changed by a GET.
func (d *Door) cookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{Name: CookieName, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: overTLS(r), SameSite: http.SameSiteLaxMode}
}

// overTLS reports whether the browser came by HTTPS, to here or to a proxy. A
// client that says so falsely makes its own cookie stricter.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// SignOut ends the session of a request, and gives the cookie that removes its
// cookie.
func (d *Door) SignOut(r *http.Request) (*http.Cookie, error) {
	if cookie, err := r.Cookie(CookieName); err == nil {
		if err := d.cfg.Keeper.EndSession(r.Context(), sum(cookie.Value)); err != nil {
			return nil, fmt.Errorf("ending a session: %w", err)
		}
	}
	return d.cookie(r, "", -1), nil
}

// SessionHash is what the Keeper knows the session of a request by; nil where it
// has none.
func SessionHash(r *http.Request) []byte {
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return nil
	}
	return sum(cookie.Value)
}

// sum is what is stored of a secret that is random and long, and so needs no
// salt.
func sum(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}

// clientOf is the address that a request came from, behind a trusted proxy the
// last that it names. Some proxies add theirs as a field of its own, behind what
// the client has sent.
func (d *Door) clientOf(r *http.Request) netip.Addr {
	client := remote(r)
	if !d.cfg.Proxy.trusts(client) {
		return client
	}
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if named, err := netip.ParseAddr(strings.TrimSpace(forwarded[len(forwarded)-1])); err == nil {
		return named
	}
	return client
}

func remote(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(host) // the zero address where there is none
	return addr.Unmap()
}

// tokenPrefix begins each API token, so that scanners for lost secrets know one.
const tokenPrefix = "bulkhead_"

// NewToken makes an API token, and what is stored of it.
func NewToken() (id, token string, hash []byte) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails, since Go 1.24
	id = strings.ToLower(rand.Text()[:8])
	token = tokenPrefix + id + "_" + base64.RawURLEncoding.EncodeToString(secret)
	return id, token, sum(token)
}
