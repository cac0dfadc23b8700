package notify_test

import (
	"bufio"
	"io"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/notify"
	"github.com/emersion/go-message"
)

func original() notify.Original {
	return notify.Original{
		EnvelopeID: "run+2B7", Received: time.Date(2031, 3, 5, 9, 29, 0, 0, time.UTC),
		Recipients: []notify.Recipient{
			{Address: "reader@client.test", Original: "rfc822;Reader+2Bx@client.test"},
			{Address: "quiet@client.test", Never: true},
			{Address: "jörg@client.test", Original: "rfc822;j+C3+B6rg@client.test"},
			{Address: "bad@client.test\r\nStatus: 2.0.0"},
		},
		Header: []byte("Received: from tool\r\n\tby relay\r\nFrom: tool@office.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nthe secret body"),
	}
}

// A non-delivery notice is what RFC 3464 says, so that programs read it.
func TestNonDeliveryNoticeIsAReport(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = nil })
	e := opened()
	e.Kind = notify.Refused
	if err := w.Return(t.Context(), e, sender, original()); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if len(w.box.letters) != 1 || w.box.letters[0].from != "" || w.box.letters[0].to != sender.Address {
		t.Fatalf("letters %+v", w.box.letters)
	}
	text := w.box.letters[0].content
	if strings.Contains(text, "secret body") {
		t.Error("the content is returned")
	}
	for i, line := range strings.Split(text, "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") || !isASCII(line) {
			t.Errorf("line %d is no line of mail: %q", i+1, line)
		}
	}
	m, err := message.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := m.Header.ContentType()
	if err != nil || kind != "multipart/report" || params["report-type"] != "delivery-status" || m.Header.Get("Auto-Submitted") != "auto-replied" {
		t.Fatalf("it is %s %v, %q, %v", kind, params, m.Header.Get("Auto-Submitted"), err)
	}
	parts := map[string]string{}
	var order []string
	for r := m.MultipartReader(); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := p.Header.ContentType()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		parts[kind] = string(body)
		order = append(order, kind)
	}
	if strings.Join(order, " ") != "text/plain message/delivery-status text/rfc822-headers" {
		t.Fatalf("parts %v", order)
	}
	if !strings.Contains(parts["text/rfc822-headers"], "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=") {
		t.Errorf("the returned header is\n%s", parts["text/rfc822-headers"])
	}
	groups := statusGroups(t, parts["message/delivery-status"])
	if len(groups) != 1+3 {
		t.Fatalf("%d groups of fields, want the message's and 3:\n%s", len(groups), parts["message/delivery-status"])
	}
	if g := groups[0]; g.Get("Reporting-Mta") != "dns; relay.office.test" || g.Get("Original-Envelope-Id") != "run+7" {
		t.Errorf("the message's fields are %v", g)
	}
	if g := groups[1]; g.Get("Final-Recipient") != "rfc822; reader@client.test" || g.Get("Original-Recipient") != "rfc822; Reader+x@client.test" ||
		g.Get("Action") != "failed" || g.Get("Status") != "5.7.1" {
		t.Errorf("a recipient's fields are %v", g)
	}
	if g := groups[2]; g.Get("Final-Recipient") != `utf-8; j\x{F6}rg@client.test` {
		t.Errorf("an internationalised recipient's fields are %v", g)
	}
	if g := groups[3]; g.Get("Status") != "5.7.1" || len(g["Status"]) != 1 {
		t.Errorf("a recipient wrote a field: %v", g)
	}
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 126 }) < 0 }

func statusGroups(t *testing.T, text string) (groups []textproto.MIMEHeader) {
	t.Helper()
	r := textproto.NewReader(bufio.NewReader(strings.NewReader(text + "\r\n")))
	for {
		g, err := r.ReadMIMEHeader()
		if len(g) > 0 {
			groups = append(groups, g)
		}
		if err == io.EOF || len(g) == 0 {
			return groups
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNobodyIsToldWhoAskedForNoNotice(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = nil })
	o := original()
	o.Recipients = o.Recipients[1:2]
	e := opened()
	e.Kind = notify.Refused
	if err := w.Return(t.Context(), e, sender, o); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	if len(w.box.letters) != 0 {
		t.Error("NOTIFY=NEVER is answered with a notice")
	}
}

func TestLongHeaderIsCutBetweenFields(t *testing.T) {
	w := newWorld(t, func(c *notify.Config) { c.Mail.To = nil })
	o := original()
	o.Header = []byte("First: 1\r\n" + strings.Repeat("Long: "+strings.Repeat("x", 60)+"\r\n\tfolded "+strings.Repeat("y", 60)+"\r\n", 1000) + "\r\n")
	e := opened()
	e.Kind = notify.Refused
	if err := w.Return(t.Context(), e, sender, o); err != nil {
		t.Fatal(err)
	}
	w.flush(t)
	_, header, _ := strings.Cut(w.box.letters[0].content, "text/rfc822-headers")
	if n := strings.Count(header, "Long:"); n < 400 || n > 500 || n != strings.Count(header, "folded") {
		t.Errorf("%d fields, %d of their second lines", n, strings.Count(header, "folded"))
	}
}
