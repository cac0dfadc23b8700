package ole

import (
	"bytes"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha1"
	"fmt"
	"unicode/utf16"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// defaultPassword is the one that Excel itself uses, and tries, for workbooks
// that are protected against changes only ([MS-XLS] 2.2.10).
const defaultPassword = "VelvetSweatshop"

// cipherBlock is the number of bytes after which the key changes.
const cipherBlock = 1024

// cipher deciphers the records of a workbook by RC4.
type cipher struct {
	key   func(block uint32) []byte
	block int64
	rc4   *rc4.Cipher
	used  int64 // bytes of the block that the key stream has passed
}

// newCipher returns the cipher that a FILEPASS record describes, if the
// password opens it; else document.ErrEncrypted.
func newCipher(filePass []byte, password string) (*cipher, error) {
	locked := fmt.Errorf("workbook with a password: %w", document.ErrEncrypted)
	if len(filePass) < 6 || le.Uint16(filePass) != 1 {
		return nil, locked // by exclusive or
	}
	var c *cipher
	var verifier, hash []byte
	var sum func([]byte) []byte
	switch body := filePass[6:]; le.Uint16(filePass[2:]) {
	case 1: // [MS-OFFCRYPTO] 2.3.6
		if len(body) < 48 {
			return nil, locked
		}
		c = &cipher{key: md5Key(body[:16], password)}
		verifier, hash = body[16:32], body[32:48]
		sum = func(b []byte) []byte { h := md5.Sum(b); return h[:] }
	case 2, 3, 4: // [MS-OFFCRYPTO] 2.3.5
		if len(body) < 8 {
			return nil, locked
		}
		keyBits := 0
		headerLen := int(le.Uint32(body[4:]))
		if headerLen < 32 || len(body) < 8+headerLen+16+4+16+4+20 {
			return nil, locked
		}
		header, check := body[8:8+headerLen], body[8+headerLen+4:]
		keyBits = int(le.Uint32(header[16:]))
		c = &cipher{key: sha1Key(check[:16], password, keyBits)}
		verifier, hash = check[16:32], check[36:56]
		sum = func(b []byte) []byte { h := sha1.Sum(b); return h[:] }
	default:
		return nil, locked
	}
	stream, err := rc4.NewCipher(c.key(0))
	if err != nil {
		return nil, locked
	}
	plain := make([]byte, len(verifier)+len(hash))
	stream.XORKeyStream(plain, append(bytes.Clone(verifier), hash...))
	if !bytes.Equal(sum(plain[:len(verifier)]), plain[len(verifier):]) {
		return nil, locked
	}
	c.block = -1
	return c, nil
}

// utf16le is the form in which passwords are hashed.
func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

// md5Key derives the keys of the older scheme.
func md5Key(salt []byte, password string) func(uint32) []byte {
	first := md5.Sum(utf16le(password))
	var mixed []byte
	for range 16 {
		mixed = append(append(mixed, first[:5]...), salt...)
	}
	base := md5.Sum(mixed)
	return func(block uint32) []byte {
		key := md5.Sum(le.AppendUint32(bytes.Clone(base[:5]), block))
		return key[:]
	}
}

// sha1Key derives the keys of the scheme with a crypto provider.
func sha1Key(salt []byte, password string, bits int) func(uint32) []byte {
	base := sha1.Sum(append(bytes.Clone(salt), utf16le(password)...))
	if bits == 0 {
		bits = 40
	}
	return func(block uint32) []byte {
		h := sha1.Sum(le.AppendUint32(bytes.Clone(base[:]), block))
		key := h[:min(max(bits/8, 5), 16)]
		if bits == 40 {
			key = append(bytes.Clone(key), make([]byte, 11)...)
		}
		return key
	}
}

// decipher adds the plain data of a record, which stands at the offset in the
// stream. Some records, and a part of one, are never enciphered ([MS-XLS] 2.2.10).
func (c *cipher) decipher(dst []byte, id int, data []byte, at int64) []byte {
	open := 0
	switch id {
	case 0x809, recFilePass, 0xE1, 0xE2, 0x194, 0x195, 0x196, 0x138:
		open = len(data)
	case recBoundSht:
		open = min(4, len(data))
	}
	start := len(dst)
	dst = append(dst, data...)
	plain := dst[start:]
	for i := open; i < len(plain); {
		pos := at + int64(i)
		n := min(int64(len(plain)-i), cipherBlock-pos%cipherBlock)
		c.seek(pos)
		if c.rc4 == nil {
			break
		}
		c.rc4.XORKeyStream(plain[i:i+int(n)], plain[i:i+int(n)])
		c.used += n
		i += int(n)
	}
	return dst
}

// seek puts the key stream to an offset in the workbook's stream.
func (c *cipher) seek(pos int64) {
	block, within := pos/cipherBlock, pos%cipherBlock
	if c.block != block || c.used > within {
		stream, err := rc4.NewCipher(c.key(uint32(block)))
		if err != nil {
			c.rc4 = nil
			return
		}
		c.rc4, c.block, c.used = stream, block, 0
	}
	if skip := within - c.used; skip > 0 {
		var waste [cipherBlock]byte
		c.rc4.XORKeyStream(waste[:skip], waste[:skip])
		c.used = within
	}
}
