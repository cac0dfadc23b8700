package console_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/console/access"
	"github.com/bulkhead-dlp/bulkhead/proxy/report"
	"github.com/bulkhead-dlp/bulkhead/proxy/review"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// as makes the browser somebody's.
func (b *browser) as(o *office, name string, role access.Role) {
	b.t.Helper()
	cookie := o.cookie(name, role)
	if _, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: o.url}); err != nil {
		b.t.Fatal(err)
	}
}

// open opens an address.
func (b *browser) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
	b.waitFor("document.readyState == 'complete'")
}

// fill types into the field that has the focus, in place of what is there.
func (b *browser) fill(text string) {
	b.t.Helper()
	// The protocol types a key's sign even where the page has dealt with the key.
	eval[any](b, "document.activeElement.select(); null")
	b.do(chromedp.KeyEvent(text))
}

// The accident, read and refused by the keyboard alone.
func TestKeyboardAloneRefusesTheAccident(t *testing.T) {
	o := newOffice(t, nil)
	id := o.hold("accident", 60, 19_997)
	b := newBrowser(t)
	b.as(o, "ana", access.Approver)
	b.open(o.url + "/incidents?q=copies:>1")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter))
	b.waitFor("location.pathname == '/incidents/" + id + "' && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, "19,997 people") || !strings.Contains(text, "60 copies are held back") {
		t.Errorf("the page shows:\n%s", text)
	}
	b.do(chromedp.KeyEvent("c"))
	b.waitFor("document.readyState == 'complete' && document.body.innerText.includes('claimed by ana')")
	b.do(chromedp.KeyEvent("f"))
	if got := eval[string](b, "document.activeElement.id"); got != "refuse-reason" {
		t.Fatalf("f goes to %q", got)
	}
	if text := b.text(); !strings.Contains(text, "60 messages will not be sent to 60 recipients") {
		t.Errorf("what is about to be done is not told:\n%s", text)
	}
	b.fill("list pasted into the text")
	b.do(chromedp.KeyEvent(kb.Tab))
	b.fill("6")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("document.readyState == 'complete' && document.querySelector('.wrong') !== null")
	if got := eval[string](b, "document.getElementById('refuse-reason').value"); got != "list pasted into the text" {
		t.Errorf("the reason is forgotten: %q", got)
	}
	eval[any](b, "document.getElementById('refuse-count').focus(); null")
	b.fill("60")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("location.hash == '#decide' && document.readyState == 'complete'")
	o.ended(id)
	b.open(o.url + "/incidents/" + id)
	if text := b.text(); !strings.Contains(text, "Decided by ana") || len(o.got()) != 0 {
		t.Errorf("sent %v; the page shows:\n%s", o.got(), text)
	}
	b.mu.Lock()
	// The answer 422 to what was typed wrongly is told by the browser.
	b.complaints = slices.DeleteFunc(b.complaints, func(c string) bool { return strings.Contains(c, "422") })
	b.mu.Unlock()
	b.checkQuiet()
}

// One person asks for a release, another agrees, and both see how far it is.
func TestSecondPersonReleasesInTheBrowser(t *testing.T) {
	o := newOffice(t, nil)
	o.wait = make(chan struct{})
	id := o.hold("accident", 4, 19_997)
	b := newBrowser(t)
	b.as(o, "ana", access.Approver)
	b.open(o.url + "/incidents/" + id)
	b.do(chromedp.KeyEvent("r"))
	b.fill("agreed with the customer")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("document.readyState == 'complete' && document.body.innerText.includes('You asked for it')")
	b.as(o, "ben", access.Approver)
	b.open(o.url + "/incidents/" + id)
	if text := b.text(); !strings.Contains(text, "ana asked") || !strings.Contains(text, "agreed with the customer") {
		t.Errorf("ben sees:\n%s", text)
	}
	b.do(chromedp.KeyEvent("r"))
	b.fill("seen")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("document.readyState == 'complete' && document.querySelector('progress') !== null && document.querySelector('[data-live].on') !== null")
	o.wait <- struct{}{}
	b.waitFor("document.querySelector('progress').value >= 1") // by itself
	close(o.wait)
	o.ended(id)
	b.waitFor("document.body.innerText.includes('Decided by')")
	if len(o.got()) != 4 {
		t.Errorf("sent %v", o.got())
	}
	b.checkQuiet()
}

// Several incidents are selected and refused by the keyboard alone.
func TestKeyboardAloneRefusesSeveral(t *testing.T) {
	o := newOffice(t, nil)
	a, c := o.hold("a", 2, 12), o.hold("c", 1, 12)
	b := newBrowser(t)
	b.as(o, "ana", access.Approver)
	b.open(o.url + "/incidents?q=from:tool@isp.example")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("x"), chromedp.KeyEvent("j"), chromedp.KeyEvent("x"))
	if got := eval[int](b, "document.querySelectorAll('input[name=id]:checked').length"); got != 2 {
		t.Fatalf("%d are selected", got)
	}
	b.do(chromedp.KeyEvent("f"))
	b.waitFor("location.pathname == '/incidents/refuse' && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, "2 incidents with 3 messages will be refused") {
		t.Errorf("the page shows:\n%s", text)
	}
	eval[any](b, "document.getElementById('refuse-reason').focus(); null")
	b.fill("wrong file")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitFor("location.pathname == '/incidents' && document.readyState == 'complete'")
	for _, id := range []string{a, c} {
		if job := o.ended(id); job.Err != nil || job.Decision.By != "ana" || job.Decision.Reason != "wrong file" {
			t.Errorf("%+v", job)
		}
	}
	b.checkQuiet()
}

// The forms and the states of a decision are for everybody, too.
func TestDecisionsAreAccessible(t *testing.T) {
	script := loadAxe(t)
	o := newOffice(t, func(c *console.Config) {
		c.Allow, c.Test = &allower{}, &review.Desk{}
		c.Gather = func(context.Context, string) (report.Incident, error) { return report.Incident{}, nil }
	})
	waits, asked, runs := o.hold("waits", 60, 19_997), o.hold("asked", 2, 19_997), o.hold("runs", 2, 12)
	small := o.hold("small", 2, 12)
	o.post("", asked, "release", why)
	o.wait = make(chan struct{})
	defer close(o.wait)
	o.post("", runs, "release", why)
	b := newBrowser(t)
	b.as(o, "ben", access.Approver)
	for _, path := range []string{"/incidents/" + waits, "/incidents/" + asked, "/incidents/" + runs, "/incidents/" + small, "/incidents?q=",
		"/incidents/refuse?id=" + waits + "&id=" + runs, "/incidents/delete", "/incidents/release?id=" + asked + "&id=" + small} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 360} {
				b.do(chromedp.EmulateViewport(width, 900))
				if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
					t.Fatal(err)
				}
				b.open(o.url + path)
				eval[bool](b, "for (const d of document.querySelectorAll('details')) { d.removeAttribute('name'); d.open = true }; for (const i of document.querySelectorAll('input[value=some]')) i.click(); true")
				if wide := eval[int64](b, "document.documentElement.scrollWidth"); wide > width {
					t.Errorf("%s is %d pixels wide on a screen of %d", path, wide, width)
				}
				eval[bool](b, script+"; true")
				for _, v := range b.axe() {
					t.Errorf("%s, %s, %d pixels: %s: %s", path, scheme, width, v.ID, v.Help)
					for _, n := range v.Nodes {
						t.Errorf("  %s\n  %s", n.HTML, n.FailureSummary)
					}
				}
			}
		}
	}
}
