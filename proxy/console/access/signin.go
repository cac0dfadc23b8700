package access

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// Credentials are what somebody types to log in.
type Credentials struct {
	Name, Password string
	Code           string // of the second factor, where there is one
}

// SignIn lets somebody in by a password, and gives the session's cookie. The
// error is [ErrRefused] or [ErrLimited] where it does not.
func (d *Door) SignIn(r *http.Request, c Credentials) (*http.Cookie, error) {
	client, account := network(d.clientOf(r)), accountKey(c.Name)
	now := d.cfg.Now()
	if wait, ok := d.byClient.begin(client, now); !ok {
		d.cfg.Tried(Password, "limited")
		return nil, &LimitedError{wait}
	}
	refused := false
	defer func() { d.byClient.end(client, now, refused) }()
	if wait, ok := d.byAccount.begin(account, now); !ok {
		d.cfg.Tried(Password, "limited")
		return nil, &LimitedError{wait}
	}
	defer func() { d.byAccount.end(account, now, refused) }()
	a, err := d.check(r.Context(), c)
	if refused = errors.Is(err, ErrRefused); refused {
		d.cfg.Tried(Password, "refused")
	}
	if err != nil {
		return nil, err
	}
	d.byAccount.forget(account, now)
	return d.begin(r, Person{Name: a.Name, Role: Role(a.Role), Method: Password})
}

// accountKey is what failures to log in to an account are counted by: of one
// size, whatever somebody types.
func accountKey(name string) string { return string(sum(strings.ToLower(name))) }

// check compares what somebody types with their account.
func (d *Door) check(ctx context.Context, c Credentials) (quarantine.Account, error) {
	a, err := d.cfg.Keeper.Account(ctx, c.Name)
	known := err == nil && !a.Disabled
	if err != nil && !errors.Is(err, quarantine.ErrNoAccount) {
		return a, fmt.Errorf("log-in: %w", err)
	}
	hash := nobodysHash
	if known {
		hash = a.Password
	}
	right, err := d.matches(ctx, c.Password, hash)
	if err != nil {
		return a, fmt.Errorf("log-in: %w", err)
	}
	if !known || !right {
		return a, ErrRefused
	}
	if a.TOTP == "" {
		return a, nil
	}
	return a, d.checkCode(ctx, &a, c.Code)
}

// matches compares a password with a hash, a few at once.
func (d *Door) matches(ctx context.Context, password, hash string) (bool, error) {
	if len(password) > PasswordMost {
		return false, nil
	}
	select {
	case d.hashing <- struct{}{}:
		defer func() { <-d.hashing }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return argon2id.ComparePasswordAndHash(password, hash)
}

// What apps for second factors make: six digits of HMAC-SHA-1 for each 30
// seconds (RFC 6238).
const (
	period = 30
	digits = otp.DigitsSix
)

// checkCode compares a code with those of now, of the step before and of the
// next one, and takes each once.
func (d *Door) checkCode(ctx context.Context, a *quarantine.Account, code string) error {
	step, right := stepOf(a.TOTP, code, d.cfg.Now())
	if !right {
		return ErrRefused
	}
	err := d.cfg.Keeper.UseStep(ctx, a.Name, step)
	if errors.Is(err, quarantine.ErrExists) {
		return ErrRefused
	}
	if err != nil {
		return fmt.Errorf("log-in: %w", err)
	}
	return nil
}

// stepOf finds the time step that a code is of.
func stepOf(secret, code string, now time.Time) (step int64, right bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	for _, skew := range []int64{0, -1, 1} {
		at := now.Add(time.Duration(skew) * period * time.Second)
		want, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{Period: period, Digits: digits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return at.Unix() / period, true
		}
	}
	return 0, false
}

// SecondFactor makes a key for an app of a secret in base32, with "" of a new
// one. Its URL is what the app reads (Google Authenticator's key format).
func SecondFactor(name, secret string) (*otp.Key, error) {
	o := totp.GenerateOpts{Issuer: "Bulkhead", AccountName: name, Period: period, Digits: digits}
	if secret != "" {
		var err error
		if o.Secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil {
			return nil, fmt.Errorf("second factor: the key is not base32: %w", err)
		}
	}
	key, err := totp.Generate(o)
	if err != nil {
		return nil, fmt.Errorf("second factor: %w", err)
	}
	return key, nil
}

// Again lets somebody in anew who is logged in, after a change of their account
// has ended their sessions.
func (d *Door) Again(r *http.Request, p Person) (*http.Cookie, error) { return d.begin(r, p) }

// IsCode reports whether a code is one of a secret's now, before the secret is
// put to use.
func (d *Door) IsCode(secret, code string) bool {
	_, right := stepOf(secret, code, d.cfg.Now())
	return right
}

// ConfirmPassword reports whether a password is that of an account: before it is
// changed, or a second factor is. The error is [ErrRefused] where it is not, and
// counts as a log-in that failed.
func (d *Door) ConfirmPassword(r *http.Request, name, password string) error {
	account, now := accountKey(name), d.cfg.Now()
	if wait, ok := d.byAccount.begin(account, now); !ok {
		return &LimitedError{wait}
	}
	refused := false
	defer func() { d.byAccount.end(account, now, refused) }()
	a, err := d.cfg.Keeper.Account(r.Context(), name)
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	right, err := d.matches(r.Context(), password, a.Password)
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	if refused = !right; refused {
		return ErrRefused
	}
	return nil
}

// FirstRun gives the secret of the first-run link while there is nobody who
// could log in; "" else.
func (d *Door) FirstRun(ctx context.Context) (string, error) {
	if d.cfg.OIDC != nil || d.cfg.Proxy.configured() {
		return "", nil
	}
	has, err := d.cfg.Keeper.HasAccounts(ctx)
	if err != nil || has {
		return "", err
	}
	return d.first, nil
}

// SetUp makes the first account, which is an admin, for somebody who has the
// secret of the first-run link, and lets them in. The error is [ErrRefused]
// without it, or where there is an account already, and [ErrWeak].
func (d *Door) SetUp(r *http.Request, secret, name, password string) (*http.Cookie, error) {
	want, err := d.FirstRun(r.Context())
	if err != nil {
		return nil, err
	}
	if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(secret)) != 1 {
		return nil, ErrRefused
	}
	hash, err := HashPassword(name, password)
	if err != nil {
		return nil, err
	}
	err = d.cfg.Keeper.AddFirstAccount(r.Context(), quarantine.Account{Name: name, Role: string(Chief), Password: hash})
	if errors.Is(err, quarantine.ErrExists) {
		return nil, ErrRefused
	}
	if err != nil {
		return nil, err
	}
	return d.begin(r, Person{Name: name, Role: Chief, Method: Password})
}
