package console_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is a tab of a real Chromium that notes every complaint.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	testbed.SkipShort(t, "a browser takes long")
	path := testbed.Program(t, "chromium", "install Debian's package chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	// The browser lives as long as the context of the first call: no timeout there.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	limited, end := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(end)
	b := &browser{t: t, ctx: limited}
	if err := chromedp.Listen(limited, b.note); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(limited, log.Enable, struct{}{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) note(event any) {
	var what string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		what = e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		what = fmt.Sprint("console.", e.Type)
	case *log.EventEntryAdded:
		what = fmt.Sprint(e.Entry.Level, ": ", e.Entry.Text, " ", e.Entry.URL)
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, what)
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns the value of an expression on the page.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// text is what a person reads on the page.
func (b *browser) text() string { return eval[string](b, "document.body.innerText") }

func TestReviewerFindsAndReadsAnIncident(t *testing.T) {
	store, ordinary, evil := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/"))
	if text := b.text(); !strings.Contains(text, "2 incidents wait for a decision") || !strings.Contains(text, ordinary.Incident) || !strings.Contains(text, "20,000") {
		t.Errorf("the first page shows:\n%s", text)
	}

	// The search, as a person uses it.
	b.do(chromedp.Navigate(server.URL + "/incidents"))
	b.do(chromedp.SetValue(chromedp.CSS("input[name=q]"), "people:>1000"), chromedp.Click(chromedp.CSS("form[role=search] button")))
	b.waitFor("location.search.includes('people') && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, ordinary.Incident) || strings.Contains(text, evil.Incident) {
		t.Errorf("the search for 1,000 people shows:\n%s", text)
	}
	if got := eval[string](b, "document.querySelector('input[name=q]').value"); got != "people:>1000" {
		t.Errorf("the search forgets its words: %q", got)
	}

	b.do(chromedp.Click(chromedp.CSS("tbody a")))
	b.waitFor("location.pathname.startsWith('/incidents/') && document.readyState == 'complete'")
	text := b.text()
	for _, want := range []string{ordinary.Incident, "20,000 people", "Nothing has left", "bulk-customer-records", "list@isp.example", "customers.csv",
		"A****** B****", "97 %", "bulkhead incidents refuse " + ordinary.Incident} {
		if !strings.Contains(text, want) {
			t.Errorf("the incident's page lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "Alice Abbott") {
		t.Errorf("the incident's page shows its content:\n%s", text)
	}
	b.checkQuiet()
}

// A row appears while the page is open, and the number beside the menu rises.
func TestOpenPageFollowsWhatHappens(t *testing.T) {
	store, _, _ := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/incidents"))
	b.waitFor("document.querySelector('[data-live].on') !== null")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	focus := eval[string](b, "document.activeElement.getAttribute('href')")
	m := holdMessage(t, store, quarantine.Message{From: "more@isp.example", Recipients: []quarantine.Recipient{{Address: "x@client.example"}},
		Policy: "many", Subjects: 10, Completeness: "complete", Action: "hold"}, "1", "name", "A***")
	b.waitFor("document.body.innerText.includes('" + m.Incident + "')")
	if got := eval[string](b, "document.querySelector('.tally').firstChild.textContent"); got != "3" {
		t.Errorf("the menu says that %s wait, want 3", got)
	}
	if got := eval[string](b, "document.activeElement.getAttribute('href')"); got != focus {
		t.Errorf("the focus goes from %q to %q", focus, got)
	}
	b.checkQuiet()
}

// slow is a store whose list takes longer than changes come.
type slow struct{ console.Store }

func (s slow) IncidentPage(ctx context.Context, q quarantine.IncidentQuery) (quarantine.IncidentPage, error) {
	time.Sleep(1500 * time.Millisecond)
	return s.Store.IncidentPage(ctx, q)
}

// An open page waits for what it fetches before it fetches anew, and still shows
// the last change.
func TestOpenPageFetchesOneAtATime(t *testing.T) {
	store, _, _ := newStore(t)
	server, _ := newConsole(t, slow{store})
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/incidents"))
	b.waitFor("document.querySelector('[data-live].on') !== null")
	// A browser may put off what it is asked for, so that a store sees less.
	eval[bool](b, `(() => {
		let now = 0
		const fetch = window.fetch
		window.fetchedAtOnce = 0
		window.fetch = (...what) => {
			window.fetchedAtOnce = Math.max(window.fetchedAtOnce, ++now)
			return fetch(...what).finally(() => now--)
		}
		return true
	})()`)
	var last quarantine.Message
	for range 3 {
		last = holdMessage(t, store, quarantine.Message{From: "more@isp.example", Recipients: []quarantine.Recipient{{Address: "x@client.example"}},
			Policy: "many", Subjects: 10, Completeness: "complete", Action: "hold"}, "1", "name", "A***")
		time.Sleep(1100 * time.Millisecond)
	}
	b.waitFor("document.body.innerText.includes('" + last.Incident + "')")
	if got := eval[int](b, "window.fetchedAtOnce"); got != 1 {
		t.Errorf("%d are fetched at once", got)
	}
	b.checkQuiet()
}

func TestKeyboardAloneFindsAnIncident(t *testing.T) {
	store, ordinary, _ := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/"))
	ready := "document.readyState == 'complete'"
	b.waitFor(ready)
	b.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("i"))
	b.waitFor("location.pathname == '/incidents' && " + ready)
	b.do(chromedp.KeyEvent("/"))
	if got := eval[string](b, "document.activeElement.name"); got != "q" {
		t.Fatalf("/ goes to %q", got)
	}
	// The protocol types a key's sign even where the page has dealt with the key.
	eval[any](b, "document.activeElement.select(); null")
	b.do(chromedp.KeyEvent("people:>1000"), chromedp.KeyEvent(kb.Enter))
	b.waitFor("location.search.includes('1000') && " + ready)
	b.do(chromedp.KeyEvent("j"))
	if got := eval[string](b, "document.activeElement.getAttribute('href')"); got != "/incidents/"+ordinary.Incident {
		t.Fatalf("j goes to %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("location.pathname == '/incidents/" + ordinary.Incident + "' && " + ready)
	b.do(chromedp.KeyEvent("?"))
	b.waitFor("document.getElementById('keys').open")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.waitFor("!document.getElementById('keys').open")
	b.do(chromedp.KeyEvent("u"))
	b.waitFor("location.pathname == '/incidents' && " + ready)
	b.checkQuiet()
}

func TestHostileWordsRunNothing(t *testing.T) {
	store, _, evil := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	for _, path := range []string{"/", "/incidents", "/incidents/" + evil.Incident, "/messages/" + evil.ID, "/senders"} {
		b.do(chromedp.Navigate(server.URL + path))
		if title := eval[string](b, "document.title"); title == "owned" {
			t.Errorf("%s: a script of the message's ran", path)
		}
		if n := eval[int](b, "document.querySelectorAll('script:not([type=module][src]), img:not(picture > .chart), iframe, object, [onerror], [onload], [style]').length"); n != 0 {
			t.Errorf("%s: %d elements from outside", path, n)
		}
		if !strings.Contains(b.text(), "<script>document.title='owned'</script>") {
			t.Errorf("%s: the words are not shown as text:\n%s", path, b.text())
		}
	}
	b.checkQuiet()
}

func TestFocusIsSeenAndInOrder(t *testing.T) {
	store, _, evil := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/incidents"))
	var order []string
	for range 60 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[bool](b, "document.activeElement == document.body") {
			break // behind the last
		}
		order = append(order, eval[string](b, `(e => e.name || e.getAttribute('href') || e.textContent.trim())(document.activeElement)`))
		seen := `(e => [e, e.closest('tr')].some(e => e && getComputedStyle(e).outlineStyle != 'none'))(document.activeElement)`
		if !eval[bool](b, seen) {
			t.Errorf("nobody sees that %q has the focus", order[len(order)-1])
		}
	}
	at := -1
	for _, want := range []string{"#main", "/", "/incidents", "/help", "q", "Search", "/incidents?q=state%3Adecided", "How to search", "/incidents?q=state%3Aopen&sort=people", "/incidents/" + evil.Incident} {
		next := slices.Index(order, want)
		if next <= at {
			t.Fatalf("%q comes at place %d, after place %d: %q", want, next, at, order)
		}
		at = next
	}
	b.checkQuiet()
}

// screens are all pages that there are.
func screens(ordinary, evil quarantine.Message) []string {
	return []string{"/", "/incidents", "/incidents?q=", "/incidents?q=policy:none", "/incidents?q=peple:3", "/incidents/" + ordinary.Incident, "/incidents/" + evil.Incident,
		"/messages/" + ordinary.ID, "/messages/" + evil.ID, "/messages/BH-0000-0000", "/senders", "/audit", "/audit?by=nobody", "/policies", "/policies/bulk-customer-records?exposure.direct=30000", "/policies/unread", "/try", "/settings", "/help"}
}

func TestPagesFitSmallScreensAndTheDark(t *testing.T) {
	store, ordinary, evil := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	for _, scheme := range []string{"light", "dark"} {
		b.prefer(scheme)
		b.do(chromedp.EmulateViewport(360, 740))
		for _, path := range screens(ordinary, evil) {
			b.do(chromedp.Navigate(server.URL + path))
			if width := eval[int](b, "document.documentElement.scrollWidth"); width > 360 {
				t.Errorf("%s is %d pixels wide on a screen of 360", path, width)
			}
			if contrast := eval[float64](b, contrastOfBody); contrast < 7 {
				t.Errorf("%s, %s: the contrast of text is %.1f, want 7 or more", path, scheme, contrast)
			}
			dark := eval[float64](b, `luminance(getComputedStyle(document.body).backgroundColor)`) < 0.2
			if dark != (scheme == "dark") {
				t.Errorf("%s: the page is dark: %v, though the reader wants it %s", path, dark, scheme)
			}
		}
	}
}

// prefer makes the reader one who wants a scheme of colours.
func (b *browser) prefer(scheme string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
		b.t.Fatal(err)
	}
}

// contrastOfBody is the contrast of text to its ground (WCAG 2.2, 1.4.6).
const contrastOfBody = `
function luminance(color) {
	return color.match(/\d+/g).slice(0, 3)
		.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
}
(style => {
	const l = [style.color, style.backgroundColor].map(luminance).sort((a, b) => b - a)
	return (l[0] + 0.05) / (l[1] + 0.05)
})(getComputedStyle(document.body))`

// waitFor waits until a condition holds on the page.
func (b *browser) waitFor(condition string) {
	b.t.Helper()
	for range 200 {
		if done, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](condition)); err == nil && done {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatalf("never comes about: %s", condition)
}

// checkQuiet fails if the browser complained about anything.
func (b *browser) checkQuiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Errorf("the browser complains: %s", c)
	}
}
