package pdf

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// method is how a crypt filter encrypts (ISO 32000-2, table 25).
type method uint8

const (
	methodNone method = iota
	methodRC4
	methodAES128
	methodAES256
)

// crypt is the standard security handler, opened with the empty user
// password (ISO 32000-2, 7.6): documents that only restrict printing or
// editing open so, here as in every viewer.
type crypt struct {
	key     []byte
	strings method
	streams method
	files   method // embedded files
	named   map[name]method
	locked  bool // the password is not empty: only what is plain can be read
}

// unlock sets up decryption as the trailer asks for it.
func (f *file) unlock() {
	d := f.dict(f.trailer["Encrypt"])
	if d == nil {
		return
	}
	locked := func(err error) {
		f.note(err)
		f.crypt.locked = true
	}
	f.crypt = &crypt{named: map[name]method{"Identity": methodNone}}
	defer clear(f.cache) // strings that were read before are not decrypted
	if f.name(d["Filter"]) != "Standard" {
		locked(fmt.Errorf("a PDF for holders of a certificate: %w", document.ErrEncrypted))
		return
	}
	version, revision := f.int(d["V"], 0), f.int(d["R"], 0)
	if !f.methods(d, version) || revision < 2 || revision > 6 {
		locked(fmt.Errorf("encryption of a PDF: %w", document.ErrUnsupported))
		return
	}
	c := f.credentials(d, version, revision)
	key, ok := c.open()
	if !ok {
		locked(fmt.Errorf("a PDF with a password: %w", document.ErrEncrypted))
		return
	}
	f.crypt.key = key
}

// methods reads which method encrypts what.
func (f *file) methods(d dict, version int) bool {
	c := f.crypt
	switch version {
	case 1, 2:
		c.strings, c.streams, c.files = methodRC4, methodRC4, methodRC4
		return true
	case 4, 5:
	default:
		return false
	}
	for key, filter := range f.dict(d["CF"]) {
		switch f.name(f.dict(filter)["CFM"]) {
		case "V2":
			c.named[key] = methodRC4
		case "AESV2":
			c.named[key] = methodAES128
		case "AESV3":
			c.named[key] = methodAES256
		}
	}
	c.named["Identity"] = methodNone
	c.strings, c.streams = c.named[f.name(d["StrF"])], c.named[f.name(d["StmF"])]
	if c.files = c.streams; d["EFF"] != nil {
		c.files = c.named[f.name(d["EFF"])]
	}
	return true
}

// objectKey derives the key of one object (ISO 32000-2, algorithm 1).
func (c *crypt) objectKey(m method, num ref, gen int) []byte {
	if m == methodAES256 {
		return c.key
	}
	h := md5.New()
	_, _ = h.Write(c.key)
	_, _ = h.Write([]byte{byte(num), byte(num >> 8), byte(num >> 16), byte(gen), byte(gen >> 8)})
	if m == methodAES128 {
		_, _ = h.Write([]byte("sAlT"))
	}
	return h.Sum(nil)[:min(len(c.key)+5, 16)]
}

// string decrypts a string of an object. What cannot be decrypted is left out.
func (c *crypt) string(s string, num ref, gen int) string {
	if c.strings == methodNone {
		return s
	}
	if c.locked {
		return ""
	}
	key := c.objectKey(c.strings, num, gen)
	if c.strings == methodRC4 {
		out := []byte(s)
		if r, err := rc4.NewCipher(key); err == nil {
			r.XORKeyStream(out, out)
		}
		return string(out)
	}
	b, err := aes.NewCipher(key)
	if err != nil || len(s) < 2*aes.BlockSize {
		return ""
	}
	out := []byte(s[aes.BlockSize : len(s)/aes.BlockSize*aes.BlockSize])
	cipher.NewCBCDecrypter(b, []byte(s[:aes.BlockSize])).CryptBlocks(out, out)
	return string(unpad(out))
}

// unpad takes the padding of PKCS #7 off, if it is there.
func unpad(b []byte) []byte {
	if len(b) > 0 {
		if n := int(b[len(b)-1]); n >= 1 && n <= aes.BlockSize && n <= len(b) {
			return b[:len(b)-n]
		}
	}
	return b
}

// stream returns the decrypted bytes of a stream.
func (c *crypt) stream(src io.Reader, s *stream, filters []name, parms []dict, f *file) io.Reader {
	m := c.streams
	switch s.dict["Type"] {
	case name("XRef"):
		return src
	case name("EmbeddedFile"):
		m = c.files
	}
	for i, filter := range filters {
		if filter == "Crypt" {
			m = c.named[f.name(parms[i]["Name"])]
		}
	}
	if m == methodNone {
		return src
	}
	if c.locked {
		return eof{}
	}
	key := c.objectKey(m, s.num, s.gen)
	if m == methodRC4 {
		r, err := rc4.NewCipher(key)
		if err != nil {
			return eof{}
		}
		return cipher.StreamReader{S: r, R: src}
	}
	b, err := aes.NewCipher(key)
	if err != nil {
		return eof{}
	}
	return &cbcReader{src: src, block: b}
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// cbcReader decrypts AES in CBC mode, the first block being the vector.
type cbcReader struct {
	src   io.Reader
	block cipher.Block
	mode  cipher.BlockMode
	buf   [4 << 10]byte
	held  [aes.BlockSize]byte // the last block, which may be padding
	hold  bool
	out   []byte
	err   error
}

func (r *cbcReader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fill()
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

func (r *cbcReader) fill() {
	if r.mode == nil {
		var vector [aes.BlockSize]byte
		if _, r.err = io.ReadFull(r.src, vector[:]); r.err != nil {
			r.err = io.EOF
			return
		}
		r.mode = cipher.NewCBCDecrypter(r.block, vector[:])
	}
	// The block held back goes first; room is left for it.
	b := r.buf[aes.BlockSize:]
	n, err := io.ReadFull(r.src, b)
	n -= n % aes.BlockSize
	r.mode.CryptBlocks(b[:n], b[:n])
	start := aes.BlockSize
	if r.hold {
		start = 0
		copy(r.buf[:], r.held[:])
	}
	all := r.buf[start : aes.BlockSize+n]
	if err != nil {
		r.out, r.err = unpad(all), io.EOF
		return
	}
	r.hold = true
	r.out = all[:len(all)-aes.BlockSize]
	copy(r.held[:], all[len(all)-aes.BlockSize:])
}

// littleEndian gives the permissions as the key derivation wants them.
func littleEndian(v int) []byte {
	return binary.LittleEndian.AppendUint32(nil, uint32(v))
}
