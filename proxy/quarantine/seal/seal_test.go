package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine/seal"
)

func identity(t testing.TB) seal.Identity {
	t.Helper()
	id, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newKey(t testing.TB, to seal.Recipient) (seal.Key, []byte) {
	t.Helper()
	key, wrapped, err := seal.NewKey(to)
	if err != nil {
		t.Fatal(err)
	}
	return key, wrapped
}

func TestOnlyTheIdentityOpensWhatWasSealed(t *testing.T) {
	id := identity(t)
	to, err := seal.ParseRecipient(id.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	key, wrapped := newKey(t, to)
	const plain = "ana@example.org"
	sealed := key.Seal([]byte("before"), []byte(plain), "message 1")
	if bytes.Contains(sealed, []byte("ana")) || len(sealed) != len("before")+len(plain)+seal.Overhead {
		t.Errorf("sealed as %q", sealed)
	}
	sealed = sealed[len("before"):]

	saved, err := seal.ParseIdentity(strings.NewReader(id.File()))
	if err != nil {
		t.Fatal(err)
	}
	again, err := saved.Unwrap(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, "message 1"); err != nil || string(got) != plain {
		t.Errorf("opens as %q, %v", got, err)
	}
	if _, err := again.Open(sealed, "message 2"); !errors.Is(err, seal.ErrBroken) {
		t.Errorf("opens in another's place: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := again.Open(changed, "message 1"); !errors.Is(err, seal.ErrBroken) {
			t.Fatalf("opens with byte %d changed: %v", i, err)
		}
	}
	if _, err := identity(t).Unwrap(wrapped); !errors.Is(err, seal.ErrWrongIdentity) {
		t.Errorf("another's private key: %v", err)
	}
	if _, err := (seal.Identity{}).Unwrap(wrapped); !errors.Is(err, seal.ErrNoIdentity) {
		t.Errorf("no private key: %v", err)
	}
	if _, err := id.Unwrap(wrapped[:len(wrapped)-1]); !errors.Is(err, seal.ErrBroken) {
		t.Errorf("a key cut off: %v", err)
	}
}

// A key is replaced by writing the new one before the old.
func TestOldKeysStillOpen(t *testing.T) {
	old, now := identity(t), identity(t)
	_, wrapped := newKey(t, old.Recipient())
	both, err := seal.ParseIdentity(strings.NewReader(now.File() + old.File()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := both.Unwrap(wrapped); err != nil {
		t.Error(err)
	}
	if both.Recipient().String() != now.Recipient().String() {
		t.Error("the first private key is not the one in use")
	}
}

func TestNothingIsSealedToNobody(t *testing.T) {
	if _, _, err := seal.NewKey(seal.Recipient{}); err == nil {
		t.Error("a key is wrapped to nobody")
	}
	for _, bad := range []string{"", "age1", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1"} {
		if _, err := seal.ParseRecipient(bad); err == nil || !strings.Contains(err.Error(), "age1…") {
			t.Errorf("%q: %v", bad, err)
		}
		if _, err := seal.ParseIdentity(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is a private key", bad)
		}
	}
}

func TestOnceKeysOpenTheirOwnRecordOnly(t *testing.T) {
	one, two := seal.NewOnceKey(), seal.NewOnceKey()
	sealed := one.Seal(nil, []byte("content"))
	if got, err := one.Open(nil, sealed); err != nil || string(got) != "content" {
		t.Errorf("opens as %q, %v", got, err)
	}
	if _, err := two.Open(nil, sealed); !errors.Is(err, seal.ErrBroken) {
		t.Errorf("opens with another key: %v", err)
	}
}

func TestIndexesKeepPurposesAndSecretsApart(t *testing.T) {
	seen := map[[seal.SumSize]byte]string{}
	for _, secret := range []string{strings.Repeat("a", seal.SecretSize), strings.Repeat("b", seal.SecretSize)} {
		for _, purpose := range []string{"addresses", "chunks"} {
			x, err := seal.NewIndex([]byte(secret), purpose)
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range []string{"", "a@b.example", "c@b.example"} {
				sum := x.Sum([]byte(value))
				if sum != x.Sum([]byte(value)) {
					t.Errorf("%q has two hashes", value)
				}
				name := fmt.Sprintf("%.1s %s %q", secret, purpose, value)
				if before, ok := seen[sum]; ok {
					t.Errorf("%s and %s have one hash", before, name)
				}
				seen[sum] = name
			}
		}
	}
	if _, err := seal.NewIndex([]byte("short"), "chunks"); err == nil {
		t.Error("a short secret is taken")
	}
}

func BenchmarkWrapKey(b *testing.B) {
	to := identity(b).Recipient()
	for b.Loop() {
		newKey(b, to)
	}
}

func BenchmarkUnwrapKey(b *testing.B) {
	id := identity(b)
	_, wrapped := newKey(b, id.Recipient())
	for b.Loop() {
		if _, err := id.Unwrap(wrapped); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealRecord(b *testing.B) {
	key, _ := newKey(b, identity(b).Recipient())
	plain := make([]byte, 500)
	for b.Loop() {
		key.Seal(nil, plain, "message BH-0000-0000")
	}
}
