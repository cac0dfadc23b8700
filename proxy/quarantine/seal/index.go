package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
)

// SecretSize is the length of an index's secret in bytes.
const SecretSize = 32

// SumSize is the length of a keyed hash in bytes.
const SumSize = sha256.Size

// Index makes keyed hashes (HMAC-SHA-256, RFC 2104). Its methods may be called
// at once.
type Index struct{ key []byte }

// NewIndex gives the index of one purpose. Equal values have other hashes in
// the index of another purpose (HKDF, RFC 5869).
func NewIndex(secret []byte, purpose string) (Index, error) {
	if len(secret) != SecretSize {
		return Index{}, fmt.Errorf("the secret has %d bytes, want %d", len(secret), SecretSize)
	}
	key, err := hkdf.Expand(sha256.New, secret, "bulkhead index of "+purpose, sha256.Size)
	return Index{key}, err
}

// Sum gives the keyed hash of a value.
func (x Index) Sum(value []byte) [SumSize]byte { return [SumSize]byte(x.hash(value).Sum(nil)) }

// Key gives 32 bytes that depend on the secret, for what else needs a key.
func (x Index) Key() []byte { return x.key }

func (x Index) hash(value []byte) hash.Hash {
	h := hmac.New(sha256.New, x.key)
	h.Write(value)
	return h
}
