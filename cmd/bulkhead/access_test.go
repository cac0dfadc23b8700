package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

// firstLink is the link that the log has while nobody can log in.
var firstLink = regexp.MustCompile(`"link":"(http[^"]+/first/[A-Z2-7]+)"`)

// visit opens an address, or sends a form to it, and gives where one ends up and
// what is there.
func visit(t *testing.T, browser *http.Client, address string, form url.Values) (at, text string) {
	t.Helper()
	ask := func() (*http.Response, error) { return browser.Get(address) }
	if form != nil {
		ask = func() (*http.Response, error) { return browser.PostForm(address, form) }
	}
	resp, err := ask()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Request.URL.Path, string(body)
}

// A new Bulkhead shows nobody the mail. Who reads its log makes the first
// account, over HTTPS too; the next start has no such link, and knows them.
func TestFirstAccountOfANewBulkhead(t *testing.T) {
	cert, key := certificate(t)
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(cert)
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("the certificate: %v", err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "localhost"}}}
	defer browser.CloseIdleConnections()

	data := t.TempDir()
	secure := []string{"BULKHEAD_ADMIN_CERT=" + cert, "BULKHEAD_ADMIN_KEY=" + key}
	p := serve(t, data, "maildir:"+t.TempDir(), secure...)
	if !strings.HasPrefix(p.admin, "https://") {
		t.Fatalf("the console is at %s", p.admin)
	}
	if at, text := visit(t, browser, p.admin+"/incidents", nil); at != "/login" || !strings.Contains(text, "Nobody can log in yet") {
		t.Errorf("a stranger is at %s:\n%s", at, text)
	}
	var link string
	waitFor(t, "the link is in the log", func() bool {
		m := firstLink.FindStringSubmatch(p.logged())
		if m != nil {
			link = m[1]
		}
		return m != nil
	})
	form := url.Values{"name": {"ana"}, "password": {"correct-horse-battery"}, "again": {"correct-horse-battery"}}
	if at, text := visit(t, browser, link, form); at != "/" || !strings.Contains(text, "Log out") {
		t.Errorf("the first account is made, and one is at %s:\n%s", at, text)
	}
	if at, text := visit(t, browser, link, form); at == "/" || !strings.Contains(text, "not valid") {
		t.Errorf("the link works again, and one is at %s", at)
	}
	p.stop(t)

	p = serve(t, data, "maildir:"+t.TempDir(), secure...)
	if firstLink.MatchString(p.logged()) {
		t.Error("the log has a link again")
	}
	stranger := &http.Client{Transport: browser.Transport}
	if at, text := visit(t, stranger, p.admin+"/login", url.Values{"name": {"ana"}, "password": {"wrong-horse-battery"}}); at != "/login" || !strings.Contains(text, "is wrong") {
		t.Errorf("with a wrong password one is at %s:\n%s", at, text)
	}
	if at, _ := visit(t, browser, p.admin+"/login", url.Values{"name": {"ana"}, "password": {"correct-horse-battery"}, "next": {"/senders"}}); at != "/senders" {
		t.Errorf("with the right one one is at %s", at)
	}
	if at, _ := visit(t, browser, p.admin+"/login", url.Values{"name": {"ana"}, "password": {"correct-horse-battery"}, "next": {"//evil.example/"}}); at != "/" {
		t.Errorf("with another's address as the next one is at %s", at)
	}
	if got := p.metric(t, `bulkhead_console_logins_total{method="password",result="refused"}`); got != 1 {
		t.Errorf("%v refused log-ins are counted, want 1", got)
	}
	for _, secret := range []string{"correct-horse", "wrong-horse"} {
		if strings.Contains(p.logged(), secret) {
			t.Errorf("the log has the password %s", secret)
		}
	}
	p.stop(t)
}
