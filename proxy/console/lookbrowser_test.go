package console_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Somebody reads a message and its rows with the keyboard alone: a reason first,
// and what was shown is told.
func TestSomebodyLooksWithAReason(t *testing.T) {
	x := newLookout(t, atWallTime)
	m := x.hold(accident)
	b := newBrowser(t)
	b.do(chromedp.Navigate(x.server.URL + "/messages/" + m.ID))
	b.do(chromedp.Focus(chromedp.CSS("input[name=reason]")), chromedp.KeyEvent("whose data is it?"))
	b.do(chromedp.Focus(chromedp.CSS("button[formaction$='/evidence']")), chromedp.KeyEvent(kb.Enter))
	b.at("/messages/" + m.ID + "/evidence")
	if text := b.text(); !strings.Contains(text, "Alice Abbott") || !strings.Contains(text, "Shown to ana until") {
		t.Errorf("the rows in full:\n%s", text)
	}
	b.do(chromedp.Navigate(x.server.URL + "/messages/" + m.ID + "/preview"))
	if text := b.text(); strings.Contains(text, "News of July") {
		t.Errorf("the message is shown without a reason for it:\n%s", text)
	}
	b.do(chromedp.Focus(chromedp.CSS("input[name=reason]")), chromedp.KeyEvent("is it ours?"+kb.Enter))
	b.waitFor("document.querySelector('iframe.mail') != null && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, "News of July") {
		t.Errorf("the message:\n%s", text)
	}
	b.do(chromedp.Navigate(x.server.URL + "/messages/" + m.ID))
	if text := b.text(); !strings.Contains(text, "whose data is it?") || strings.Contains(text, "Alice Abbott") {
		t.Errorf("what was done, on the masked page:\n%s", text)
	}
	b.checkQuiet()
}

// When a grant ends, an open page does not stay open.
func TestPageClosesWithItsGrant(t *testing.T) {
	x := newLookout(t)
	m := x.hold(accident)
	x.client("ana").post("/messages/"+m.ID+"/evidence", "whose data is it?")
	x.wait(grantTime - time.Second)
	b := newBrowser(t)
	b.do(chromedp.Navigate(x.server.URL + "/messages/" + m.ID + "/evidence"))
	if text := b.text(); !strings.Contains(text, "Alice Abbott") {
		t.Fatalf("a second before its end:\n%s", text)
	}
	x.wait(time.Second)
	b.at("/messages/" + m.ID)
	if text := b.text(); strings.Contains(text, "Alice Abbott") {
		t.Errorf("it leads to\n%s", text)
	}
	b.checkQuiet()
}

// grantTime is how long a reason holds.
const grantTime = 15 * time.Minute

// The bytes are saved as a file, to the last one.
func TestSomebodyDownloadsWithAReason(t *testing.T) {
	x := newLookout(t, atWallTime)
	m := x.hold(accident)
	b := newBrowser(t)
	dir := t.TempDir()
	if _, err := chromedp.Call(b.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(x.server.URL+"/messages/"+m.ID), chromedp.Click(chromedp.CSS("button[formaction$='/download']")))
	if !eval[bool](b, "document.querySelector('input[name=reason]:invalid') != null") {
		t.Error("the browser does not ask for a reason")
	}
	x.wantTrail(m.ID)
	b.do(chromedp.Focus(chromedp.CSS("input[name=reason]")), chromedp.KeyEvent("for the DPO"), chromedp.Click(chromedp.CSS("button[formaction$='/download']")))
	path := filepath.Join(dir, m.ID+".eml")
	for range 200 {
		if _, err := os.Stat(path); err == nil {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != accident {
		t.Errorf("%d bytes, want %d: %v", len(got), len(accident), err)
	}
	x.wantTrail(m.ID, "exported by ana: for the DPO")
	b.checkQuiet()
}

// A session's cookie goes along with the frame of the mail's HTML, which has no
// rights of its own; another site's frame would not get it.
func TestFrameIsShownInASession(t *testing.T) {
	x := newLookout(t, atWallTime)
	accounts := accountsStore(t)
	cookie := session(t, accounts, "ana", access.Reviewer)
	cookie.Path, cookie.HttpOnly, cookie.SameSite = "/", true, http.SameSiteLaxMode
	m := x.hold(accident)
	h, err := console.New(console.Config{Store: x.store, Access: newDoor(accounts), Accounts: accounts, Metrics: x.m, Log: slog.New(slog.DiscardHandler), Inspector: reader{}})
	if err != nil {
		t.Fatal(err)
	}
	var framed atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			http.SetCookie(w, cookie)
		}
		s := &statusOf{w, 200}
		h.ServeHTTP(s, r)
		if strings.HasSuffix(r.URL.Path, "/preview/0") {
			framed.Store(int32(s.code))
		}
	}))
	defer server.Close()
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL+"/login"), chromedp.Navigate(server.URL+"/messages/"+m.ID+"/preview"),
		chromedp.Focus(chromedp.CSS("input[name=reason]")), chromedp.KeyEvent("is it ours?"+kb.Enter))
	b.waitFor("document.querySelector('iframe.mail') != null && document.readyState == 'complete'")
	if code := framed.Load(); code != http.StatusOK {
		t.Errorf("the frame is answered with %d", code)
	}
	b.checkQuiet()
}

