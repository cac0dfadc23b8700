package quarantine

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// Names are those that the audit trail can have, and one whatever the capitals.
func TestAccountNames(t *testing.T) {
	t.Parallel()
	s, err := openIn(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for name, want := range map[string]error{
		"ana": nil, "ben@office.example": nil, "Zoë Ångström": nil, strings.Repeat("n", 200): nil,
		"": ErrInvalid, " ana": ErrInvalid, "a\nb": ErrInvalid, "a\x00": ErrInvalid, "\xff": ErrInvalid, "a\u202eb": ErrInvalid,
		strings.Repeat("n", 201): ErrInvalid, "bulkhead": ErrInvalid, "Bulkhead": ErrInvalid,
	} {
		if err := s.AddAccount(t.Context(), Account{Name: name, Role: "viewer", Password: "h"}, "test"); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%.30q: %v, want %v", name, err, want)
		}
	}
	if err := s.AddAccount(t.Context(), Account{Name: "ANA", Role: "viewer", Password: "h"}, "test"); !errors.Is(err, ErrExists) {
		t.Errorf("ANA beside ana: %v", err)
	}
	if err := s.AddFirstAccount(t.Context(), Account{Name: "eve", Role: "admin", Password: "h"}); !errors.Is(err, ErrExists) {
		t.Errorf("a first account beside others: %v", err)
	}
	if _, err := s.Account(t.Context(), "nobody"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("nobody: %v", err)
	}
}

// What is done to accounts and tokens is in the audit trail, by whom, and without
// any secret.
func TestAccountsAreAudited(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, err := openIn(ctx, t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.AddFirstAccount(ctx, Account{Name: "ana", Role: "admin", Password: "hash-1"}))
	must(s.AddAccount(ctx, Account{Name: "ben", Role: "viewer", Password: "hash-2"}, "ana"))
	must(s.ChangeAccount(ctx, "BEN", "ana", func(a *Account, _ []Account) error {
		a.Role, a.Password, a.TOTP, a.Disabled = "reviewer", "hash-3", "totp-secret", true
		return nil
	}))
	must(s.ChangeAccount(ctx, "ben", "ana", func(*Account, []Account) error { return nil })) // nothing
	must(s.BeginSession(ctx, Session{Hash: []byte("cookie-hash"), Name: "ana", Role: "admin", Method: "password", Ends: time.Now().Add(time.Hour)}))
	must(s.AddToken(ctx, APIToken{ID: "t1", Hash: []byte("token-hash"), Name: "ben", Role: "viewer", Scope: []string{"scan"}, Label: "night", Ends: time.Now().Add(time.Hour)}, "ana"))
	must(s.RevokeToken(ctx, "t1", "", "ana"))
	page, err := s.AuditLog(ctx, AuditLogQuery{})
	must(err)
	var acts []Act
	for _, e := range slices.Backward(page.Entries) {
		acts = append(acts, e.Act)
		if e.By != "ana" {
			t.Errorf("%s is by %q", e.Act, e.By)
		}
	}
	if want := []Act{ActAccountAdded, ActAccountAdded, ActAccountChanged, ActSignedIn, ActTokenMade, ActTokenRevoked}; !slices.Equal(acts, want) {
		t.Errorf("the trail has %v, want %v", acts, want)
	}
	changed := page.Entries[3].Detail
	if changed.Account != "ben" || changed.Role != "reviewer" || !slices.Equal(changed.Changed, []string{"password", "second_factor", "disabled"}) {
		t.Errorf("the change is told as %+v", changed)
	}
	all, err := s.writer.QueryContext(ctx, "SELECT detail || reason || message FROM audit")
	must(err)
	defer func() { _ = all.Close() }()
	for all.Next() {
		var text string
		must(all.Scan(&text))
		for _, secret := range []string{"hash", "totp-secret"} {
			if strings.Contains(text, secret) {
				t.Errorf("the trail has a secret: %s", text)
			}
		}
	}
	must(all.Err())
}

// Somebody who asks without a session, as by a token, ends all of theirs.
func TestAllSessionsEnd(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	for _, hash := range []string{"one", "two"} {
		if err := s.BeginSession(t.Context(), Session{Hash: []byte(hash), Name: "ana", Role: "viewer", Method: "sso", Ends: s.now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	left := func() int {
		all, err := s.Sessions(t.Context(), "ana")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if err := s.EndSessions(t.Context(), "ana", []byte("two")); err != nil || left() != 1 {
		t.Errorf("%d are left, %v; want the one that was kept", left(), err)
	}
	if err := s.EndSessions(t.Context(), "ana", nil); err != nil || left() != 0 {
		t.Errorf("%d are left, %v; want none", left(), err)
	}
}
