package extract

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/table"
)

// tight is a set of bounds small enough for a fuzz target to reach.
var tight = Limits{Bytes: 8 << 20, PartBytes: 4 << 20, Ratio: 50, Depth: 8, Parts: 60, Entries: 40, Cells: 50_000,
	HeaderSize: 8 << 10, Memory: 1 << 20, Time: 20 * time.Second}

// strict is a sink that checks what every sink may rely on.
type strict struct {
	t     *testing.T
	bytes int64
	cells int64
}

func (s *strict) Text(p Part, r io.Reader) error {
	s.part(p)
	b, err := io.ReadAll(r)
	if err != nil {
		s.t.Errorf("%s: the reader gave the sink an error: %v", p.Path, err)
	}
	if s.bytes += int64(len(b)); !utf8.Valid(b) {
		s.t.Errorf("%s: text is not UTF-8", p.Path)
	}
	return nil
}

func (s *strict) Table(p Part, g table.Grid) error {
	s.part(p)
	for {
		row, err := g.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			s.t.Errorf("%s: the grid gave the sink an error: %v", p.Path, err)
			return nil
		}
		s.cells += int64(len(row))
		for _, c := range row {
			s.bytes += int64(len(c))
		}
	}
}

func (s *strict) part(p Part) {
	if !utf8.ValidString(p.Path) || strings.ContainsAny(p.Path, "\r\n\x00") || p.Format == "" {
		s.t.Errorf("part %q of format %q", p.Path, p.Format)
	}
}

// checkSummary checks the bounds on what was met.
func checkSummary(t *testing.T, s *strict, sum Summary, err error) {
	if err != nil {
		t.Errorf("error %v", err)
	}
	if len(sum.Parts) > tight.Parts || s.cells > tight.Cells+maxCells || s.bytes > 8*tight.Bytes {
		t.Errorf("past the bounds: %d parts, %d cells, %d bytes", len(sum.Parts), s.cells, s.bytes)
	}
	for _, u := range sum.Unread {
		if u.Reason == Failed {
			t.Errorf("a parser failed on %s (%s): %+v", u.Path, u.Format, sum.Faults)
		}
		if u.Reason == "" || u.Detail == "" || u.Format == "" {
			t.Errorf("unread %+v", u)
		}
	}
}

