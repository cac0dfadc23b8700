package extract

import (
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

const escapeSample = "Name;Mail;Town\r\nMårten Åkesson;m.akesson@post.example;Umeå\r\nInês Araújo;i.araujo@correio.example;Évora\r\n"

// each writes every byte of s with a format.
func each(format, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func TestUndeclaredEscapesAreUndone(t *testing.T) {
	for name, in := range map[string]string{
		"quoted-printable": each("=%02X", escapeSample),
		"percent":          each("%%%02x", escapeSample),
		"entities":         entities(escapeSample),
		"backslash x":      each(`\x%02x`, escapeSample),
		"encoded words":    encodedWords(escapeSample),
		"octal":            each(`\%03o`, escapeSample),
		"its punctuation":  strings.NewReplacer(";", "=3B", "@", "=40", "å", "=C3=A5", "Å", "=C3=85", ".", "=2E").Replace(escapeSample),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := io.ReadAll(newUnescaped(strings.NewReader(in), escapesOf([]byte(in))))
			if err != nil || string(got) != escapeSample {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// encodedWords writes each line as a word in which all is escaped.
func encodedWords(s string) string {
	lines := strings.SplitAfter(s, "\r\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "=?utf-8?q?" + each("=%02X", strings.TrimSuffix(l, "\r\n")) + "?=\r\n"
		}
	}
	return strings.Join(lines, "") + "=?utf-8?q??="
}

func entities(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, "&#%d;", r)
	}
	return b.String()
}

func TestSignsThatMeanThemselvesAreLeft(t *testing.T) {
	for _, in := range []string{
		strings.Repeat("a=10 b=20 c=30\n", 40),
		strings.Repeat("rose by 12% to 40% of 3\n", 40),
		strings.Repeat("width=25 height=41\n", 40),
		`C:\temp\x11` + "\n" + escapeSample,
	} {
		if e := escapesOf([]byte(in)); e != unescapedText {
			t.Errorf("%.30q is taken for escapes of kind %d", in, e)
		}
	}
}

func TestCarverOpensOldEncodings(t *testing.T) {
	data := strings.Repeat(escapeSample, 40)
	lines := chunks(hex.EncodeToString([]byte(data)), 64)
	in64 := chunks(base64.StdEncoding.EncodeToString([]byte(data)), 76)
	in85 := make([]byte, ascii85.MaxEncodedLen(len(data)))
	in85 = in85[:ascii85.Encode(in85, []byte(data))]
	for name, in := range map[string]string{
		"xxencode":          xxEncoded([]byte(data)),
		"binhex":            binHexed([]byte(data)),
		"hex past a buffer": strings.Join(lines, "\r\n"),
		"hexdump":           dumped([]byte(data), "%08x  ", "  |%s|"),
		"xxd":               dumped([]byte(data), "%08x: ", "  %s"),
		"bare pairs":        dumped([]byte(data), "", ""),

		"base64, quoted":       "> " + strings.Join(in64, "\n> "),
		"base64, quoted twice": ">> " + strings.Join(in64, "\n>> "),
		"base64, indented":     "\t" + strings.Join(in64, "\n\t"),
		"base64 in groups":     strings.Join(chunks(strings.Join(chunks(strings.Join(in64, ""), 8), " "), 72), "\n"),
		"base64 for URLs":      base64.URLEncoding.EncodeToString([]byte(data)),
		"base64 in an armour":  "-----BEGIN DATA-----\n" + strings.Join(in64, "\n") + "\n-----END DATA-----",
		"base32":               strings.Join(chunks(base32.StdEncoding.EncodeToString([]byte(data)), 72), "\n"),
		"base32 in lower case": strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(data))),
		"base32hex":            base32.HexEncoding.EncodeToString([]byte(data)),
		"ASCII85":              strings.Join(chunks(string(in85), 75), "\n"),
		"ASCII85 in its frame": "<~" + string(in85) + "~>",
		"uuencode, quoted":     "> " + strings.ReplaceAll(uuencoded(data), "\n", "\n> "),
		"uuencode, indented":   "  " + strings.ReplaceAll(uuencoded(data), "\n", "\n  "),
		"uuencode, no frame":   strings.TrimSuffix(strings.SplitN(uuencoded(data), "\n", 2)[1], "`\nend\n"),
		"numbers":              "[" + strings.TrimSuffix(each("%d, ", data), ", ") + "]",
		"bytes of a program":   "{ " + each("0x%02x, ", data) + "}",
		"hex with colons":      strings.Join(chunks(each("%02x:", data), 75), "\n"),
		"binary":               strings.Join(chunks(each("%08b ", data), 72), "\n"),
		"octal of od":          octalDumped([]byte(data)),
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := walkMail(t, mail("Content-Type: text/plain", "Hello\n\n"+in+"\n"))
			if got := r.text.String(); !strings.Contains(got, data) {
				t.Errorf("the content is not in what was found: %.400q", got)
			}
		})
	}
}

