package console_test

import (
	"context"
	"crypto/sha256"
	"net/http"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// accountsStore keeps accounts apart from the mail of a test.
func accountsStore(t testing.TB) *quarantine.Store {
	t.Helper()
	store, err := quarantine.Open(context.Background(), t.TempDir(), quarantine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() }) // read only by now
	return store
}

func newDoor(store *quarantine.Store) *access.Door {
	return access.New(access.Config{Keeper: store, Idle: time.Hour, Longest: 12 * time.Hour})
}

// session begins one for a person of an account, and gives its cookie.
func session(t testing.TB, store *quarantine.Store, name string, role access.Role) *http.Cookie {
	t.Helper()
	ctx := context.Background()
	if _, err := store.Account(ctx, name); err != nil {
		if err := store.AddAccount(ctx, quarantine.Account{Name: name, Role: string(role), Password: "none"}, "test"); err != nil {
			t.Fatal(err)
		}
	}
	secret := "session of " + name
	hash := sha256.Sum256([]byte(secret))
	x := quarantine.Session{Hash: hash[:], Name: name, Role: string(role), Method: string(access.Password), Ends: time.Now().Add(time.Hour)}
	if err := store.BeginSession(ctx, x); err != nil {
		t.Fatal(err)
	}
	return &http.Cookie{Name: access.CookieName, Value: secret}
}

// signedIn gives requests the cookie of somebody, where they have none.
func signedIn(h http.Handler, cookie *http.Cookie) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie(access.CookieName); err != nil {
			r.AddCookie(cookie)
		}
		h.ServeHTTP(w, r)
	})
}
