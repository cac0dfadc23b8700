package ole

import (
	"bytes"
	"crypto/md5"
	"crypto/rc4"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// filePass makes the record of the older scheme for a password.
func filePass(password string) []byte {
	salt, verifier := []byte("0123456789abcdef"), []byte("fedcba9876543210")
	hash := md5.Sum(verifier)
	stream, err := rc4.NewCipher(md5Key(salt, password)(0))
	if err != nil {
		panic(err)
	}
	locked := make([]byte, 32)
	stream.XORKeyStream(locked, append(bytes.Clone(verifier), hash[:]...))
	return append([]byte("\x01\x00\x01\x00\x01\x00"), append(salt, locked...)...)
}

func TestCipherOpensWithItsPasswordOnly(t *testing.T) {
	for _, password := range []string{"secret", "VelvetSweatshop "} {
		if _, err := newCipher(filePass(password), defaultPassword); !errors.Is(err, document.ErrEncrypted) {
			t.Errorf("%q: error %v", password, err)
		}
	}
	// As Excel wrote it for the password "freedom", by its crypto provider.
	record, err := hex.DecodeString("0100040002000c0000007e0000000c0000000000000001680000048000008000000001000000000000000000000" +
		"04d006900630072006f0073006f0066007400200045006e00680061006e006300650064002000430072007900700074006f0067007200610070006800690063002000500072006f00760069006400650072002000760031002e003000000010000000")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newCipher(record, "freedom"); !errors.Is(err, document.ErrEncrypted) {
		t.Errorf("a record that is cut off: %v", err)
	}
}

// Bytes are deciphered by where they stand, whatever was read before.
func TestCipherFollowsThePlaceInTheStream(t *testing.T) {
	c, err := newCipher(filePass(defaultPassword), defaultPassword)
	if err != nil {
		t.Fatal(err)
	}
	plain := bytes.Repeat([]byte("all the names "), 400)
	locked := make([]byte, 0, len(plain))
	for from := 0; from < len(plain); from += cipherBlock {
		stream, err := rc4.NewCipher(c.key(uint32(from / cipherBlock)))
		if err != nil {
			t.Fatal(err)
		}
		block := bytes.Clone(plain[from:min(from+cipherBlock, len(plain))])
		stream.XORKeyStream(block, block)
		locked = append(locked, block...)
	}
	for _, span := range [][2]int{{0, 10}, {10, 2000}, {2010, 5000}, {4, 1030}, {5100, len(plain)}} {
		if got := c.decipher(nil, recLabelSST, locked[span[0]:span[1]], int64(span[0])); !bytes.Equal(got, plain[span[0]:span[1]]) {
			t.Errorf("bytes %v are %q", span, got[:10])
		}
	}
	if got := c.decipher(nil, recBoundSht, locked[:20], 0); !bytes.Equal(got[:4], locked[:4]) || !bytes.Equal(got[4:], plain[4:20]) {
		t.Errorf("the offset of a sheet, which is not enciphered: %q", got)
	}
}