// statusOf remembers an answer's status.
type statusOf struct {
	http.ResponseWriter
	code int
}

func (s *statusOf) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// atWallTime has the console's clock be the browser's, which leaves a page when
// its grant ends.
func atWallTime(c *console.Config) { c.Now = time.Now }

// Whatever a message brings along, nothing of it runs, nothing is fetched, and no
// rule of the pages' policy is even tried.
func TestNothingOfAMessageRuns(t *testing.T) {
	var fetched atomic.Int32
	remote := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		t.Errorf("the browser fetched %s", r.URL.Path)
	}))
	defer remote.Close()
	set, err := os.ReadFile(filepath.Join("testdata", "hostile.html"))
	if err != nil {
		t.Fatal(err)
	}
	markup := strings.ReplaceAll(string(set), "REMOTE", remote.URL)
	encoded := "=?utf-8?q?=3Cscript=3Edocument.title=3D'owned'=3C/script=3E?="
	content := "From: " + encoded + " <a@isp.example>\r\nTo: dora@client.example\r\nSubject: " + encoded + "\r\n" +
		"X-<img src=x onerror=document.title='owned'>: <script>document.title='owned'</script>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + markup + "\r\n" +
		"--b\r\nContent-Type: text/csv; name=\"<img src=x onerror=document.title='owned'>.csv\"\r\n\r\n" +
		"name,email,<script>document.title='owned'</script>\r\nAlice Abbott,alice.abbott@client.example,<img src=x onerror=document.title='owned'>\r\n" +
		"Bert Brown,bert.brown@client.example,<svg onload=document.title='owned'>\r\nCora Clark,cora.clark@client.example,javascript:document.title='owned'\r\n--b--\r\n"
	x := newLookout(t, atWallTime)
	m := x.hold(content)
	b := newBrowser(t)
	for _, kind := range []string{"preview", "evidence"} {
		b.do(chromedp.Navigate(x.server.URL+"/messages/"+m.ID+"/"+kind), chromedp.Focus(chromedp.CSS("input[name=reason]")), chromedp.KeyEvent("is it ours?"+kb.Enter))
		b.waitFor("document.querySelector('input[name=reason]') == null && document.readyState == 'complete'")
		time.Sleep(300 * time.Millisecond) // for what would run a little later
		if title := eval[string](b, "document.title"); strings.Contains(title, "owned") {
			t.Errorf("%s: a script of the message's ran", kind)
		}
		if text := b.text(); !strings.Contains(text, "<script>document.title='owned'</script>") {
			t.Errorf("%s: the words are not shown as text:\n%s", kind, text)
		}
	}
	// The document of the frame by itself, where a script of it could run best.
	b.do(chromedp.Navigate(x.server.URL + "/messages/" + m.ID + "/preview/0"))
	time.Sleep(300 * time.Millisecond)
	if title := eval[string](b, "document.title"); strings.Contains(title, "owned") {
		t.Error("a script ran in the document of the mail's HTML")
	}
	if n := eval[int](b, "document.querySelectorAll('script, svg, math, iframe, frame, object, embed, form, input, base, meta:not([charset]), link, video, audio, template, [style], a[href], [onerror], [onload], [onclick]').length"); n != 0 {
		t.Errorf("the document has %d elements that could act", n)
	}
	if text := b.text(); !strings.Contains(text, "the last words") {
		t.Errorf("the document is cut short:\n%s", text)
	}
	b.checkQuiet()
	if n := fetched.Load(); n != 0 {
		t.Errorf("%d fetches", n)
	}
}

// The pages of looking break no rule of axe-core, and fit a small screen.
func TestPagesOfLookingAreAccessible(t *testing.T) {
	script := loadAxe(t)
	x := newLookout(t, atWallTime)
	m := x.hold(accident)
	b := newBrowser(t)
	check := func(path string) {
		t.Helper()
		b.inEachLook(func(look string) {
			b.do(chromedp.Navigate(x.server.URL + path))
			b.checkAccessible(script, path+", "+look)
			if eval[bool](b, "document.documentElement.scrollWidth > innerWidth") {
				t.Errorf("%s, %s: it is wider than the screen", path, look)
			}
		})
	}
	check("/messages/" + m.ID)
	for _, kind := range []string{"preview", "evidence"} {
		path := "/messages/" + m.ID + "/" + kind
		check(path)
		b.do(chromedp.Navigate(x.server.URL+path), chromedp.Focus(chromedp.CSS("input[name=reason]")), chromedp.KeyEvent("is it ours?"+kb.Enter))
		b.waitFor("document.querySelector('input[name=reason]') == null && document.readyState == 'complete'")
		check(path)
	}
}
