package extract

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

func encoded(t testing.TB, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTextIsReadInItsCharset(t *testing.T) {
	const latin = "Élodie Brandt,elodie@home.example,Zürich"
	const russian = "Анна Петрова,anna@home.example,Ленинградский проспект дом двенадцать"
	const japaneseText = "山田太郎,taro@home.example,東京都千代田区丸の内"
	long := strings.Repeat("0123456789 plain ASCII to pass the first look\n", 200)
	for _, c := range []struct{ name, charset, body, want string }{
		{"UTF-8", "utf-8", latin, latin},
		{"UTF-8 without a label", "", latin, latin},
		{"UTF-8 labelled ASCII", "us-ascii", russian, russian},
		{"UTF-8 labelled windows-1251", "windows-1251", russian, russian},
		{"UTF-8 with a mark", "", "\ufeff" + latin, latin},
		{"windows-1252", "windows-1252", encoded(t, charmap.Windows1252, latin), latin},
		{"windows-1252 without a label", "", encoded(t, charmap.Windows1252, latin), latin},
		{"windows-1252 labelled UTF-8", "utf-8", encoded(t, charmap.Windows1252, latin), latin},
		{"windows-1252 late in the text", "utf-8", long + encoded(t, charmap.Windows1252, latin), latin},
		{"KOI8-R", "koi8-r", encoded(t, charmap.KOI8R, russian), russian},
		{"KOI8-R late in the text", "koi8-r", long + encoded(t, charmap.KOI8R, russian), russian},
		{"Shift JIS", "shift_jis", encoded(t, japanese.ShiftJIS, japaneseText), japaneseText},
		{"Shift JIS late in the text", "shift_jis", long + encoded(t, japanese.ShiftJIS, japaneseText), japaneseText},
		{"ISO-2022-JP", "iso-2022-jp", encoded(t, japanese.ISO2022JP, japaneseText), japaneseText},
		{"ISO-2022-JP without a label", "", encoded(t, japanese.ISO2022JP, japaneseText), japaneseText},
		{"UTF-16 with a mark", "", encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), latin), latin},
		{"UTF-16LE without a mark", "", encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), latin), latin},
		{"UTF-16BE without a mark", "utf-8", encoded(t, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), latin), latin},
		{"UTF-32 without a mark", "", encoded(t, utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), latin), latin},
		{"UTF-7", "utf-7", "+AMk-lodie Brandt,elodie+AEA-home.example,Z+APw-rich", latin},
		{"EBCDIC", "ibm037", encoded(t, charmap.CodePage037, latin), latin},
		{"EBCDIC without a label", "", encoded(t, charmap.CodePage037, latin), latin},
		{"EBCDIC of a page that is not here", "ibm-1141", encoded(t, charmap.CodePage037, latin), latin},
		{"unknown label", "x-nonsense", latin, latin},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, sum := walkMail(t, mail("Content-Type: text/plain; charset="+c.charset+"\r\nContent-Transfer-Encoding: base64", wrapped(c.body)))
			if !strings.Contains(r.text.String(), c.want) {
				t.Errorf("%.300q has no %q; unread %v", r.text.String(), c.want, sum.Unread)
			}
		})
	}
}

func TestFoldingRemovesOnlyWhatHides(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain", "plain"},
		{"a\u200bd\u00ada\ufeff@ho\u2060me", "ada@home"},
		{"\u202eada\u202c", "ada"},
		{"ａｄａ＠ｈｏｍｅ．ｅｘａｍｐｌｅ　１", "ada@home.example 1"},
		{"𝐚𝐝𝐚", "ada"},
		{"a\u3164d\u3164a", "ada"}, // Hangul filler
		{"ᴀᴅᴀ ꜰᴇʀɴ", "ada fern"},
		{"a\u00a0b\u2003c", "a b c"},
		{"\u0430da@h\u043eme", "ada@home"},               // Cyrillic а and о in a Latin word
		{"Москва, Анна", "Москва, Анна"},                 // no Latin near
		{"Élodie Zürich ﾃｽﾄ 山田", "Élodie Zürich ﾃｽﾄ 山田"}, // ordinary text
		{"½ ² ©", "½ ² ©"},
		{"", ""},
	} {
		got, err := io.ReadAll(newFolded(strings.NewReader(c.in)))
		if err != nil || string(got) != c.want {
			t.Errorf("folded %q: %q, %v, want %q", c.in, got, err, c.want)
		}
		var arena []byte
		if got := foldCell(&arena, []byte(c.in)); string(got) != c.want {
			t.Errorf("folded cell %q: %q, want %q", c.in, got, c.want)
		}
	}
}

