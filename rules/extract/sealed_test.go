package extract

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
)

// der makes an element of definite length.
func der(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	n := len(body)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	}
	return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// loose makes an element of indefinite length.
func loose(tag byte, parts ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
}

var (
	oidData       = der(0x06, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"))
	oidSigned     = der(0x06, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"))
	oidEnveloped  = der(0x06, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"))
	oidCompressed = der(0x06, []byte("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09"))
	berVersion    = der(0x02, []byte{1})
)

func cmsFile(content []byte) []byte {
	return der(0x30, oidSigned, der(0xa0, der(0x30, berVersion, der(0x31), der(0x30, oidData, der(0xa0, der(0x04, content))), der(0x31))))
}

func TestSMIMEIsReadUnlessItIsEnveloped(t *testing.T) {
	entity := []byte("Content-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n\r\n" + needle64 + "\r\n")
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(entity)
	z.Close()
	halves := loose(0x24, der(0x04, entity[:20]), loose(0x24, der(0x04, entity[20:50])), der(0x04, entity[50:]))
	for _, c := range []struct {
		name string
		file []byte
		want Reason // "" where it is read
	}{
		{"signed", cmsFile(entity), ""},
		{"signed, a file inside", cmsFile([]byte(needle)), ""},
		{"signed, indefinite lengths", loose(0x30, oidSigned, loose(0xa0, loose(0x30, berVersion, loose(0x31), loose(0x30, oidData, loose(0xa0, halves))))), ""},
		{"compressed", der(0x30, oidCompressed, der(0xa0, der(0x30, berVersion, der(0x30), der(0x30, oidData, der(0xa0, der(0x04, packed.Bytes())))))), ""},
		{"signed, cut off", cmsFile(append(bytes.Clone(entity), strings.Repeat("\r\n", 500)...))[:400], Corrupt},
		{"enveloped", der(0x30, oidEnveloped, der(0xa0, der(0x30, berVersion))), EndToEnd},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, sum := walkMail(t, mail("Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64", wrapped(string(c.file))))
			if c.want != EndToEnd && !strings.Contains(r.text.String(), needle) {
				t.Errorf("not found in %q", r.text.String())
			}
			if c.want == "" && len(sum.Unread) > 0 || c.want != "" && (len(sum.Unread) != 1 || sum.Unread[0].Reason != c.want) {
				t.Errorf("unread %v, want %q", sum.Unread, c.want)
			}
		})
	}
}

func TestEnvelopedAttachmentIsNoEndToEndMail(t *testing.T) {
	file := der(0x30, oidEnveloped, der(0xa0, der(0x30, berVersion)))
	_, sum := walkMail(t, mail("Content-Type: multipart/mixed; boundary=bb", "--bb\r\n\r\nhi\r\n--bb\r\nContent-Type: application/pkcs7-mime\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\n"+wrapped(string(file))+"--bb--\r\n"))
	if len(sum.Unread) != 1 || sum.Unread[0].Reason != Encrypted {
		t.Errorf("unread %v, want one %s", sum.Unread, Encrypted)
	}
}

// pgpFile makes a message that is compressed and not encrypted.
func pgpFile(content string) []byte {
	literal := append([]byte{'b', 1, 'x', 0, 0, 0, 0}, content...)
	packet := append([]byte{0xcb, 0xff, 0, 0, byte(len(literal) >> 8), byte(len(literal))}, literal...)
	var z bytes.Buffer
	z.WriteByte(2)
	w := zlib.NewWriter(&z)
	_, _ = w.Write(packet)
	w.Close()
	return append([]byte{0xa3}, z.Bytes()...)
}

func TestPGPThatIsOnlySignedOrCompressedIsRead(t *testing.T) {
	armour := "-----BEGIN PGP MESSAGE-----\r\nComment: x\r\n\r\n" + wrapped(string(pgpFile(needle))) + "=abcd\r\n-----END PGP MESSAGE-----\r\n"
	for name, raw := range map[string][]byte{
		"armour in the body": mail("Content-Type: text/plain", "hi\r\n"+armour+"bye\r\n"),
		"binary attachment":  mail("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64", wrapped(string(pgpFile(needle)))),
	} {
		r, sum := walkMail(t, raw)
		if !strings.Contains(r.text.String(), needle) || len(sum.Unread) > 0 {
			t.Errorf("%s: text %q, unread %v", name, r.text.String(), sum.Unread)
		}
		if strings.HasPrefix(name, "armour") && !strings.Contains(r.text.String(), "bye") {
			t.Errorf("%s: the text behind it is lost", name)
		}
	}
}

// tnefFile makes a winmail.dat with a body and an attachment.
func tnefFile() []byte {
	b := []byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}
	attribute := func(level byte, id uint32, data []byte) {
		b = append(b, level)
		b = binary.LittleEndian.AppendUint32(b, id)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
		b = append(append(b, data...), 0, 0)
	}
	props := binary.LittleEndian.AppendUint32(nil, 2)
	props = append(props, 0x03, 0x00, 0x17, 0x00, 1, 0, 0, 0)             // importance
	props = append(props, 0x1e, 0x00, 0x00, 0x10, 1, 0, 0, 0, 5, 0, 0, 0) // body
	props = append(props, "body\x00\x00\x00\x00"...)
	attribute(1, tnefProperties, props)
	attribute(2, tnefRendering, make([]byte, 14))
	attribute(2, tnefTitle, []byte("a.csv\x00"))
	attribute(2, tnefData, []byte(needle))
	return b
}

func TestWinmailIsOpened(t *testing.T) {
	r, sum := walkFile(t, tnefFile(), DefaultLimits())
	if got, want := r.text.String(), "[f]\nbody[f/a.csv]\n"+needle; got != want || len(sum.Unread) > 0 {
		t.Errorf("text %q, want %q; unread %v", got, want, sum.Unread)
	}
}

// TestInflateRTF reads the example of [MS-OXRTFCP] section 3.1.1.
func TestInflateRTF(t *testing.T) {
	packed := []byte{0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72, 0x63,
		0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c,
		0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0}
	if got, want := string(inflateRTF(packed)), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
