package index

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
)

// ReadKey reads a key file.
func ReadKey(path string) (keyed.Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return keyed.Secret{}, fmt.Errorf("key file: %w", err)
	}
	secret, err := keyed.Parse(text)
	if err != nil {
		return secret, fmt.Errorf("key file %s: %w", path, err)
	}
	return secret, nil
}

// MakeKey makes a new key and its file, with mode 0600. It never replaces one.
func MakeKey(path string) (keyed.Secret, error) {
	var secret keyed.Secret
	rand.Read(secret[:]) // never fails since Go 1.24
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return secret, fmt.Errorf("key file: %w", err)
	}
	_, err = file.Write(secret.Text())
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return secret, fmt.Errorf("key file %s: %w", path, err)
	}
	return secret, nil
}

// OpenKey reads a key file, or makes it if there is none.
func OpenKey(path string) (secret keyed.Secret, made bool, err error) {
	secret, err = ReadKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret, err = MakeKey(path)
		return secret, err == nil, err
	}
	return secret, false, err
}

// OpenToOthers reports whether a key file can be read by everybody on the
// machine.
func OpenToOthers(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o004 != 0
}
