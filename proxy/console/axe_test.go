package console_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// loadAxe reads Deque's axe-core, which `npm ci` in .ci/axe installs.
func loadAxe(t *testing.T) string {
	t.Helper()
	path := filepath.Join("..", "..", ".ci", "axe", "node_modules", "axe-core", "axe.min.js")
	script, err := os.ReadFile(path)
	if err == nil {
		return string(script)
	}
	testbed.Skip(t, "axe-core is missing: run npm ci in .ci/axe: "+err.Error())
	return ""
}

// violation is a rule of axe-core that a page breaks.
type violation struct {
	ID, Help string
	Nodes    []struct {
		HTML           string
		FailureSummary string
	}
}

// axe-core finds nothing to complain of, at level AA of WCAG 2.2 and its best
// practices, on any page, in the light and in the dark, wide and narrow.
func TestPagesAreAccessible(t *testing.T) {
	script := loadAxe(t)
	store, ordinary, evil := newStore(t)
	server, _ := newConsole(t, store)
	b := newBrowser(t)
	for _, path := range screens(ordinary, evil) {
		b.inEachLook(func(look string) {
			b.do(chromedp.Navigate(server.URL + path))
			b.checkAccessible(script, path+", "+look)
		})
	}
}

// inEachLook calls do for a page in the light and in the dark, wide and narrow.
func (b *browser) inEachLook(do func(look string)) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 360} {
			b.do(chromedp.EmulateViewport(width, 900))
			if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
				b.t.Fatal(err)
			}
			do(fmt.Sprintf("%s, %d pixels", scheme, width))
		}
	}
}

// checkAccessible reports the rules of axe-core that the page breaks.
func (b *browser) checkAccessible(script, page string) {
	b.t.Helper()
	eval[bool](b, script+"; true")
	for _, v := range b.axe() {
		b.t.Errorf("%s: %s: %s", page, v.ID, v.Help)
		for _, n := range v.Nodes {
			b.t.Errorf("  %s\n  %s", n.HTML, n.FailureSummary)
		}
	}
}

// axe runs axe-core on the page.
func (b *browser) axe() (found []violation) {
	b.t.Helper()
	eval[bool](b, `window.axeFound = null; axe.run().then(r => { window.axeFound = JSON.stringify(r.violations) }); true`)
	b.waitFor("window.axeFound !== null")
	if err := json.Unmarshal([]byte(eval[string](b, "window.axeFound")), &found); err != nil {
		b.t.Fatal(err)
	}
	return found
}
