package extract_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/google/go-cmp/cmp"
)

func outline(t *testing.T, message string, most int64) extract.Outline {
	t.Helper()
	message = strings.ReplaceAll(message, "\n", "\r\n")
	o, err := extract.New().Outline(t.Context(), extract.Source{ReaderAt: strings.NewReader(message), Size: int64(len(message))}, extract.Limits{}, most)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// letter has two ways to show it, a forwarded message, a file and a text whose
// declared kind is a lie.
const letter = `From: =?iso-8859-1?q?J=F6rg?= <joerg@isp.example>
Subject: two
 lines
X-Odd : space before the colon
no field at all
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=iso-8859-1; format=flowed
Content-Transfer-Encoding: quoted-printable

Sch=F6ne=20
Gr=FC=DFe
--a
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+U2Now7ZuZTwvcD4=
--a--
--m
Content-Type: message/rfc822

Subject: inner

Inside.
--m
Content-Type: text/csv; name=list.csv

a,b
--m
Content-Type: text/plain; name="notes.txt"
Content-Disposition: attachment

A note.
--m
Content-Type: text/plain
Content-Transfer-Encoding: base64

UEsDBBQAAAAIAA==
--m--
`

func TestOutlineShowsHeaderAndTexts(t *testing.T) {
	got := outline(t, letter, 1<<20)
	want := extract.Outline{
		Header: []extract.Field{
			{Name: "From", Value: "Jörg <joerg@isp.example>"}, {Name: "Subject", Value: "two lines"}, {Name: "X-Odd", Value: "space before the colon"},
			{Name: "MIME-Version", Value: "1.0"}, {Name: "Content-Type", Value: "multipart/mixed; boundary=m"},
		},
		Texts: []extract.ShownText{
			{Path: "1.1", Text: "Schöne Grüße"}, {Path: "1.2", HTML: true, Text: "<p>Schöne</p>"},
			{Path: "2/1", Place: extract.Attachment, Text: "Inside."},
			{Path: "4/notes.txt", Place: extract.Attachment, Text: "A note."},
		},
	}
	for i := range got.Texts { // how a text ends is not what this is about
		got.Texts[i].Text = strings.TrimRight(got.Texts[i].Text, "\r\n")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOutlineIsBounded(t *testing.T) {
	got := outline(t, letter, 16)
	size := 0
	for _, text := range got.Texts {
		size += len(text.Text)
	}
	if !got.HeaderCut || size > 16 || !got.Texts[len(got.Texts)-1].Cut {
		t.Errorf("of at most 16 bytes it keeps %d, and says %+v", size, got)
	}

	var many strings.Builder
	for i := range 600 {
		fmt.Fprintf(&many, "X-%d: x\n", i)
	}
	many.WriteString("Content-Type: multipart/mixed; boundary=m\n\n")
	for range 100 {
		many.WriteString("--m\nContent-Type: text/plain\n\nx\n")
	}
	got = outline(t, many.String(), 1<<20)
	if len(got.Header) != 500 || !got.HeaderCut || len(got.Texts) != 50 || !got.TextsCut {
		t.Errorf("%d fields, cut %v; %d texts, cut %v", len(got.Header), got.HeaderCut, len(got.Texts), got.TextsCut)
	}
}

// A message without any structure is a text all the same.
func TestOutlineOfLooseText(t *testing.T) {
	for message, want := range map[string]string{"": "", "just words\nand more": "just words\r\nand more", "Subject: x\n\nbody": "body"} {
		text := ""
		for _, s := range outline(t, message, 1<<20).Texts {
			text += s.Text
		}
		if text != want {
			t.Errorf("%q shows %q, want %q", message, text, want)
		}
	}
}

func TestOutlineEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := extract.New().Outline(ctx, extract.Source{ReaderAt: strings.NewReader(letter), Size: int64(len(letter))}, extract.Limits{}, 1<<20)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
