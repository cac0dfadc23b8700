package extract

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// zipEncrypted tries the candidate passwords on an encrypted entry. A guess is
// right when the content has its checksum.
func (w *walk) zipEncrypted(n node, packed *io.SectionReader, e zipEntry) error {
	for _, password := range w.candidates() {
		method := e.method
		var plain io.Reader
		if e.method == 99 {
			plain, method = zipAES(packed, e, password)
		} else {
			plain = zipCrypto(packed, e, password)
		}
		if plain == nil {
			continue
		}
		opened, err := w.zipDecrypted(n, plain, method, e)
		if opened || err != nil {
			return err
		}
	}
	return w.refuse(n, FormatUnknown, document.ErrEncrypted)
}

// zipDecrypted opens an entry if it proves to be rightly decrypted.
func (w *walk) zipDecrypted(n node, plain io.Reader, method uint16, e zipEntry) (bool, error) {
	r, err := w.expanding(n, plain, func(r io.Reader) (io.Reader, error) { return zipMethod(method, r) })
	if err != nil {
		return false, nil
	}
	at, size, free, err := w.random(stream(r))
	defer free()
	if w.fatal != nil {
		return false, w.fatal
	}
	if err != nil {
		return false, nil
	}
	if e.method != 99 {
		sum := crc32.NewIEEE()
		if _, err := io.Copy(sum, io.NewSectionReader(at, 0, size)); err != nil || sum.Sum32() != e.crc {
			return false, nil
		}
	}
	return true, w.open(n, section(at, 0, size))
}

// zipCrypto decrypts the traditional encryption (APPNOTE 6.1), nil if the
// password is wrong by its check byte.
func zipCrypto(packed *io.SectionReader, e zipEntry, password string) io.Reader {
	z := &zipKeys{0x12345678, 0x23456789, 0x34567890}
	for i := range len(password) {
		z.update(password[i])
	}
	r := io.NewSectionReader(packed, 0, packed.Size())
	var h [12]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil
	}
	z.decrypt(h[:])
	check := byte(e.crc >> 24)
	if e.flags&8 != 0 {
		check = byte(e.time >> 8)
	}
	if h[11] != check {
		return nil
	}
	return &zipCryptoReader{r, z}
}

type zipKeys [3]uint32

func (z *zipKeys) update(b byte) {
	z[0] = crc32.IEEETable[byte(z[0])^b] ^ z[0]>>8
	z[1] = (z[1]+z[0]&0xff)*134775813 + 1
	z[2] = crc32.IEEETable[byte(z[2])^byte(z[1]>>24)] ^ z[2]>>8
}

func (z *zipKeys) decrypt(p []byte) {
	for i, c := range p {
		t := z[2] | 2
		c ^= byte(t * (t ^ 1) >> 8)
		z.update(c)
		p[i] = c
	}
}

type zipCryptoReader struct {
	r io.Reader
	z *zipKeys
}

func (c *zipCryptoReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.z.decrypt(p[:n])
	return n, err
}

// zipAES decrypts WinZip's AES (AE-1, AE-2) and returns the compression method
// below it, nil if the password is wrong by its check bytes.
func zipAES(packed *io.SectionReader, e zipEntry, password string) (io.Reader, uint16) {
	x := zipExtra(e.extra, 0x9901)
	if len(x) < 7 || x[4] < 1 || x[4] > 3 {
		return nil, 0
	}
	keySize, saltSize := 8+8*int(x[4]), 4+4*int64(x[4])
	salt := make([]byte, saltSize+2)
	if _, err := packed.ReadAt(salt, 0); err != nil {
		return nil, 0
	}
	key, err := pbkdf2.Key(sha1.New, password, salt[:saltSize], 1000, 2*keySize+2)
	if err != nil || !bytes.Equal(key[2*keySize:], salt[saltSize:]) {
		return nil, 0
	}
	block, err := aes.NewCipher(key[:keySize])
	if err != nil {
		return nil, 0
	}
	body := io.NewSectionReader(packed, saltSize+2, max(packed.Size()-saltSize-2-10, 0))
	return &countingCTR{r: body, block: block}, binary.LittleEndian.Uint16(x[5:])
}

// countingCTR is AES in counter mode with a little-endian counter from 1.
type countingCTR struct {
	r     io.Reader
	block cipher.Block
	n     uint64
	pad   [aes.BlockSize]byte
	used  int // of pad; 0 means a new one is wanted
}

func (c *countingCTR) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	for i := range p[:n] {
		if c.used == 0 {
			c.n++
			var counter [aes.BlockSize]byte
			binary.LittleEndian.PutUint64(counter[:], c.n)
			c.block.Encrypt(c.pad[:], counter[:])
		}
		p[i] ^= c.pad[c.used]
		c.used = (c.used + 1) % aes.BlockSize
	}
	return n, err
}
