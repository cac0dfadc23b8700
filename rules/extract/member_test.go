package extract

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
)

func TestCompressedFilesAreReadToTheirEnd(t *testing.T) {
	secret := strings.Repeat(escapeSample, 20)
	var extra, squeezed bytes.Buffer
	z := gzip.NewWriter(&extra)
	z.Comment = "for the file"
	z.Extra = []byte(secret)[:2000]
	_ = z.Close()
	s := zlib.NewWriter(&squeezed)
	_, _ = io.WriteString(s, secret)
	_ = s.Close()
	var named, pax bytes.Buffer
	archive := zip.NewWriter(&named)
	for i := range 20 {
		e := &zip.FileHeader{Name: "a", Comment: strings.Split(secret, "\n")[3*i+1]}
		if i == 0 {
			e.Extra = append([]byte{0x99, 0x99, 0xd0, 0x07}, secret[:2000]...)
		}
		_, _ = archive.CreateHeader(e)
	}
	_ = archive.Close()
	noted := tar.NewWriter(&pax)
	_ = noted.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": secret}, Format: tar.FormatPAX})
	_ = noted.Close()
	plain := string(gzipped(t, []byte("hello\n")))
	for name, file := range map[string]string{
		"second member":  plain + string(gzipped(t, []byte(secret))),
		"behind the end": plain + secret,
		"extra field":    extra.String(),
		"zlib":           squeezed.String(),
		"zip comments":   named.String(),
		"tar comment":    pax.String(),
		"PNG text":       "\x89PNG\r\n\x1a\n" + pngChunk("iTXt", "Comment\x00\x01\x00en\x00\x00"+squeezed.String()) + pngChunk("IEND", ""),
		"unix archive":   fmt.Sprintf("!<arch>\n%-16s%-12d%-6d%-6d%-8s%-10d`\n%s", "a.csv/", 0, 0, 0, "644", len(secret), secret),
	} {
		t.Run(name, func(t *testing.T) {
			var r record
			if _, err := New().File(t.Context(), "x.bin", memory([]byte(file)), DefaultLimits(), &r); err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(r.text.String(), "m.akesson@post.example"); got < 15 {
				t.Errorf("found %d of 20 rows in %.300q", got, r.text.String())
			}
		})
	}
}

func pngChunk(kind, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)))) + kind + body + "\x00\x00\x00\x00"
}

func TestDamageBehindAMemberIsTheFiles(t *testing.T) {
	file := append(gzipped(t, []byte("hello\n")), gzipped(t, []byte(noise(4000)))[:1500]...)
	sum, err := New().File(t.Context(), "x.gz", memory(file), DefaultLimits(), &record{})
	if err != nil {
		t.Fatal(err)
	}
	if len(sum.Unread) != 1 || sum.Unread[0].Path != "x.gz" || sum.Unread[0].Reason != Corrupt {
		t.Errorf("unread is %+v", sum.Unread)
	}
}

func TestTextIsPutInTheOrderInWhichItIsSeen(t *testing.T) {
	for in, want := range map[string]string{
		"a \u202ecba\u202c d\n":        "a abc d\n",
		"\u202eåb;c\r\nplain\n":        "c;bå\r\nplain\n",
		"x\U000e0061\U000e0062\n":      "xab\n",
		"no override at all: \u00e9\n": "no override at all: \u00e9\n",
	} {
		got, err := io.ReadAll(newFolded(strings.NewReader(in)))
		if err != nil || string(got) != want {
			t.Errorf("%q reads as %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestNoiseWithoutAFormatCountsAsEncrypted(t *testing.T) {
	cipher := make([]byte, 9000)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(cipher)
	for name, c := range map[string]struct {
		file string
		want Reason
	}{
		"ciphertext": {string(cipher), Encrypted},
		"a format":   {"BKFMT\x01" + strings.Repeat("\x00\x07\x00\x80abc", 900), Unknown},
	} {
		sum, err := New().File(t.Context(), "x.bin", memory([]byte(c.file)), DefaultLimits(), &record{})
		if err != nil || len(sum.Unread) != 1 || sum.Unread[0].Reason != c.want {
			t.Errorf("%s: unread is %+v, %v", name, sum.Unread, err)
		}
	}
}

func TestRowsInTheNamesOfFilesAreGiven(t *testing.T) {
	var b strings.Builder
	for i := range 12 {
		fmt.Fprintf(&b, "--x\nContent-Disposition: attachment; filename=\"Ada %d Fernsby, a%d@post.example.txt\"\n\n.\n", i, i)
	}
	r, _ := walkMail(t, mail("Content-Type: multipart/mixed; boundary=x", b.String()+"--x--\n"))
	if !strings.Contains(r.text.String(), "[names]\nAda 0 Fernsby, a0@post.example\n") {
		t.Errorf("the names are not in %.400q", r.text.String())
	}
}
