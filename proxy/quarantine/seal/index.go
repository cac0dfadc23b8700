package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"sync"
)

// SecretSize is the length of an index's secret in bytes.
const SecretSize = 32

// SumSize is the length of a keyed hash in bytes.
const SumSize = sha256.Size

// Index makes keyed hashes (HMAC-SHA-256, RFC 2104). Its methods may be called
// at once.
type Index struct {
	key    []byte
	hashes *sync.Pool // of hash.Hash: the key's part of the work is done in them
}

// NewIndex gives the index of one purpose. Equal values have other hashes in
// the index of another purpose (HKDF, RFC 5869).
func NewIndex(secret []byte, purpose string) (Index, error) {
	if len(secret) != SecretSize {
		return Index{}, fmt.Errorf("the secret has %d bytes, want %d", len(secret), SecretSize)
	}
	key, err := hkdf.Expand(sha256.New, secret, "bulkhead index of "+purpose, sha256.Size)
	return Index{key, &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}, err
}

// Sum gives the keyed hash of a value.
func (x Index) Sum(value []byte) (sum [SumSize]byte) {
	h := x.hashes.Get().(hash.Hash)
	defer x.hashes.Put(h)
	h.Reset()
	h.Write(value)
	h.Sum(sum[:0])
	return sum
}

// Key gives 32 bytes that depend on the secret, for what else needs a key.
func (x Index) Key() []byte { return x.key }
