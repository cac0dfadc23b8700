package extract

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzBase64: what is decoded in whole groups is what is decoded byte by byte.
func FuzzBase64(f *testing.F) {
	for _, text := range []string{
		"QUJDREVGR0hJSktM\r\nTU5PUFFSU1RVVldYWVo=", "QUJD=QUI=QQ==QUJDRA", "Q\nU\nJ\nD", "QUJDREVG-_+/QUJD*QUJD", "====", strings.Repeat("QUJD", 9000),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := io.ReadAll(newBase64(bytes.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(newBase64(iotest.OneByteReader(bytes.NewReader(text))))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %q, want %q: %v", text, got, want, err)
		}
	})
}
