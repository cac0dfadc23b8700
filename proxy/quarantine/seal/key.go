package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"filippo.io/age"
)

const (
	keySize = 32 // AES-256
	tagSize = 16

	// Overhead is how many bytes a sealed record is longer than its plain
	// text: a nonce of 12 and a tag of 16.
	Overhead = 12 + tagSize
)

// Key seals records with AES-256-GCM under random nonces (NIST SP 800-38D),
// which is good for 2^32 records. Its methods may be called at once.
type Key struct{ aead cipher.AEAD }

// NewKey makes a key, and its form that only the recipient's private key
// unwraps: some 230 bytes.
func NewKey(to Recipient) (Key, []byte, error) {
	if to.key == nil {
		return Key{}, nil, errors.New("no public key to seal to")
	}
	plain := make([]byte, keySize)
	rand.Read(plain) // never fails
	var wrapped bytes.Buffer
	w, err := age.Encrypt(&wrapped, to.key)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return Key{}, nil, fmt.Errorf("wrap a key: %w", err)
	}
	key, err := newKey(plain)
	return key, wrapped.Bytes(), err
}

// KeyOf gives the key that 32 bytes are, for what whoever has them may read.
func KeyOf(plain []byte) (Key, error) { return newKey(plain) }

func newKey(plain []byte) (Key, error) {
	block, err := aes.NewCipher(plain)
	if err != nil {
		return Key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Key{aead}, err
}

// Seal appends the sealed form of plain to dst. what names the record and is
// needed to open it.
func (k Key) Seal(dst, plain []byte, what string) []byte {
	return k.aead.Seal(dst, nil, plain, []byte(what))
}

// Open gives the plain text, or [ErrBroken].
func (k Key) Open(sealed []byte, what string) ([]byte, error) {
	plain, err := k.aead.Open(nil, nil, sealed, []byte(what))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, ErrBroken)
	}
	return plain, nil
}

// OnceKey seals one record, ever: it has no nonce.
type OnceKey [keySize]byte

// NewOnceKey makes a key at random.
func NewOnceKey() OnceKey {
	var k OnceKey
	rand.Read(k[:]) // never fails
	return k
}

// Seal appends the sealed form of plain to dst: 16 bytes more.
func (k OnceKey) Seal(dst, plain []byte) []byte {
	aead := k.aead()
	return aead.Seal(dst, make([]byte, aead.NonceSize()), plain, nil)
}

// Open appends the plain text to dst, or gives [ErrBroken].
func (k OnceKey) Open(dst, sealed []byte) ([]byte, error) {
	aead := k.aead()
	plain, err := aead.Open(dst, make([]byte, aead.NonceSize()), sealed, nil)
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}

func (k OnceKey) aead() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // only for another length of key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for another size of block
	}
	return aead
}
