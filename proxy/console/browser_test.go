package console_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

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
	path, err := exec.LookPath("chromium")
	if err != nil {
		missing := "chromium is missing: install Debian's package chromium"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
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
	one, other := incidentOf(t, store, ordinary), incidentOf(t, store, evil)
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/"))
	b.do(chromedp.Click(chromedp.CSS(".figures a")))
	b.waitFor("location.pathname == '/incidents' && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, one) || !strings.Contains(text, other) || !strings.Contains(text, "20,000") {
		t.Errorf("the list shows:\n%s", text)
	}

	// The search, as a person uses it.
	b.do(chromedp.SetValue(chromedp.CSS("input[name=q]"), "people:>=1000"), chromedp.Click(chromedp.CSS("form button")))
	b.waitFor("location.search.includes('people') && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, one) || strings.Contains(text, other) {
		t.Errorf("the search for 1,000 people shows:\n%s", text)
	}
	if got := eval[string](b, "document.querySelector('input[name=q]').value"); got != "people:>=1000" {
		t.Errorf("the search forgets what it was: %q", got)
	}

	b.do(chromedp.Click(chromedp.CSS("tbody a")))
	b.waitFor("location.pathname.startsWith('/incidents/') && document.readyState == 'complete'")
	text := b.text()
	for _, want := range []string{one, "20,000 people", "None has left", "bulk-customer-records", "customers.csv", "A****** B****", "bulkhead incidents release " + one} {
		if !strings.Contains(text, want) {
			t.Errorf("the incident's page lacks %q:\n%s", want, text)
		}
	}
	b.do(chromedp.Click(chromedp.CSS("#copies tbody a")))
	b.waitFor("location.pathname.startsWith('/messages/') && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, ordinary) || strings.Contains(text, "Alice Abbott") {
		t.Errorf("the message's page shows its content, or lacks its id:\n%s", text)
	}
	b.checkQuiet()
}

func TestHostileWordsRunNothing(t *testing.T) {
	store, _, evil := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	for _, path := range []string{"/", "/incidents", "/incidents/" + incidentOf(t, store, evil), "/messages/" + evil, "/senders"} {
		b.do(chromedp.Navigate(server.URL + path))
		if title := eval[string](b, "document.title"); title == "owned" {
			t.Errorf("%s: a script of the message's ran", path)
		}
		if n := eval[int](b, "document.querySelectorAll('script, img, iframe, object, [onerror], [onload], [style]').length"); n != 0 {
			t.Errorf("%s: %d elements from outside", path, n)
		}
		if !strings.Contains(b.text(), "<script>document.title='owned'</script>") {
			t.Errorf("%s: the words are not shown as text:\n%s", path, b.text())
		}
	}
	b.checkQuiet()
}

// outlined tells whether people see what has the focus: it, or its row.
const outlined = `[document.activeElement, document.activeElement.closest('tr')].some(e => e && getComputedStyle(e).outlineStyle != 'none')`

func TestKeyboardReachesEverythingInOrder(t *testing.T) {
	store, _, evil := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	b.do(chromedp.Navigate(server.URL + "/incidents"))
	var order []string
	for range 22 {
		b.do(chromedp.KeyEvent(kb.Tab))
		order = append(order, eval[string](b, `(e => e.name || (/^(skip|brand|scroll)$/.test(e.className) ? e.className : e.textContent.trim()))(document.activeElement)`))
		if !eval[bool](b, outlined) {
			t.Errorf("nobody sees that %q has the focus", order[len(order)-1])
		}
	}
	want := []string{"skip", "brand", "Overview", "Incidents2 waiting", "Senders", "Audit", "Help", "q", "Search", "Syntax",
		"All", "Open", "Waits for a second person", "Some have left", "Not wholly read", "Decided", "Newest", "Oldest", "Most people", "Most copies",
		"scroll", incidentOf(t, store, evil)}
	if len(order) < len(want) || strings.Join(order[:len(want)], "|") != strings.Join(want, "|") {
		t.Errorf("the focus goes\n%q, want\n%q", order, want)
	}
	b.checkQuiet()
}

func TestPagesFitSmallScreensAndTheDark(t *testing.T) {
	store, ordinary, evil := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	for _, path := range []string{"/", "/incidents", "/incidents/" + incidentOf(t, store, ordinary), "/incidents/" + incidentOf(t, store, evil),
		"/messages/" + ordinary, "/messages/" + evil, "/messages/BH-0000-0000", "/senders", "/audit", "/help"} {
		for _, scheme := range []string{"light", "dark"} {
			b.do(chromedp.EmulateViewport(360, 740))
			if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
				t.Fatal(err)
			}
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