// TestListsOfNumbersAreLeft: measurements spell no words, even where each is a
// character's number.
func TestListsOfNumbersAreLeft(t *testing.T) {
	for _, in := range []string{
		strings.Repeat("45, 58, 44, 61, 32, 97, 44\n", 60),
		strings.Repeat("00:1b:44:11:3a:b7\n", 60),
		strings.Repeat("101 102 99 44 58 33 61 60\n", 60),
		strings.Repeat("2026-10-03 12:30:01 100 101\n", 60),
	} {
		r, _ := walkMail(t, mail("Content-Type: text/plain", in))
		if got := r.text.String(); !strings.Contains(got, in) {
			t.Errorf("%.30q became %.100q", in, got)
		}
	}
}

func TestOddLineEndsEndLines(t *testing.T) {
	const want = "name\tmail\nAda\tada@home.example\nMaud\tmaud@home.example\n"
	for name, in := range map[string]string{
		"CR":           strings.ReplaceAll(want, "\n", "\r"),
		"VT":           strings.ReplaceAll(want, "\n", "\v"),
		"EBCDIC":       encoded(t, charmap.CodePage037, strings.ReplaceAll(want, "\n", "\u0085")),
		"EBCDIC lines": encoded(t, charmap.CodePage037, want),
		"coloured":     "\x1b[1;31m" + strings.ReplaceAll(want, "\t", "\x1b[0m\t\x1b[32m") + "\x1b[0m",
		"NUL":          strings.ReplaceAll(want, "\t", "\x00") + "more\n",
	} {
		t.Run(name, func(t *testing.T) {
			r, sum := walkFile(t, []byte(in), DefaultLimits())
			if got := r.text.String(); !strings.Contains(got, want) || len(sum.Unread) > 0 {
				t.Errorf("got %q; unread %v", got, sum.Unread)
			}
		})
	}
}

// octalDumped is what od -b writes.
func octalDumped(data []byte) string {
	var b strings.Builder
	for at := 0; at < len(data); at += 16 {
		fmt.Fprintf(&b, "%07o%s\n", at, each(" %03o", string(data[at:min(at+16, len(data))])))
	}
	return b.String()
}

func TestCaptionsGiveTextOfBinaryFiles(t *testing.T) {
	noise := strings.Repeat("\x00\x9c\x01ab\xff", 5000)
	got, err := io.ReadAll(&captions{r: strings.NewReader(noise + escapeSample + noise)})
	if err != nil || string(got) != escapeSample+"\n" {
		t.Errorf("got %.200q, %v", got, err)
	}
}

func xxEncoded(data []byte) string {
	var b strings.Builder
	b.WriteString("begin 644 people.csv\n")
	for len(data) > 0 {
		n := min(len(data), 45)
		line := append([]byte(nil), data[:n]...)
		data = data[n:]
		b.WriteByte(xxAlphabet[n])
		line = append(line, make([]byte, (3-n%3)%3)...)
		b.WriteString(sextets(line, xxAlphabet))
		b.WriteByte('\n')
	}
	return b.String() + "+\nend\n"
}

// sextets writes whole groups of three bytes in an alphabet of 64.
func sextets(b []byte, alphabet string) string {
	var out strings.Builder
	for i := 0; i+2 < len(b); i += 3 {
		v := int(b[i])<<16 | int(b[i+1])<<8 | int(b[i+2])
		for shift := 18; shift >= 0; shift -= 6 {
			out.WriteByte(alphabet[v>>shift&63])
		}
	}
	return out.String()
}

func binHexed(data []byte) string {
	head := "\x04data\x00TEXTttxt\x00\x00" + string([]byte{0, 0, byte(len(data) >> 8), byte(len(data))}) + "\x00\x00\x00\x00\x12\x34"
	b := append([]byte(head), data...)
	b = append(b, make([]byte, 3-len(b)%3)...)
	return "(This file must be converted with BinHex 4.0)\n\n" + strings.Join(chunks(":"+sextets(b, binHexAlphabet)+":", 64), "\n")
}

func dumped(data []byte, offset, tail string) string {
	var b strings.Builder
	for at := 0; at < len(data); at += 16 {
		line := data[at:min(at+16, len(data))]
		if offset != "" {
			fmt.Fprintf(&b, offset, at)
		}
		fmt.Fprintf(&b, "%-47s", strings.TrimSpace(each("%02x ", string(line))))
		if tail != "" {
			shown := strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return '.'
				}
				return r
			}, string(line))
			fmt.Fprintf(&b, tail, shown)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
