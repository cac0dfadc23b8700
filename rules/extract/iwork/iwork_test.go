package iwork

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/s2"
)

// archives are the .iwa files of the document in testdata.
func archives(t testing.TB) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader("testdata/customers.numbers")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all := make(map[string][]byte)
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".iwa") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if all[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestStringsComeInTheirOrder(t *testing.T) {
	tables := false
	var text bytes.Buffer
	for name, b := range archives(t) {
		r := bytes.NewReader(b)
		if !Is(r, r.Size()) {
			t.Errorf("%s is not known", name)
		}
		s, err := Read(r, r.Size(), 1<<24)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		tables = tables || s.Tables
		text.Write(s.Text)
	}
	if !tables {
		t.Error("the table is not told")
	}
	if want := "\nPerson 7\nperson7@example.org\n+1 202 555 0007\nPerson 8\n"; !strings.Contains(text.String(), want) {
		t.Errorf("no %q in %d bytes", want, text.Len())
	}
}

func chunk(plain []byte) []byte {
	packed := s2.EncodeSnappy(nil, plain)
	return append([]byte{0, byte(len(packed)), byte(len(packed) >> 8), byte(len(packed) >> 16)}, packed...)
}

func TestBoundsAndDamage(t *testing.T) {
	big := bytes.Repeat(chunk(make([]byte, 64<<10)), 100)
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"more than the limit":   {big, document.ErrTooBig},
		"a length past the end": {chunk([]byte{9, 18, 4, 8, 1, 24, 99, 0, 0, 0}), document.ErrDamaged},
		"no Snappy":             {[]byte{0, 3, 0, 0, 5, 0xff, 0xff}, document.ErrDamaged},
		"cut off":               {chunk(make([]byte, 100))[:6], document.ErrDamaged},
	} {
		if _, err := Read(bytes.NewReader(c.file), int64(len(c.file)), 1<<20); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for _, s := range []string{"", "\x00", "\x00\x00\x00\x00", "text", "\x00\x05\x00\x00ab"} {
		if Is(strings.NewReader(s), int64(len(s))) {
			t.Errorf("%q is taken for an archive", s)
		}
	}
}

func TestStringsBeforeDamageStay(t *testing.T) {
	for name, b := range archives(t) {
		r := bytes.NewReader(b)
		whole, err := Read(r, r.Size(), 1<<24)
		if err != nil || len(whole.Text) == 0 {
			continue
		}
		b = append(b, 0, 9, 9, 9)
		if s, err := Read(bytes.NewReader(b), int64(len(b)), 1<<24); !errors.Is(err, document.ErrDamaged) || !bytes.Equal(s.Text, whole.Text) {
			t.Errorf("%s: %d bytes of text before the damage, want %d; error %v", name, len(s.Text), len(whole.Text), err)
		}
	}
}

// FuzzRead: strings are never more than the bytes that they came from, at any
// depth, and errors are named.
func FuzzRead(f *testing.F) {
	for _, b := range archives(f) {
		f.Add(b[:min(len(b), 3000)])
	}
	f.Add(chunk([]byte{9, 18, 4, 8, 1, 24, 3, 18, 1, 'a'}))
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1 << 16
		s, err := Read(bytes.NewReader(b), int64(len(b)), limit)
		if len(s.Text) > 2*limit {
			t.Errorf("%d bytes", len(s.Text))
		}
		if err != nil && !errors.Is(err, document.ErrDamaged) && !errors.Is(err, document.ErrTooBig) {
			t.Errorf("error %v", err)
		}
	})
}
