package console_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/console"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
	"github.com/chromedp/chromedp"
)

// newHours starts a console over a store of which 5,000 messages were judged now
// and 3 the hour before: of the 5,000 one was held.
func newHours(t testing.TB, health func() console.Health) string {
	t.Helper()
	store, _, _ := newStore(t)
	l := &quarantine.Ledger{}
	for i := range 5003 {
		e := quarantine.Exposure{At: time.Now(), Sender: "s", Action: "pass", Exposure: []byte(`{"completeness":"complete"}`)}
		switch {
		case i == 0:
			e.Action = "hold"
		case i >= 5000:
			e.At = e.At.Add(-time.Hour)
		}
		l.Exposures = append(l.Exposures, e)
	}
	if err := store.WriteLedger(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	server, _ := newConsoleOf(t, console.Config{Store: store, Health: health})
	return server.URL
}

// The chart is an image that needs no style of its own, and in which one held
// message among thousands is to be seen.
func TestChartIsAnImageWithoutStyle(t *testing.T) {
	url := newHours(t, nil)
	seen := map[string]bool{}
	for _, look := range []string{"", "?dark", "?narrow", "?narrow&dark"} {
		resp, svg := page(t, url+"/overview/hours.svg"+look, "")
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/svg+xml" || resp.Header.Get("Content-Security-Policy") != strictPolicy {
			t.Fatalf("%q: %s %v", look, resp.Status, resp.Header)
		}
		if seen[svg] {
			t.Errorf("%q is the same as another", look)
		}
		seen[svg] = true
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v\n%s", look, err, svg)
			}
		}
		for _, word := range []string{"style", "<script", "Roboto"} {
			if strings.Contains(svg, word) {
				t.Errorf("%q has %q", look, word)
			}
		}
		held := map[bool]string{false: "rgb(171,31,24)", true: "rgb(255,157,147)"}[strings.Contains(look, "dark")]
		bar := regexp.MustCompile(`d="M [\d.]+ ([\d.]+)\s+L [\d.]+ [\d.]+\s+L [\d.]+ ([\d.]+)[^"]*" stroke="none" fill="` + regexp.QuoteMeta(held) + `"`)
		tall := false
		for _, found := range bar.FindAllStringSubmatch(svg, -1) {
			var top, bottom float64
			if _, err := fmt.Sscan(found[1], &top); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Sscan(found[2], &bottom); err != nil {
				t.Fatal(err)
			}
			tall = tall || bottom-top >= 2
		}
		if !tall {
			t.Errorf("%q: nobody sees the held message:\n%s", look, svg)
		}
	}
	server, _ := newConsole(t, failing{})
	if resp, _ := page(t, server.URL+"/overview/hours.svg", ""); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("without a store: %s", resp.Status)
	}
}

// Whoever cannot see the chart reads its numbers; every figure leads on.
func TestOverviewHasTheNumbersOfTheChartAndLinks(t *testing.T) {
	url := newHours(t, func() console.Health {
		return console.Health{Half: 12 * time.Millisecond, Most: 3 * time.Second, Messages: 9}
	})
	_, body := page(t, url+"/", "")
	for _, want := range []string{">4,999</td>", ">3</td>", ">1</td>", "at most 5,000 in an hour", "not reachable", "12 ms <small>3.0 s</small>", "pass <strong>5,002</strong>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the overview lacks %q:\n%s", want, body)
		}
	}
	_, figures, _ := strings.Cut(body, `<dl class="figures">`)
	figures, _, _ = strings.Cut(figures, "</dl>")
	if all, linked := strings.Count(figures, "<dd>"), strings.Count(figures, "<dd><a "); all != 8 || linked != all {
		t.Errorf("%d of %d figures lead on:\n%s", linked, all, figures)
	}
	if got := strings.Count(body, `<th scope="row">2`) + strings.Count(body, `<th scope="row">1`) + strings.Count(body, `<th scope="row">0`); got != 24 {
		t.Errorf("the table has %d hours", got)
	}
	// The image is asked for anew when there is a new one, and only then.
	image := regexp.MustCompile(`hours\.svg\?v=[a-z0-9]+`)
	if _, again := page(t, url+"/", ""); image.FindString(again) != image.FindString(body) || image.FindString(body) == "" {
		t.Error("the same chart has another address")
	}
}

func TestBrowserShowsTheChart(t *testing.T) {
	url := newHours(t, nil)
	b := newBrowser(t)
	for _, scheme := range []string{"light", "dark"} {
		b.prefer(scheme)
		for _, width := range []int64{1280, 360} {
			b.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(url+"/"))
			b.waitFor("document.querySelector('.chart').complete && document.querySelector('.chart').naturalWidth > 0")
			shown := eval[string](b, "document.querySelector('.chart').currentSrc")
			if strings.Contains(shown, "dark") != (scheme == "dark") || strings.Contains(shown, "narrow") != (width == 360) {
				t.Errorf("%s, %d pixels: the chart is %s", scheme, width, shown)
			}
		}
	}
	b.do(chromedp.Navigate(url + "/overview/hours.svg")) // by itself, the strict policy holds
	b.checkQuiet()
}
