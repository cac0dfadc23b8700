package extract

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

// TestTextBehindAMagicIsText, and not a damaged file of the format; what is
// stored without compression in a real one is still the format's.
func TestTextBehindAMagicIsText(t *testing.T) {
	text := strings.Repeat("name;mail\r\nAna Lopez;ana@x.example\r\n", 40)
	for _, m := range magics {
		fake := []byte(strings.Repeat("\x00", m.at) + m.magic + text)
		switch m.format {
		case FormatZip, formatOLE, FormatGzip, FormatRAR, Format7z, FormatSQLite:
			if m.also != nil {
				continue
			}
			if got := sniff(fake); got != FormatText {
				t.Errorf("text behind %q is %s", m.magic, got)
			}
		}
	}
	for _, magic := range []string{"%PDF-1.7\n", "Salted__", "age-encryption.org/v1\n", "-----BEGIN PGP MESSAGE-----\n", "-----BEGIN PGP MESSAGE-----\n\n"} {
		r, sum := walkFile(t, []byte(magic+text), DefaultLimits())
		if !strings.Contains(strings.ReplaceAll(r.text.String(), "\r", ""), strings.ReplaceAll(text, "\r", "")) || len(sum.Unread) > 0 {
			t.Errorf("behind %q: %.200q, unread %v", magic, r.text.String(), sum.Unread)
		}
	}
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	stored, err := w.CreateHeader(&zip.FileHeader{Name: "a.csv", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	stored.Write([]byte(text))
	w.Close()
	if got := sniff(z.Bytes()); got != FormatZip {
		t.Errorf("a zip with a stored text is %s", got)
	}
	for level := gzip.NoCompression; level <= gzip.BestCompression; level++ {
		var g bytes.Buffer
		w, err := gzip.NewWriterLevel(&g, level)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
		w.Close()
		if got := sniff(g.Bytes()); got != FormatGzip {
			t.Errorf("gzip of level %d is %s", level, got)
		}
	}
}
