package access

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
)

// argon2 are the second recommended parameters of RFC 9106, section 4: 64 MiB,
// three passes, four lanes.
var argon2 = argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 4, SaltLength: 16, KeyLength: 32}

// Bounds of passwords. NIST SP 800-63B asks for length and nothing else; the
// upper bound keeps a log-in cheap.
const (
	PasswordLeast = 12  // characters
	PasswordMost  = 256 // bytes
)

// ErrWeak tells that a password may not be used. The error says why, and never
// repeats it.
var ErrWeak = errors.New("choose another password")

// HashPassword makes what is stored of a password that may be used; else the
// error is [ErrWeak].
func HashPassword(name, password string) (string, error) {
	switch {
	case utf8.RuneCountInString(password) < PasswordLeast:
		return "", fmt.Errorf("%w: want at least %d characters", ErrWeak, PasswordLeast)
	case len(password) > PasswordMost:
		return "", fmt.Errorf("%w: want at most %d bytes", ErrWeak, PasswordMost)
	case name != "" && strings.Contains(strings.ToLower(password), strings.ToLower(name)) && len(password) < len(name)+PasswordLeast:
		return "", fmt.Errorf("%w: it has the name in it", ErrWeak)
	case varied(password) < 5:
		return "", fmt.Errorf("%w: it has fewer than five different characters", ErrWeak)
	}
	hash, err := argon2id.CreateHash(password, &argon2)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	return hash, nil
}

// varied counts the different characters of a text.
func varied(text string) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}

// nobodysHash is compared where there is no account, so that its absence cannot
// be told by the time.
const nobodysHash = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