func fuzzSeeds(f *testing.F) [][]byte {
	row := strings.Repeat(needle+"\n", 12)
	seeds := [][]byte{
		[]byte(row),
		zipOf(f, "a.csv", row, "b.txt", "x"),
		zipStored(f, "a", row),
		encryptedZip(f, "infected", row),
		nestedZip(f, 12),
		overlapping(f, 20),
		gzipped(f, []byte(row)),
		tarOf(f, "a.csv", row),
		[]byte(htmlTable(5)),
		[]byte("<div><div><div>1</div><div>2</div></div><div><div>3</div><div>4</div></div></div><table><tr><td rowspan=3>a<table><tr><td>b<td>c<tr><td>d<td>e"),
		[]byte(`{\rtf1\ansi\ansicpg1251 \'c0\u201?{\*\objdata 0105d0cf}\trowd\intbl n\cell m\cell\row\pard x}`),
		[]byte("<?xml version='1.0'?><l><p a='1'><n>Ada</n></p><p a='2'><n>Bram</n></p></l>"),
		[]byte("<Workbook xmlns:ss='urn:schemas-microsoft-com:office:spreadsheet'><Row><Cell ss:Index='3'><Data>x</Data></Cell></Row></Workbook>"),
		[]byte("From a Mon\nFrom: a@b.test\nSubject: x\n\nhi\n\nFrom b Mon\nFrom: a@b.test\nSubject: y\n\nhi\n"),
		[]byte(uuencoded(row)), []byte(yEncoded(row)), []byte(wrapped(row)),
		[]byte("> " + strings.ReplaceAll(uuencoded(row), "\n", "\n> ")), []byte("  " + strings.ReplaceAll(wrapped(row), "\r\n", "\n  ")),
		[]byte(base32.StdEncoding.EncodeToString([]byte(row))), []byte("[" + each("%d, ", row) + "]"), []byte(octalDumped([]byte(row))),
		[]byte("ID;P\nC;X1;Y1;K\"Ada\"\nC;X3;K2\nC;Y9;X1;K\"b;;c\"\n"), []byte(strings.Repeat("Ada => ada@home.example => 1\n", 6)),
		[]byte("<style>.h{display:none}.t{unicode-bidi:bidi-override;direction:rtl}</style><p>a<b class=h>x</b>b <i class=t>dc</i><table class=t><tr><td>1<td hidden>2</table>"),
		[]byte("<svg><g transform='translate(1,2)'><text x='1' y='1e9'>a<tspan dx='9' dy='1em'>b</tspan></text></g></svg><p style='position:absolute;left:1px;top:2px'>c<div style='position:fixed;top:0;left:-9px'>d"),
		[]byte("<w:wordDocument xmlns:w='http://schemas.microsoft.com/office/word/2003/wordml'><w:tbl><w:tr><w:tc><w:p><w:t>a</w:t></w:p></w:tc></w:tr></w:tbl></w:wordDocument>"),
		tnefFile(), cmsFile([]byte("Content-Type: text/csv\r\n\r\n" + row)), pgpFile(row),
		[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x05tEXtabcde1234\x00\x00\x00\x00IEND1234" + row),
		[]byte("\xff\xd8\xff\xfe\x00\x08abcdef\xff\xda\x00\x02xx\xff\xd9" + row),
		[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00!\xfe\x03abc\x00;" + row),
	}
	files, _ := filepath.Glob("testdata/*")
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil {
			seeds = append(seeds, b)
		}
	}
	return seeds
}

func FuzzFile(f *testing.F) {
	for _, s := range fuzzSeeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &strict{t: t}
		sum, err := New().File(context.Background(), "f", memory(b), tight, s)
		checkSummary(t, s, sum, err)
	})
}

func FuzzMessage(f *testing.F) {
	head := "From: a@b.test\r\nSubject: =?utf-8?q?x?=\r\n"
	for _, s := range fuzzSeeds(f) {
		f.Add([]byte(head + "Content-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(s)))
	}
	f.Add([]byte(head + "Content-Type: multipart/mixed; boundary=b; boundary*0=\"c\"\r\n\r\npre\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + head +
		"\r\nhi\r\n--b\r\nContent-Type: text/html; charset=utf-7\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=3D\r\n--b--\r\nepi"))
	f.Add([]byte(head + "Content-Type: text/plain; format=flowed; delsp=yes\r\nContent-Type : multipart/digest (x)\r\n\r\n> a \r\n--b\r\n\r\n" + head + "\r\nx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &strict{t: t}
		sum, err := New().Message(context.Background(), memory(b), tight, s)
		checkSummary(t, s, sum, err)
	})
}

// FuzzZip keeps the structure of a zip while its headers change.
func FuzzZip(f *testing.F) {
	f.Add(uint16(8), uint16(0), uint32(30), uint32(100), []byte(needle))
	f.Fuzz(func(t *testing.T, method, flags uint16, packed, offset uint32, content []byte) {
		b := zipStored(t, "a.csv", string(content))
		put := func(at int, v ...byte) { copy(b[at:], v) }
		dir := bytes.Index(b, []byte(zipCentral))
		put(dir+8, byte(flags), byte(flags>>8), byte(method), byte(method>>8))
		put(dir+20, byte(packed), byte(packed>>8), byte(packed>>16), byte(packed>>24))
		put(dir+42, byte(offset), byte(offset>>8), byte(offset>>16), byte(offset>>24))
		s := &strict{t: t}
		sum, err := New().File(context.Background(), "f", memory(b), tight, s)
		checkSummary(t, s, sum, err)
	})
}
