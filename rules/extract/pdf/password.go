package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
)

// credentials is what the encryption dictionary says about passwords
// (ISO 32000-2, table 21).
type credentials struct {
	revision   int
	length     int // of the key, in bytes
	owner      []byte
	user       []byte
	userKey    []byte // UE
	permission int
	id         []byte // the first half of the file's ID
	metadata   bool   // metadata is encrypted too
}

func (f *file) credentials(d dict, version, revision int) credentials {
	c := credentials{
		revision: revision, length: f.int(d["Length"], 40) / 8,
		owner: []byte(f.text(d["O"])), user: []byte(f.text(d["U"])), userKey: []byte(f.text(d["UE"])),
		permission: f.int(d["P"], 0), metadata: f.resolve(d["EncryptMetadata"]) != false,
	}
	if p, ok := f.number(d["P"]); ok && p > 1<<31 {
		c.permission = int(int32(uint32(int64(p)))) // written without a sign
	}
	if id := f.array(f.trailer["ID"]); len(id) > 0 {
		c.id = []byte(f.text(id[0]))
	}
	if version == 4 {
		c.length = 16
	}
	if version == 1 || revision == 2 {
		c.length = 5
	}
	c.length = clamp(c.length, 5, 16)
	return c
}

// open returns the file's key if the empty user password opens it.
func (c credentials) open() ([]byte, bool) {
	if c.revision >= 5 {
		return c.open256()
	}
	key := c.key128()
	if len(c.user) < 16 {
		return nil, false
	}
	if c.revision == 2 {
		return key, bytes.Equal(apply(key, 0, padding()), c.user[:min(32, len(c.user))])
	}
	// ISO 32000-2, algorithm 5.
	h := md5.New()
	_, _ = h.Write(padding())
	_, _ = h.Write(c.id)
	check := h.Sum(nil)
	for i := range 20 {
		check = apply(key, byte(i), check)
	}
	return key, bytes.Equal(check, c.user[:16])
}

// padding stands for the empty password (ISO 32000-2, algorithm 2).
func padding() []byte {
	return []byte("\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08" +
		"\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A")
}

// apply encrypts with RC4 under the key, each of its bytes combined with x.
func apply(key []byte, x byte, b []byte) []byte {
	k := make([]byte, len(key))
	for i := range key {
		k[i] = key[i] ^ x
	}
	out := make([]byte, len(b))
	if r, err := rc4.NewCipher(k); err == nil {
		r.XORKeyStream(out, b)
	}
	return out
}

// key128 derives the key of revisions 2 to 4 (ISO 32000-2, algorithm 2).
func (c credentials) key128() []byte {
	h := md5.New()
	_, _ = h.Write(padding())
	_, _ = h.Write(c.owner[:min(32, len(c.owner))])
	_, _ = h.Write(littleEndian(c.permission))
	_, _ = h.Write(c.id)
	if c.revision >= 4 && !c.metadata {
		_, _ = h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	key := h.Sum(nil)
	if c.revision >= 3 {
		for range 50 {
			sum := md5.Sum(key[:c.length])
			key = sum[:]
		}
	}
	return key[:c.length]
}

// open256 opens revisions 5 and 6 (ISO 32000-2, algorithm 2.A).
func (c credentials) open256() ([]byte, bool) {
	if len(c.user) < 48 || len(c.userKey) < 32 {
		return nil, false
	}
	if !bytes.Equal(c.hash(c.user[32:40]), c.user[:32]) {
		return nil, false
	}
	b, err := aes.NewCipher(c.hash(c.user[40:48]))
	if err != nil {
		return nil, false
	}
	key := make([]byte, 32)
	cipher.NewCBCDecrypter(b, make([]byte, aes.BlockSize)).CryptBlocks(key, c.userKey[:32])
	return key, true
}

// hash is algorithm 2.B for the empty user password; revision 5 has only its
// first step.
func (c credentials) hash(salt []byte) []byte {
	sum := sha256.Sum256(salt)
	k := sum[:]
	if c.revision == 5 {
		return k
	}
	for round, last := 0, byte(0); round < 64 || int(last) > round-32; round++ {
		e := bytes.Repeat(k, 64)
		b, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(b, k[16:32]).CryptBlocks(e, e)
		mod := 0
		for _, v := range e[:16] {
			mod += int(v)
		}
		switch mod % 3 {
		case 0:
			s := sha256.Sum256(e)
			k = s[:]
		case 1:
			s := sha512.Sum384(e)
			k = s[:]
		case 2:
			s := sha512.Sum512(e)
			k = s[:]
		}
		last = e[len(e)-1]
	}
	return k[:32]
}