// TestReadersDoNotDependOnHowTheyAreRead reads each decoder a byte at a time,
// from above and from below.
func TestReadersDoNotDependOnHowTheyAreRead(t *testing.T) {
	utf8Text := strings.Repeat("Élodie 山田 𝐚 a\u200bb ￦ ", 3000)
	for _, c := range []struct {
		name string
		in   string
		open func(io.Reader) io.Reader
	}{
		{"base64", wrapped(utf8Text), func(r io.Reader) io.Reader { return newBase64(r) }},
		{"quoted-printable", "a=3Db=\r\nc=C3=A9= \nd==zz=", func(r io.Reader) io.Reader { return newQuoted(r) }},
		{"folded", utf8Text, func(r io.Reader) io.Reader { return newFolded(r) }},
		{"mixed", utf8Text + "\xe9\xe4" + utf8Text[:100] + "\xc3", func(r io.Reader) io.Reader { return &mixed{r: r, old: charmap.Windows1252} }},
		{"utf-7", "+AMk-a+-b+ZeVnLIqe-c", func(r io.Reader) io.Reader { return newUTF7(r) }},
		{"flowed", "one \r\ntwo\r\n> a \r\n> b\r\n-- \r\nx ", func(r io.Reader) io.Reader { return newFlowed(r, false) }},
		{"runs", "\x00\x01abcdefgh\x00\x02a\x00b\x00c\x00d\x00e\x00f\x00g\x00\x01", func(r io.Reader) io.Reader { return newRuns(r) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole, err := io.ReadAll(c.open(strings.NewReader(c.in)))
			if err != nil || len(whole) == 0 {
				t.Fatal(len(whole), err)
			}
			slow, err := io.ReadAll(iotest.OneByteReader(c.open(iotest.OneByteReader(strings.NewReader(c.in)))))
			if err != nil || !bytes.Equal(slow, whole) {
				t.Errorf("byte by byte: %.200q, %v\nat once: %.200q", slow, err, whole)
			}
		})
	}
}

