package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// Somebody looks at what a whole Bulkhead holds: masked until they say why, with
// the rows as they stand after that, and the bytes that were held.
func TestHeldMailIsLookedAt(t *testing.T) {
	p := serve(t, t.TempDir(), "maildir:"+t.TempDir())
	customers := makeCustomers(50)
	rows := csvOf(customers)
	secret := strings.Split(strings.Split(rows, "\n")[1], ",")[2] // somebody's name
	s := attached("the list", "list@isp.example", "ben@client.example", "customers.csv", "text/csv", []byte(rows))
	code, text := dial(t, p.smtp[0]).send(s.from, []string{s.to}, s.content)
	if code != 250 || !strings.Contains(text, "Held for review as ") {
		t.Fatal(code, text)
	}
	_, rest, _ := strings.Cut(text, "Held for review as ")
	id := rest[:len("BH-7K2M-Q9XD")]

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	defer browser.CloseIdleConnections()
	var link string
	waitFor(t, "the link is in the log", func() bool {
		if m := firstLink.FindStringSubmatch(p.logged()); m != nil {
			link = m[1]
		}
		return link != ""
	})
	visit(t, browser, link, url.Values{"name": {"ana"}, "password": {"correct-horse-battery"}, "again": {"correct-horse-battery"}})

	page := p.admin + "/messages/" + id
	for _, path := range []string{"", "/preview", "/evidence"} {
		if _, text := visit(t, browser, page+path, nil); strings.Contains(text, secret) || !strings.Contains(text, "Why do you need it?") {
			t.Errorf("%q without a reason:\n%s", path, text)
		}
	}
	why := url.Values{"reason": {"is it ours?"}}
	if at, text := visit(t, browser, page+"/evidence", why); at != "/messages/"+id+"/evidence" || !strings.Contains(text, secret) {
		t.Errorf("the rows in full, at %s, lack %q:\n%s", at, secret, text)
	}
	if _, text := visit(t, browser, page+"/preview", why); !strings.Contains(text, "customers.csv") || !strings.Contains(text, ">csv<") {
		t.Errorf("the message:\n%s", text)
	}
	if _, text := visit(t, browser, page+"/download", why); !strings.HasSuffix(text, string(s.content)) {
		t.Errorf("%d bytes do not end in the %d that were sent", len(text), len(s.content))
	}
	for _, kind := range []string{"evidence", "preview", "download"} {
		if got := p.metric(t, `bulkhead_reveals_total{kind="`+kind+`",result="allowed"}`); got != 1 {
			t.Errorf("%v of kind %s are counted, want 1", got, kind)
		}
	}
	out, complaint, status := runBulkhead(t, "audit", "list", "--data-dir", p.dataDir)
	if status != exitOK {
		t.Fatal(complaint)
	}
	for _, want := range []string{"unmasked", "viewed", "exported", "is it ours?"} {
		if !strings.Contains(out, want) {
			t.Errorf("the audit trail lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(p.logged(), secret) {
		t.Error("the log shows the name")
	}
	p.stop(t)
}
