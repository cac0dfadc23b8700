package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// What callers decide by.
var (
	// ErrNoIdentity: the private key is not here.
	ErrNoIdentity = errors.New("the private key is not here")
	// ErrWrongIdentity: the private key that is here fits another store, or
	// is one that was replaced.
	ErrWrongIdentity = errors.New("the private key does not fit")
	// ErrBroken: what was sealed has been changed or is something else.
	ErrBroken = errors.New("sealed record does not open")
)

// Recipient is a public key. The zero value is none.
type Recipient struct{ key *age.X25519Recipient }

// ParseRecipient reads a public key as age writes it: "age1…", in Bech32.
func ParseRecipient(s string) (Recipient, error) {
	key, err := age.ParseX25519Recipient(strings.TrimSpace(s))
	if err != nil {
		// Its cause quotes what was given, which may be the private key.
		return Recipient{}, errors.New("want a public key such as age-keygen prints, age1…")
	}
	return Recipient{key}, nil
}

// String gives the public key as age writes it, "" for none.
func (r Recipient) String() string {
	if r.key == nil {
		return ""
	}
	return r.key.String()
}

// Identity is one private key or several: the first is in use, the others open
// what was sealed before it was. The zero value is none, and opens nothing.
type Identity struct {
	keys []age.Identity
	to   Recipient
	text string
}

// NewIdentity makes a private key.
func NewIdentity() (Identity, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return Identity{}, fmt.Errorf("make a private key: %w", err)
	}
	return Identity{[]age.Identity{key}, Recipient{key.Recipient()}, key.String()}, nil
}

// ParseIdentity reads a file of private keys as age-keygen writes it: one a
// line, comments after "#". The first must be of X25519.
func ParseIdentity(r io.Reader) (Identity, error) {
	keys, err := age.ParseIdentities(r)
	if err != nil {
		// Its cause may quote a damaged key.
		return Identity{}, errors.New("no private keys that can be read: want lines of AGE-SECRET-KEY-1…, as age-keygen writes them")
	}
	first, ok := keys[0].(*age.X25519Identity)
	if !ok {
		return Identity{}, errors.New("the first private key is not an X25519 one: want AGE-SECRET-KEY-1…")
	}
	return Identity{keys, Recipient{first.Recipient()}, first.String()}, nil
}

// File gives the text of a key file with the first private key.
func (i Identity) File() string {
	return "# The private key of a Bulkhead quarantine. Who has it can read held mail.\n" +
		"# public key: " + i.to.String() + "\n" + i.text + "\n"
}

// Recipient is the public half of the first private key.
func (i Identity) Recipient() Recipient { return i.to }

// None reports whether there is no private key.
func (i Identity) None() bool { return len(i.keys) == 0 }

// Unwrap gives the key that [NewKey] wrapped. Errors are [ErrNoIdentity],
// [ErrWrongIdentity] and [ErrBroken].
func (i Identity) Unwrap(wrapped []byte) (Key, error) {
	if i.None() {
		return Key{}, ErrNoIdentity
	}
	r, err := age.Decrypt(bytes.NewReader(wrapped), i.keys...)
	var foreign *age.NoIdentityMatchError
	if errors.As(err, &foreign) {
		return Key{}, ErrWrongIdentity
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, keySize+1))
	if err != nil || len(plain) != keySize {
		return Key{}, errors.Join(ErrBroken, err)
	}
	return newKey(plain)
}
