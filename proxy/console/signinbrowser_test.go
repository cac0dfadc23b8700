package console_test

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/pquerna/otp/totp"
	"github.com/prometheus/client_golang/prometheus"
)

// openConsole serves a console to nobody in particular, and gives its first-run
// link.
func openConsole(t *testing.T) (server *httptest.Server, first string) {
	t.Helper()
	store, _, _ := newStore(t)
	accounts := accountsStore(t)
	door := newDoor(accounts)
	h, err := console.New(console.Config{Store: store, Access: door, Accounts: accounts,
		Metrics: metrics.New(prometheus.NewRegistry(), metrics.Names{}), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server = httptest.NewServer(h)
	t.Cleanup(server.Close)
	secret, err := door.FirstRun(t.Context())
	if err != nil || secret == "" {
		t.Fatalf("no first-run link: %v", err)
	}
	return server, server.URL + "/first/" + secret
}

// typed types a text and goes on to the next field.
func (b *browser) typed(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		b.do(chromedp.KeyEvent(text + kb.Tab))
	}
}

func (b *browser) at(path string) {
	b.t.Helper()
	b.waitFor("location.pathname == '" + path + "' && document.readyState == 'complete'")
}

// The first person follows the link, makes an account, logs out and in, sets up
// a second factor, and makes somebody an account: with the keyboard alone.
func TestFirstRunAndLoggingIn(t *testing.T) {
	const secret = "correct-horse-battery"
	server, first := openConsole(t)
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/incidents?q=state:open"))
	if text := b.text(); !strings.Contains(text, "Nobody can log in yet") || strings.Contains(text, "isp.example") {
		t.Errorf("a stranger sees:\n%s", text)
	}
	b.do(chromedp.Navigate(first), chromedp.Focus(chromedp.CSS("#name")))
	b.typed("ana", secret, secret)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.at("/")
	if text := b.text(); !strings.Contains(text, "2 incidents wait for a decision") || !strings.Contains(text, "ana") {
		t.Errorf("the first page shows:\n%s", text)
	}

	b.do(chromedp.Focus(chromedp.CSS(".who button")), chromedp.KeyEvent(kb.Enter))
	b.at("/login")
	b.do(chromedp.Navigate(server.URL + "/senders"))
	b.at("/login")
	b.do(chromedp.Focus(chromedp.CSS("#name")))
	b.typed("ana", secret)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.at("/senders")

	b.do(chromedp.Navigate(server.URL+"/me"), chromedp.Focus(chromedp.CSS("#confirm")))
	b.typed(secret)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("document.querySelector('.qr path') != null && document.readyState == 'complete'")
	key := eval[string](b, "document.querySelector('input[name=secret]').value")
	code, err := totp.GenerateCode(key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Focus(chromedp.CSS("#code")))
	b.typed(code, secret)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("location.search == '?done=factor' && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, "The second factor is in use") {
		t.Errorf("with a second factor the page shows:\n%s", text)
	}

	b.do(chromedp.Navigate(server.URL+"/accounts"), chromedp.Focus(chromedp.CSS("#name")))
	b.typed("ben", "r", secret)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("document.readyState == 'complete' && document.querySelectorAll('tbody th').length == 2")
	b.do(chromedp.Focus(chromedp.CSS(".who button")), chromedp.KeyEvent(kb.Enter))
	b.at("/login")
	b.do(chromedp.Focus(chromedp.CSS("#name")))
	b.typed("ben", secret)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.at("/")
	b.checkQuiet()
	b.do(chromedp.Navigate(server.URL + "/accounts"))
	if text := b.text(); !strings.Contains(text, "Your role is reviewer, and this asks for the right admin") {
		t.Errorf("a reviewer sees of the accounts:\n%s", text)
	}
	b.do(chromedp.Navigate(server.URL + "/me"))
	if text := b.text(); strings.Contains(text, "Accounts") || !strings.Contains(text, string(access.Reviewer)) {
		t.Errorf("a reviewer's own page shows:\n%s", text)
	}
}

// The pages around a log-in break no rule of axe-core either.
func TestPagesAroundALogInAreAccessible(t *testing.T) {
	script := loadAxe(t)
	server, first := openConsole(t)
	b := newBrowser(t)
	check := func(path string) {
		t.Helper()
		b.inEachLook(func(look string) {
			b.checkAccessible(script, path+", "+look)
			if eval[bool](b, "document.documentElement.scrollWidth > innerWidth") {
				t.Errorf("%s, %s: it is wider than the screen", path, look)
			}
		})
	}
	b.do(chromedp.Navigate(server.URL + "/login"))
	check("/login, before there is an account")
	b.do(chromedp.Navigate(first))
	check("/first")
	b.do(chromedp.Focus(chromedp.CSS("#name")))
	b.typed("ana", "correct-horse-battery", "correct-horse-battery")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.at("/")
	for _, path := range []string{"/me", "/accounts"} {
		b.do(chromedp.Navigate(server.URL + path))
		check(path)
	}
	b.do(chromedp.Navigate(server.URL+"/me"), chromedp.SetValue(chromedp.CSS("#confirm"), "correct-horse-battery"),
		chromedp.Focus(chromedp.CSS("#confirm")), chromedp.KeyEvent(kb.Enter))
	b.waitFor("document.querySelector('.qr path') != null && document.readyState == 'complete'")
	check("/me with a new key")
	b.do(chromedp.Focus(chromedp.CSS(".who button")), chromedp.KeyEvent(kb.Enter))
	b.at("/login")
	b.do(chromedp.Focus(chromedp.CSS("#name")))
	b.typed("ana", "wrong-horse-battery")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("document.querySelector('[role=alert]') != null")
	check("/login after a wrong password")
}
