package extract

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/pbkdf2"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

func walkFile(t testing.TB, b []byte, lim Limits) (*record, Summary) {
	t.Helper()
	var r record
	sum, err := New().File(context.Background(), "f", memory(b), lim, &r)
	if err != nil {
		t.Fatalf("File: %v", err)
	}
	return &r, sum
}

// zipOf makes a zip of files given as name, content, name, content, …
func zipOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := z.Create(files[i])
		if err == nil {
			_, err = f.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipStored makes a zip of one stored file, with sizes in its local header.
func zipStored(t testing.TB, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.CreateRaw(&zip.FileHeader{Name: name, CRC32: crc32.ChecksumIEEE([]byte(content)),
		CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content))})
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func compress(t testing.TB, b []byte, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := open(&out)
	if err == nil {
		_, err = w.Write(b)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, b []byte) []byte {
	return compress(t, b, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
}

func tarOf(t testing.TB, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644})
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchivesAreOpened(t *testing.T) {
	row := needle + "\n"
	plain := zipOf(t, "a/b.csv", row)
	hidden := zipStored(t, "hidden.csv", row)
	hidden = hidden[:bytes.Index(hidden, []byte(zipCentral))]
	tarred := tarOf(t, "x/y.csv", row)
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"zip", plain},
		{"zip, stored", zipStored(t, "x", row)},
		{"zip with something before it", append([]byte("MZ\x90\x00\x03\x00\x00\x00"+strings.Repeat("\x00\x01", 500)), plain...)},
		{"zip behind a picture", append(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND"), 0xae, 0x42, 0x60, 0x82), plain...)},
		{"zip with a comment", append(append(plain[:len(plain)-2:len(plain)-2], 3, 0), "abc"...)},
		{"zip without its directory", plain[:bytes.Index(plain, []byte(zipCentral))]},
		{"zip entry that the directory does not list", append(bytes.Clone(hidden), zipOf(t, "x.txt", "x")...)},
		{"zip of the same name twice", zipOf(t, "a", "x", "a", row)},
		{"zip in zip", zipOf(t, "in.zip", string(plain))},
		{"gzip", gzipped(t, []byte(row))},
		{"gzip in gzip", gzipped(t, gzipped(t, []byte(row)))},
		{"gzip cut off", gzipped(t, []byte(row+noise(100_000)))[:20_000]},
		{"tar", tarred},
		{"tar.gz", gzipped(t, tarred)},
		{"xz", compress(t, []byte(row), func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) })},
		{"zstd", compress(t, []byte(row), func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })},
		{"lz4", compress(t, []byte(row), func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil })},
		{"text behind a picture", append(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND"), 0xae, 0x42, 0x60, 0x82), row...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, sum := walkFile(t, c.file, DefaultLimits())
			if !strings.Contains(r.text.String(), needle) {
				t.Errorf("not found in %.300q\nparts %v\nunread %v", r.text.String(), sum.Parts, sum.Unread)
			}
		})
	}
}

// noise is text that does not compress well, the same each time.
func noise(n int) string {
	var b strings.Builder
	x := uint32(1)
	for b.Len() < n {
		x = x*1664525 + 1013904223
		fmt.Fprintf(&b, "%x ", x)
	}
	return b.String()
}

