package pdf

import (
	"bytes"
	"context"
	"encoding/ascii85"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
)

// decodeStream decodes one stream as a file's.
func decodeStream(keys dict, data string) ([]byte, *file, error) {
	f := newFile(strings.NewReader(""), 0, &budget{lim: limits(), file: 1 << 20, stopped: context.Background().Err})
	b, err := f.decode(&stream{dict: keys, data: []byte(data)})
	return b, f, err
}

func TestFiltersDecode(t *testing.T) {
	const plain = "-----A---B and so on, and so on, and so on"
	a85 := func(s string) string {
		var b bytes.Buffer
		w := ascii85.NewEncoder(&b)
		_, _ = io.WriteString(w, s)
		_ = w.Close()
		return b.String() + "~>"
	}
	png := deflate("\x02ABCD\x02\x01\x01\x01\x01\x01A\x01\x01\x01\x00wxyz\x03\x01\x01\x01\x01\x04\x01\x01\x01\x01")
	cases := map[string]struct {
		keys dict
		data string
		want string
	}{
		"none":             {dict{}, plain, plain},
		"Flate":            {dict{"Filter": name("FlateDecode")}, deflate(plain), plain},
		"Flate, bad sum":   {dict{"Filter": name("FlateDecode")}, deflate(plain)[:len(deflate(plain))-4] + "XXXX", plain},
		"Flate, no sum":    {dict{"Filter": name("FlateDecode")}, deflate(plain)[:len(deflate(plain))-4], plain},
		"Flate, no header": {dict{"Filter": name("FlateDecode")}, deflate(plain)[2:], plain},
		"ASCII85":          {dict{"Filter": name("ASCII85Decode")}, a85(plain), plain},
		"ASCIIHex":         {dict{"Filter": name("ASCIIHexDecode")}, hex.EncodeToString([]byte(plain)) + " 4>", plain + "@"},
		// ISO 32000-2, 7.4.4.2, example 1.
		"LZW":       {dict{"Filter": name("LZWDecode")}, "\x80\x0B\x60\x50\x22\x0C\x0C\x85\x01", "-----A---B"},
		"RunLength": {dict{"Filter": name("RunLengthDecode")}, "\x02abc\xfed\x80zzz", "abcddd"},
		"chain":     {dict{"Filter": array{name("A85"), name("Fl")}}, a85(deflate(plain)), plain},
		"PNG": {dict{"Filter": name("FlateDecode"), "DecodeParms": dict{"Predictor": 15, "Columns": 4}}, png,
			"ABCDBCDEABCDwxyz" + undone()},
		"TIFF": {dict{"Filter": name("FlateDecode"), "DecodeParms": dict{"Predictor": 2, "Columns": 4}}, deflate("A\x01\x01\x01a\x01\x01\x01"), "ABCDabcd"},
	}
	for name, c := range cases {
		got, f, err := decodeStream(c.keys, c.data)
		if err != nil || f.fault != nil {
			t.Errorf("%s: %v, %v", name, err, f.fault)
		}
		if string(got) != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// undone works out the rows of the PNG case that average and Paeth filters
// make, straight from the specification.
func undone() string {
	above, out := []byte("wxyz"), []byte{}
	left := 0
	for _, up := range above {
		left = 1 + (left+int(up))/2
		out = append(out, byte(left))
	}
	row := bytes.Clone(out)
	a, c := 0, 0
	for _, b := range row {
		p := a + int(b) - c
		best := a
		if abs(p-int(b)) < abs(p-best) {
			best = int(b)
		}
		if abs(p-c) < abs(p-best) {
			best = c
		}
		a, c = best+1, int(b)
		out = append(out, byte(a))
	}
	return string(out)
}

func TestCutStreamIsKeptAndNoted(t *testing.T) {
	plain := strings.Repeat("some words that are cut off in the middle of it all, ", 9)
	packed := deflate(plain)
	got, f, err := decodeStream(dict{"Filter": name("FlateDecode")}, packed[:len(packed)-8])
	if err != nil || !errors.Is(f.fault, document.ErrDamaged) {
		t.Errorf("error %v, fault %v", err, f.fault)
	}
	if !strings.HasPrefix(plain, string(got)) || len(got) == 0 {
		t.Errorf("kept %q", got)
	}
}

// Bombs must end by a bound, long before they have grown.
func TestBombsEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector")
	}
	zeros := deflate(strings.Repeat("\x00", 64<<20))
	twice := deflate(zeros)
	page := "BT /F 10 Tf 50 700 Td (Ada) Tj ET\n"
	many := &strings.Builder{}
	for range 200 {
		many.WriteString("/X Do\n")
	}
	lines := strings.Repeat(page, 60_000)
	cases := map[string]struct {
		file []byte
		want error
	}{
		"zeros": {onePage(page, "/Contents 6 0 R", "", streamObject("/Filter /FlateDecode", zeros)), document.ErrRatio},
		"zeros in zeros": {onePage(page, "/Contents 6 0 R", "", streamObject("/Filter [/FlateDecode /FlateDecode]", twice)),
			document.ErrRatio},
		"form of forms": {onePage(many.String(), "", "", streamObject("/Subtype /Form /Filter /FlateDecode", deflate(lines[:1<<20]))),
			document.ErrTooMany},
		"table of zeros": {[]byte(fmt.Sprintf("%%PDF-1.5\n1 0 obj\n<< /Type /XRef /W [1 2 1] /Index [0 99999999] /Size 99999999 /Root 1 0 R /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\nstartxref\n9\n%%%%EOF",
			len(zeros), zeros)), document.ErrRatio},
	}
	for name, c := range cases {
		if _, err := read(t, c.file, limits()); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}