func TestFlowedLinesAreJoined(t *testing.T) {
	for _, c := range []struct{ in, delSp, want string }{
		{"Ada \r\nFernsby\r\nnext\r\n", "no", "Ada Fernsby\nnext\n"},
		{"Ada \r\nFernsby\r\n", "yes", "AdaFernsby\n"},
		{"> Ada \r\n> Fernsby\r\nme\r\n", "no", "> Ada Fernsby\nme\n"},
		{"x \r\n-- \r\nAda\r\n", "no", "x \n-- \nAda\n"},
	} {
		r, _ := walkMail(t, mail("Content-Type: text/plain; format=flowed; delsp="+c.delSp, c.in))
		if got := r.text.String(); !strings.HasSuffix(got, "[1]\n"+c.want) {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func uuencoded(s string) string {
	var b strings.Builder
	b.WriteString("begin 644 x.csv\n")
	for len(s) > 0 {
		n := min(45, len(s))
		line := append([]byte(s[:n]), 0, 0)
		b.WriteByte(byte(n) + ' ')
		for i := 0; i < n; i += 3 {
			v := uint(line[i])<<16 | uint(line[i+1])<<8 | uint(line[i+2])
			for k := 18; k >= 0; k -= 6 {
				b.WriteByte(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"[v>>k&63])
			}
		}
		b.WriteByte('\n')
		s = s[n:]
	}
	return b.String() + "`\nend\n"
}

func yEncoded(s string) string {
	var b strings.Builder
	b.WriteString("=ybegin line=128 size=9 name=x.csv\n")
	for i := range len(s) {
		switch c := s[i] + 42; c {
		case 0, '\n', '\r', '=':
			b.WriteByte('=')
			b.WriteByte(c + 64)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + "\n=yend size=9\n"
}

func TestEncodedContentInsideTextIsOpened(t *testing.T) {
	content := strings.Repeat(needle+"\n", 12)
	line := base64.StdEncoding.EncodeToString([]byte(content))
	for _, c := range []struct{ name, body string }{
		{"base64 in lines", "see:\n" + strings.ReplaceAll(wrapped(content), "\r\n", "\n") + "\nbye\n"},
		{"base64 in one line", "see: " + line + " bye\n"},
		{"base64 in JSON", "{\"name\": \"x\", \"data\": \"" + line + "\"}\n"},
		{"base64 of gzip", "see:\n" + wrapped(string(gzipped(t, []byte(content+noise(2000))))) + "\nbye\n"},
		{"hexadecimal", "see: " + fmt.Sprintf("%x", content) + " bye\n"},
		{"hexadecimal in lines", "see:\n" + strings.Join(chunks(fmt.Sprintf("%X", content), 64), "\n") + "\n\nbye\n"},
		{"uuencode", "see:\n" + uuencoded(content) + "bye\n"},
		{"yEnc", "see:\n" + yEncoded(content) + "bye\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, sum := walkMail(t, mail("Content-Type: text/plain", c.body))
			if got := strings.Count(r.text.String(), needle); got != 12 {
				t.Errorf("found %d times in %.600q; unread %v", got, r.text.String(), sum.Unread)
			}
			for _, around := range []string{"bye\n", "see:"} {
				if strings.Contains(c.body, around) && !strings.Contains(r.text.String(), around) {
					t.Errorf("the text around it is lost: %.600q", r.text.String())
				}
			}
		})
	}
}

func TestTextThatOnlyLooksEncodedStaysText(t *testing.T) {
	for _, body := range []string{
		strings.Repeat("Fernsbyxquillmarchettivossbrandtokonkwofern\n", 20),
		"-----BEGIN CERTIFICATE-----\n" + wrapped(strings.Repeat("\x01\xff\x80Z", 200)) + "-----END CERTIFICATE-----\n",
		"sha: " + strings.Repeat("0123456789abcdef", 30) + "\n",
		"begin 644 words only\nnot a line of it at all, is it?\n",
		"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + needle + "\n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n",
	} {
		r, sum := walkMail(t, mail("Content-Type: text/plain", body))
		if got := strings.TrimPrefix(r.text.String(), "[header]\nSubject: x\n[1]\n"); got != body || len(sum.Unread) > 0 {
			t.Errorf("got %.300q, want %.300q; unread %v", got, body, sum.Unread)
		}
	}
}

func TestMemoryDoesNotGrowWithTheText(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 72 MB")
	}
	for _, line := range []string{needle + "\n", strings.Repeat("x", 100), "ação " + needle} {
		body := strings.Repeat(line, 24<<20/len(line))
		raw := mail("Content-Type: text/plain; charset=utf-8", body)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var d drain
		if _, err := New().Message(context.Background(), memory(raw), DefaultLimits(), &d); err != nil || d.bytes < 20<<20 {
			t.Fatal(d.bytes, err)
		}
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
			t.Errorf("%d bytes allocated for one text", allocated)
		}
	}
}

func TestUnknownContentIsSearchedForRuns(t *testing.T) {
	wide := make([]byte, 0, 2*len(needle))
	for _, u := range utf16.Encode([]rune(needle)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for _, content := range []string{needle, string(wide)} {
		b := []byte("\x01\x02\x03\x04\xff\xfe\xfd\x00\x00\x00" + strings.Repeat("\x05\x06\x00\x00", 300) + content + strings.Repeat("\x00\x07", 300))
		r, sum := walkFile(t, b, DefaultLimits())
		if !strings.Contains(r.text.String(), needle) {
			t.Errorf("not found in %q", r.text.String())
		}
		if len(sum.Unread) != 1 || sum.Unread[0].Reason != Unknown || !sum.Unread[0].Partial || sum.Unread[0].Bytes != int64(len(b)) {
			t.Errorf("unread %v", sum.Unread)
		}
	}
}

func TestRareDelimitersPartCells(t *testing.T) {
	row := func(by string) string { return strings.Repeat("Ada"+by+"ada@home.example"+by+"Leeds\n", 4) }
	want := row("\t")
	for _, by := range partings() {
		r, _ := walkMail(t, mail("Content-Type: text/plain", "Hello,\n\n"+row(by)))
		if got := r.text.String(); !strings.Contains(got, want) {
			t.Errorf("by %q: %q", by, got)
		}
	}
	for _, left := range []string{
		strings.Repeat("if a -> b then c\n", 9),
		"a -> b -> c\nx\ny -> z -> w\nmore text\n",
		strings.Repeat("a\tb => c => d\n", 9),
	} {
		if p := partingOf([]byte(left)); p.by != "" {
			t.Errorf("%q is parted by %q", left, p.by)
		}
	}
	for by, means := range map[string]string{
		strings.Repeat(`{"name" => "Ada", "town" => "Leeds"},`+"\n", 4):                           ": ",
		strings.TrimSuffix(strings.Repeat("Ada Fern, ada@home.example, 12 Mill Lane; ", 9), "; "): "\n",
		strings.Repeat("One, two; three, four and so on; five and six, seven. ", 9):               "",
	} {
		if p := partingOf([]byte(by)); p.means != means {
			t.Errorf("%.60q is parted by %q, to read %q, want %q", by, p.by, p.means, means)
		}
	}
}

func TestRowsInHeaderFieldsAreRows(t *testing.T) {
	rows := "Ada;ada@home.example\nBen;ben@home.example\nCat;cat@home.example\nDan;dan@home.example\nEve;eve@home.example\n"
	lines := strings.Split(strings.TrimSpace(rows), "\n")
	numbered := ""
	for i, l := range lines {
		numbered += fmt.Sprintf("X-Row-%d: %s\r\n", i, l)
	}
	for name, head := range map[string]string{
		"folded":          "Comments:\r\n " + strings.Join(lines, "\r\n ") + "\r\n",
		"folded, encoded": "Comments: x\r\n =?utf-8?q?" + strings.Join(lines, "?=\r\n =?utf-8?q?") + "?=\r\n",
		"numbered":        numbered,
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := walkMail(t, mail(head+"Content-Type: text/plain", "hello\n"))
			if got := r.text.String(); !strings.Contains(got, rows) {
				t.Errorf("%q has not the rows", got)
			}
		})
	}
}