// encryptedZip makes a zip of one stored file under the traditional encryption.
func encryptedZip(t testing.TB, password, content string) []byte {
	t.Helper()
	sum := crc32.ChecksumIEEE([]byte(content))
	plain := append(make([]byte, 11, 12+len(content)), byte(sum>>24))
	plain = append(plain, content...)
	z := &zipKeys{0x12345678, 0x23456789, 0x34567890}
	for i := range len(password) {
		z.update(password[i])
	}
	for i, c := range plain {
		k := z[2] | 2
		plain[i] = c ^ byte(k*(k^1)>>8)
		z.update(c)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateRaw(&zip.FileHeader{Name: "x.csv", Flags: 1, CRC32: sum, CompressedSize64: uint64(len(plain)), UncompressedSize64: uint64(len(content))})
	if err == nil {
		_, err = f.Write(plain)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestAESZipIsDecrypted makes an entry as WinZip's description of AE-2 has it:
// salt, check bytes, AES in counter mode, a code of ten bytes.
func TestAESZipIsDecrypted(t *testing.T) {
	for strength, keySize := range map[byte]int{1: 16, 2: 24, 3: 32} {
		salt := []byte("0123456789abcdef")[:keySize/2]
		key, err := pbkdf2.Key(sha1.New, "infected", salt, 1000, 2*keySize+2)
		if err != nil {
			t.Fatal(err)
		}
		block, err := aes.NewCipher(key[:keySize])
		if err != nil {
			t.Fatal(err)
		}
		body := []byte(needle)
		for i := range body {
			var counter, pad [16]byte
			binary.LittleEndian.PutUint32(counter[:], uint32(i/16+1))
			block.Encrypt(pad[:], counter[:])
			body[i] ^= pad[i%16]
		}
		content := slices.Concat(salt, key[2*keySize:], body, make([]byte, 10))
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.CreateRaw(&zip.FileHeader{Name: "x.csv", Method: 99, Flags: 1, CompressedSize64: uint64(len(content)),
			UncompressedSize64: uint64(len(needle)), Extra: []byte{0x01, 0x99, 7, 0, 2, 0, 'A', 'E', strength, 0, 0}})
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		r, sum := walkFile(t, b.Bytes(), DefaultLimits())
		if !strings.Contains(r.text.String(), needle) || len(sum.Unread) > 0 {
			t.Errorf("AES-%d: text %q, unread %v", 8*keySize, r.text.String(), sum.Unread)
		}
	}
}

func TestPasswordsOfTheMessageAreTried(t *testing.T) {
	for _, c := range []struct {
		body, password string
		opened         bool
	}{
		{"The password is: s3cret!x", "s3cret!x", true},
		{"Passwort: s3cret!x.", "s3cret!x", true},
		{"PW below\npwd=\"s3cret!x\"", "s3cret!x", true},
		{"nothing said", "infected", true},
		{"I send the password by phone", "s3cret!x", false},
	} {
		t.Run(c.body, func(t *testing.T) {
			raw := "From: a@corp.test\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\n" + c.body + "\r\n--bb\r\n" +
				"Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(string(encryptedZip(t, c.password, needle))) + "--bb--\r\n"
			r, sum := walkMail(t, []byte(raw))
			if got := strings.Contains(r.text.String(), needle); got != c.opened {
				t.Errorf("opened = %v; unread %v", got, sum.Unread)
			}
			if !c.opened && (len(sum.Unread) != 1 || sum.Unread[0].Reason != Encrypted) {
				t.Errorf("unread %v, want one %s", sum.Unread, Encrypted)
			}
		})
	}
}

// nestedZip is a zip in a zip in a zip …
func nestedZip(t testing.TB, depth int) []byte {
	b := []byte(needle)
	for range depth {
		b = zipOf(t, "n.zip", string(b))
	}
	return b
}

// overlapping is a zip whose many directory entries share one compressed body.
func overlapping(t testing.TB, entries int) []byte {
	t.Helper()
	one := zipOf(t, "z", strings.Repeat("\x00", 8<<20))
	dir := bytes.Index(one, []byte(zipCentral))
	end := bytes.Index(one, []byte(zipEnd))
	out := bytes.Clone(one[:dir])
	for range entries {
		out = append(out, one[dir:end]...)
	}
	tail := bytes.Clone(one[end:])
	binary.LittleEndian.PutUint16(tail[8:], uint16(entries))
	binary.LittleEndian.PutUint16(tail[10:], uint16(entries))
	binary.LittleEndian.PutUint32(tail[12:], uint32((end-dir)*entries))
	return append(out, tail...)
}

func TestBombsEndEarlyInLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector")
	}
	zeros := strings.Repeat("0", 8<<20)
	wide := make([]string, 0, 64)
	for i := range 32 {
		wide = append(wide, fmt.Sprint(i), zeros[:2<<20])
	}
	for _, c := range []struct {
		name string
		file []byte
		want Reason
	}{
		{"zip of zeros", zipOf(t, "z", zeros+zeros+zeros+zeros), Ratio},
		{"zip of many files of zeros", zipOf(t, wide...), Ratio},
		{"zip of zips of zeros", zipOf(t, "a", string(zipOf(t, wide...)), "b", string(zipOf(t, wide...))), Ratio},
		{"overlapping zip", overlapping(t, 9000), Ratio},
		{"gzip of gzip of zeros", gzipped(t, gzipped(t, []byte(zeros))), Ratio},
		{"zip past the depth bound", nestedZip(t, 60), TooDeep},
		{"zip of 70,000 files", manyFiles(t), TooMany},
		{"XML entities", []byte("<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><l>&b;</l>"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			sum := boundsOfABomb(t, c.file)
			found := c.want == ""
			for _, u := range sum.Unread {
				found = found || u.Reason == c.want
			}
			if !found {
				t.Errorf("unread %.600v, want %s", sum.Unread, c.want)
			}
		})
	}
}

func manyFiles(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 70_000 {
		if _, err := z.Create(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// scratchBuffer is scratch space in memory.
type scratchBuffer struct {
	bytes.Buffer
	closed *int
}

func (s *scratchBuffer) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(s.Bytes()).ReadAt(p, off)
}

func (s *scratchBuffer) Close() error { *s.closed++; return nil }

func TestBigPartsGoToScratchSpaceThatIsFreed(t *testing.T) {
	made, closed := 0, 0
	lim := DefaultLimits()
	lim.Memory = 16 << 10
	raw := mail("Content-Transfer-Encoding: base64", wrapped(string(zipStored(t, "x", noise(100_000)+needle))))
	if _, sum := walkWith(t, raw, lim); len(sum.Unread) != 1 || sum.Unread[0].Reason != TooBig {
		t.Errorf("without scratch space: unread %v, want one %s", sum.Unread, TooBig)
	}
	lim.Scratch = func() (Scratch, error) { made++; return &scratchBuffer{closed: &closed}, nil }
	r, sum := walkWith(t, raw, lim)
	if !strings.Contains(r.text.String(), needle) || len(sum.Unread) > 0 {
		t.Errorf("not read with scratch space: unread %v", sum.Unread)
	}
	if made == 0 || made != closed {
		t.Errorf("scratch space made %d times, freed %d times", made, closed)
	}
	full := errors.New("disk full")
	lim.Scratch = func() (Scratch, error) { return nil, full }
	if _, err := New().Message(context.Background(), memory(raw), lim, &record{}); !errors.Is(err, full) {
		t.Errorf("scratch space fails: error %v, want %v", err, full)
	}
}

func walkWith(t *testing.T, raw []byte, lim Limits) (*record, Summary) {
	t.Helper()
	var r record
	sum, err := New().Message(context.Background(), memory(raw), lim, &r)
	if err != nil {
		t.Fatal(err)
	}
	return &r, sum
}
