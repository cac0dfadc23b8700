package foreign

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

var update = flag.Bool("update", false, "write the archives that this test makes, and the golden files")

// rows is a table of fictional people, as in the archives that 7z made.
func rows() string {
	var b strings.Builder
	b.WriteString("name,email,phone\n")
	for i := range 300 {
		fmt.Fprintf(&b, "Person %d,person%d@example.org,+1 202 555 %04d\n", i, i, i)
	}
	return b.String()
}

const note = "Please find the list attached.\n"

// rar5 makes a RAR 5 archive of stored files given as name, content, …
// (technical note of the format, 2013).
func rar5(files ...string) []byte {
	out := []byte("Rar!\x1a\x07\x01\x00")
	header := func(body []byte) {
		sized := append(binary.AppendUvarint(nil, uint64(len(body))), body...)
		out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(sized))
		out = append(out, sized...)
	}
	header([]byte{1, 0, 0}) // main header: no flags
	for i := 0; i < len(files); i += 2 {
		name, content := files[i], files[i+1]
		h := []byte{2, 2} // file header, a data area
		h = binary.AppendUvarint(h, uint64(len(content)))
		h = append(h, 4) // a checksum
		h = binary.AppendUvarint(h, uint64(len(content)))
		h = append(h, 0) // attributes
		h = binary.LittleEndian.AppendUint32(h, crc32.ChecksumIEEE([]byte(content)))
		h = append(h, 0, 1) // stored; Unix
		h = append(binary.AppendUvarint(h, uint64(len(name))), name...)
		header(h)
		out = append(out, content...)
	}
	header([]byte{5, 0, 0}) // end
	return out
}

// rar4 makes a RAR 4 archive of stored files.
func rar4(files ...string) []byte {
	out := []byte("Rar!\x1a\x07\x00")
	header := func(body []byte) {
		out = binary.LittleEndian.AppendUint16(out, uint16(crc32.ChecksumIEEE(body)))
		out = append(out, body...)
	}
	le := binary.LittleEndian
	header([]byte{0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0})
	for i := 0; i < len(files); i += 2 {
		name, content := files[i], files[i+1]
		h := []byte{0x74, 0, 0x80}
		h = le.AppendUint16(h, uint16(32+len(name)))
		h = le.AppendUint32(h, uint32(len(content)))
		h = le.AppendUint32(h, uint32(len(content)))
		h = append(h, 3) // Unix
		h = le.AppendUint32(h, crc32.ChecksumIEEE([]byte(content)))
		h = append(h, 0, 0, 0x21, 0x50, 29, 0x30) // a date, version 2.9, stored
		h = le.AppendUint16(h, uint16(len(name)))
		h = le.AppendUint32(h, 0o100644)
		header(append(h, name...))
		out = append(out, content...)
	}
	header([]byte{0x7b, 0, 0x40, 7, 0})
	return out
}

func packed(t testing.TB, content string, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// archives are all files to read, by name: those made here and those of 7z.
func archives(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{
		"two.rar5": rar5("customers.csv", rows(), "note.txt", note),
		"two.rar4": rar4("customers.csv", rows(), "note.txt", note),
		"one.xz":   packed(t, rows(), func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }),
		"one.lzma": packed(t, rows(), func(w io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(w) }),
	}
	all["twice.xz"] = append(bytes.Clone(all["one.xz"]), all["one.xz"]...)
	for name, b := range all {
		if *update {
			if err := os.WriteFile(filepath.Join("testdata", name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	made, err := filepath.Glob("testdata/*.7z")
	if err != nil || len(made) == 0 {
		t.Fatalf("no archives of 7z in testdata: %v", err)
	}
	for _, path := range made {
		if all[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func kindOf(name string) Kind {
	switch {
	case strings.HasSuffix(name, "7z"):
		return SevenZip
	case strings.Contains(name, ".rar"):
		return RAR
	case strings.HasSuffix(name, ".lzma"):
		return LZMA
	}
	return XZ
}

func jobOf(kind Kind, b []byte, passwords ...string) Job {
	return Job{Kind: kind, Content: bytes.NewReader(b), Size: int64(len(b)), Passwords: passwords,
		Limits: Limits{Entries: 100, Window: 64 << 20}}
}

// list keeps what an output gets: a line a file, then the archive's end.
type list struct {
	b     strings.Builder
	bytes int64
	fail  error
}

func (l *list) File(_ context.Context, name string, r io.Reader) error {
	if l.fail != nil {
		return l.fail
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(sum, r)
	l.bytes += n
	fmt.Fprintf(&l.b, "%q: %d bytes %08x%s\n", name, n, sum.Sum32(), why(err))
	return nil
}

// why names the errors that Read may end with; anything else is unnamed.
func why(err error) string {
	if err == nil {
		return ""
	}
	for _, known := range []error{document.ErrEncrypted, document.ErrDamaged, document.ErrUnsupported, document.ErrTooBig, document.ErrTooMany} {
		if errors.Is(err, known) {
			return ": " + known.Error()
		}
	}
	return ": unnamed error"
}

func read(job Job) string {
	var l list
	err := Read(context.Background(), job, &l)
	return l.b.String() + "end" + why(err) + "\n"
}
