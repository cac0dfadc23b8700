package extract

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"runtime"
	"strings"
	"testing"
)

// needle is the row that every hiding place below holds.
const needle = "Ada Fernsby,ada.fernsby@home.example,1980-02-01"

var needle64 = base64.StdEncoding.EncodeToString([]byte(needle + "\r\n"))

// crlf writes a message with bare line feeds as mail has it.
func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

func walkMail(t *testing.T, raw []byte) (*record, Summary) {
	t.Helper()
	var r record
	sum, err := New().Message(context.Background(), memory(raw), DefaultLimits(), &r)
	if err != nil {
		t.Fatalf("Message: %v", err)
	}
	return &r, sum
}

func TestMIMEIsReadAsTheMostLenientReaderDoes(t *testing.T) {
	const head = "From: a@corp.test\nTo: b@corp.test\nSubject: x\nMIME-Version: 1.0\n"
	part := "Content-Type: text/csv\nContent-Transfer-Encoding: base64\n\n" + needle64 + "\n"
	for _, c := range []struct{ name, raw string }{
		{"plain body", head + "\n" + needle + "\n"},
		{"no header at all", needle + "\nand more\n"},
		{"no empty line before the body", head + needle + "\n"},
		{"base64", head + "Content-Transfer-Encoding: base64\n\n" + needle64 + "\n"},
		{"base64 in lines of four", head + "Content-Transfer-Encoding: base64\n\n" + strings.Join(chunks(needle64, 4), "\n") + "\n"},
		{"base64 with junk", head + "Content-Transfer-Encoding: base64\n\n" + strings.Join(chunks(needle64, 7), "*&!\n") + "\n"},
		{"base64 after padding", head + "Content-Transfer-Encoding: base64\n\nYQ==\n" + needle64 + "\n"},
		{"base64 cut off", head + "Content-Transfer-Encoding: base64\n\n" + strings.TrimRight(needle64, "=")},
		{"encoding in quotes", head + "Content-Transfer-Encoding: \"base64\"\n\n" + needle64 + "\n"},
		{"encoding with a comment", head + "Content-Transfer-Encoding: base64 (really)\n\n" + needle64 + "\n"},
		{"encoding with a semicolon", head + "Content-Transfer-Encoding: base64; x=y\n\n" + needle64 + "\n"},
		{"encoding in capitals", head + "CONTENT-TRANSFER-ENCODING: BASE64\n\n" + needle64 + "\n"},
		{"encoding twice, right first", head + "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\n" + needle64 + "\n"},
		{"encoding twice, right last", head + "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\n" + needle64 + "\n"},
		{"encoding folded", head + "Content-Transfer-Encoding:\n base64\n\n" + needle64 + "\n"},
		{"space before the colon", head + "Content-Transfer-Encoding : base64\n\n" + needle64 + "\n"},
		{"a header line without a colon", head + "junk\nContent-Transfer-Encoding: base64\n\n" + needle64 + "\n"},
		{"mbox line first", "From a@corp.test Mon Nov 23 10:00:00 2026\n" + head + "Content-Transfer-Encoding: base64\n\n" + needle64 + "\n"},
		{"quoted-printable", head + "Content-Transfer-Encoding: quoted-printable\n\nAda Fern=73by,ada.fernsby=\n=40home.example,1980-=  \n02-01\n"},
		{"quoted-printable in lower case", head + "Content-Transfer-Encoding: quoted-printable\n\nAda Fernsby,ada=2efernsby@home.example,1980=2d02-01\n"},

		{"multipart", head + "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n" + part + "--bb--\n"},
		{"boundary with a space inside", head + "Content-Type: multipart/mixed; boundary=\"b b\"\n\n--b b\n" + part + "--b b--\n"},
		{"boundary line with blanks after it", head + "Content-Type: multipart/mixed; boundary=bb\n\n--bb \t\n" + part + "--bb--\n"},
		{"boundary in a comment and outside", head + "Content-Type: multipart/mixed (boundary=zz); (q) boundary=(w)bb\n\n--bb\n" + part + "--bb--\n"},
		{"boundary that a comment-blind reader takes", head + "Content-Type: multipart/mixed; (x; boundary=zz;) boundary=bb\n\n--zz\n" + part + "--zz--\n"},
		{"boundary twice, first used", head + "Content-Type: multipart/mixed; boundary=bb; boundary=zz\n\n--bb\n" + part + "--bb--\n"},
		{"boundary twice, last used", head + "Content-Type: multipart/mixed; boundary=zz; boundary=bb\n\n--bb\n" + part + "--bb--\n"},
		{"boundary twice, both used", head + "Content-Type: multipart/mixed; boundary=zz; boundary=bb\n\n--zz\n\nhello\n--zz--\n--bb\n" + part + "--bb--\n"},
		{"boundary in pieces", head + "Content-Type: multipart/mixed; boundary*0=b; boundary*1=b\n\n--bb\n" + part + "--bb--\n"},
		{"boundary percent-encoded", head + "Content-Type: multipart/mixed; boundary*=us-ascii''%62b\n\n--bb\n" + part + "--bb--\n"},
		{"boundary without semicolon", head + "Content-Type: multipart/mixed boundary=bb\n\n--bb\n" + part + "--bb--\n"},
		{"boundary with an open quote", head + "Content-Type: multipart/mixed; boundary=\"bb\n\n--bb\n" + part + "--bb--\n"},
		{"no boundary named", head + "Content-Type: multipart/mixed\n\n--bb\n" + part + "--bb--\n"},
		{"wrong boundary named", head + "Content-Type: multipart/mixed; boundary=zz\n\n--bb\n" + part + "--bb--\n"},
		{"no closing boundary", head + "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n" + part},
		{"parts after the closing boundary", head + "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n\nhello\n--bb--\n--bb\n" + part + "--bb--\n"},
		{"in the preamble", head + "Content-Type: multipart/mixed; boundary=bb\n\n" + needle + "\n--bb\n\nhello\n--bb--\n"},
		{"in the epilogue", head + "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n\nhello\n--bb--\n" + needle + "\n"},
		{"part without a header", head + "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n" + needle + "\n--bb--\n"},
		{"multipart base64-encoded", head + "Content-Type: multipart/mixed; boundary=bb\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte("--bb\r\n"+strings.ReplaceAll(part, "\n", "\r\n")+"--bb--\r\n")) + "\n"},
		{"Content-Type twice, multipart first", head + "Content-Type: multipart/mixed; boundary=bb\nContent-Type: text/plain\n\n--bb\n" + part + "--bb--\n"},
		{"Content-Type twice, multipart last", head + "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n" + part + "--bb--\n"},
		{"Content-Type of nonsense", head + "Content-Type: =?;/;;x\nContent-Transfer-Encoding: base64\n\n" + needle64 + "\n"},
		{"nested multipart", head + "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n" + part + "--bb--\n--o--\n"},
		{"multipart/signed", head + "Content-Type: multipart/signed; boundary=bb\n\n--bb\n" + part + "--bb\nContent-Type: application/pgp-signature\n\nx\n--bb--\n"},

		{"forwarded", head + "Content-Type: message/rfc822\n\n" + head + "\n" + needle + "\n"},
		{"forwarded as message/global", head + "Content-Type: message/global\n\n" + head + "\n" + needle + "\n"},
		{"forwarded in base64", head + "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString(crlf(head+"Content-Transfer-Encoding: base64\n\n"+needle64+"\n")) + "\n"},
		{"forwarded as octet-stream", head + "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString(crlf(head+"Content-Transfer-Encoding: base64\n\n"+needle64+"\n")) + "\n"},
		{"digest", head + "Content-Type: multipart/digest; boundary=bb\n\n--bb\n\n" + head + "Content-Transfer-Encoding: base64\n\n" + needle64 + "\n--bb--\n"},
		{"partial, the only one", head + "Content-Type: message/partial; id=x; number=1; total=1\n\n" + head + "\n" + needle + "\n"},
		{"partial", head + "Content-Type: message/partial; id=x; number=1; total=2\n\n" + head + "\n" + needle + "\n"},
		{"in a header field", head + "X-Note: " + needle + "\n\nhello\n"},
		{"in the subject", "From: a@corp.test\nTo: b@corp.test\nSubject: " + needle + "\n\nhello\n"},
		{"in a header field, encoded", head + "X-Note: =?utf-8?b?" + needle64[:40] + "?=\n =?utf-8?b?" + needle64[40:] + "?=\n\nhello\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, sum := walkMail(t, crlf(c.raw))
			got := strings.ReplaceAll(r.text.String(), "\t", "")
			if !strings.Contains(got, needle) {
				t.Errorf("not found in %q\nparts %v\nunread %v", r.text.String(), sum.Parts, sum.Unread)
			}
		})
	}
}

func chunks(s string, n int) []string {
	var out []string
	for len(s) > n {
		out, s = append(out, s[:n]), s[n:]
	}
	return append(out, s)
}

func TestAddressAndTransportFieldsAreNoText(t *testing.T) {
	r, _ := walkMail(t, crlf("Received: from x (y [192.0.2.1])\nFrom: A <a@corp.test>\nTo: b@corp.test\nCc: c@corp.test,\n d@corp.test\n"+
		"Reply-To: e@corp.test\nList-Id: <l.corp.test>\nDKIM-Signature: v=1; a=b\nMessage-ID: <1@corp.test>\nSubject: Hi\n\nbody\n"))
	if got, want := r.text.String(), "[header]\nSubject: Hi\n[1]\nbody\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPartsAreNamedByNumberAndFileName(t *testing.T) {
	raw := crlf("From: a@corp.test\nSubject: x\nContent-Type: multipart/mixed; boundary=o\n\n" +
		"--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\nhello\n--i\nContent-Type: text/html\n\n<p>hello\n--i--\n" +
		"--o\nContent-Type: text/csv; name*=iso-8859-1''caf%E9.csv\nContent-Disposition: attachment\n\na,b\n" +
		"--o\nContent-Type: text/csv; name=\"=?utf-8?q?=C3=A9t=C3=A9.csv?=\"\n\na,b\n" +
		"--o\nContent-Type: message/rfc822\nContent-Disposition: attachment; filename=fwd.eml\n\nFrom: a@corp.test\nSubject: y\n\nhello\n--o--\n")
	_, sum := walkMail(t, raw)
	var got []string
	for _, p := range sum.Parts {
		got = append(got, p.Path+" "+string(p.Format)+" "+[]string{"body", "attachment", "header"}[p.Place])
	}
	want := []string{"1.1 text body", "1.2 html body", "2/café.csv csv attachment", "3/été.csv csv attachment",
		"4/fwd.eml rfc822 attachment", "4/fwd.eml/1 text attachment"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatIsElsewhereOrSealedIsUnread(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		want      Reason
	}{
		{"partial", "Content-Type: message/partial; id=x; number=2; total=2\n\nrest\n", External},
		{"external body", "Content-Type: message/external-body; access-type=URL; URL=\"https://corp.test/x\"\n\nContent-Type: text/csv\n\n", External},
		{"PGP/MIME", "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=bb\n\n--bb\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n" +
			"--bb\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMAwAAAAAAAAAAAQf/AAAA\n=AAAA\n-----END PGP MESSAGE-----\n--bb--\n", EndToEnd},
		{"PGP in the body", "\nread this:\n-----BEGIN PGP MESSAGE-----\nVersion: x\n\nhQEMAwAAAAAAAAAAAQf/AAAA\n=AAAA\n-----END PGP MESSAGE-----\n", EndToEnd},
		{"PGP attachment", "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n\nhi\n--bb\nContent-Disposition: attachment; filename=x.asc\n\n" +
			"-----BEGIN PGP MESSAGE-----\n\nhQEMAwAAAAAAAAAAAQf/AAAA\n=AAAA\n-----END PGP MESSAGE-----\n--bb--\n", Encrypted},
		{"openssl", "Content-Disposition: attachment; filename=x\nContent-Transfer-Encoding: base64\n\nU2FsdGVkX18AAAAAAAAAAAAAAAAAAAAA\n", Encrypted},
		{"no known format", "Content-Disposition: attachment; filename=x\nContent-Transfer-Encoding: base64\n\nAQIDBAUGBwgBAgMEBQYHCAECAwQFBgcI\n", Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, sum := walkMail(t, crlf("From: a@corp.test\nSubject: x\n"+c.raw))
			if len(sum.Unread) != 1 || sum.Unread[0].Reason != c.want {
				t.Errorf("unread %v, want one %s", sum.Unread, c.want)
			}
		})
	}
}

func TestDeepNestingIsBoundedAndStillSearched(t *testing.T) {
	raw := []byte(needle + "\r\n")
	for range 200 {
		raw = append([]byte("From: a@corp.test\r\nSubject: x\r\nContent-Type: message/rfc822\r\n\r\n"), raw...)
	}
	r, sum := walkMail(t, raw)
	if len(sum.Unread) != 1 || sum.Unread[0].Reason != TooDeep {
		t.Errorf("unread %v, want one %s", sum.Unread, TooDeep)
	}
	if !strings.Contains(r.text.String(), needle) {
		t.Error("the text below the bound was not searched")
	}
}

func TestManyPartsAreBounded(t *testing.T) {
	raw := append(crlf("From: a@corp.test\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n"), bytes.Repeat([]byte("--b\r\n\r\nx\r\n"), 100000)...)
	_, sum := walkMail(t, raw)
	if len(sum.Parts) != DefaultLimits().Parts || len(sum.Unread) != 1 || sum.Unread[0].Reason != TooMany {
		t.Errorf("%d parts, unread %v", len(sum.Parts), sum.Unread)
	}
}

func TestLongHeaderIsSearchedAndReported(t *testing.T) {
	raw := append([]byte("From: a@corp.test\r\nSubject: x\r\n"), bytes.Repeat([]byte("X-Pad: "+strings.Repeat("y", 990)+"\r\n"), 1200)...)
	raw = append(raw, "X-Last: "+needle+"\r\n\r\nbody\r\n"...)
	r, sum := walkMail(t, raw)
	if len(sum.Unread) != 1 || sum.Unread[0].Reason != TooBig {
		t.Errorf("unread %v, want one %s", sum.Unread, TooBig)
	}
	if !strings.Contains(r.text.String(), needle) || !strings.Contains(r.text.String(), "[1]\nbody") {
		t.Error("the end of the header or the body was not read")
	}
}

func TestIsMessage(t *testing.T) {
	for _, c := range []struct {
		head string
		want bool
	}{
		{"From: a@corp.test\r\nTo: b@corp.test\r\n\r\nx", true},
		{"Received: from x\n\tby y\nSubject: z\n\n", true},
		{"From a@corp.test Mon\nFrom: a@corp.test\nSubject: x\n\n", false}, // mbox
		{"Content-Type: multipart/mixed; boundary=x\n\n--x\n", true},
		{"name,email\nAda,ada@home.example\n", false},
		{"name: Ada\nemail: ada@home.example\n", false},
		{"Subject: only\n\nx", false},
		{"{\"From\": 1,\n\"To\": 2}", false},
		{"<p>From: x\nTo: y\n", false},
		{"", false},
	} {
		if got := IsMessage([]byte(c.head)); got != c.want {
			t.Errorf("IsMessage(%q) = %v", c.head, got)
		}
	}
}

func TestAFieldOfManyLinesIsUnfoldedInOneGo(t *testing.T) {
	const lines = 100_000
	block := "X-A: b\n" + strings.Repeat(" c\n", lines) + "To: d\n e\n\n"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h := readHeader(bufio.NewReader(strings.NewReader(block)), 1<<20)
	runtime.ReadMemStats(&after)
	if got, want := h.all("x-a"), "b"+strings.Repeat(" c", lines); len(got) != 1 || got[0] != want || h.all("to")[0] != "d e" {
		t.Errorf("values %.40q and %q", got, h.all("to"))
	}
	if n := len(h.fields[0].folds); n != lines || strings.Count(h.fields[0].lines(), "\nc") != lines {
		t.Errorf("%d lines, want %d", n, lines)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
		t.Errorf("took %d bytes of memory for a header of %d", took, len(block))
	}
}
