package console_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Somebody chooses a file, or pastes a table, and reads what would become of it.
func TestSomebodyTriesAFileAndAText(t *testing.T) {
	script := loadAxe(t)
	h := &hasty{}
	server := newTrying(t, h)
	b := newBrowser(t)
	path := filepath.Join(t.TempDir(), `a<b>customers.csv`)
	if err := os.WriteFile(path, []byte("name,mail\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(server.URL+"/try"), chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{path}), chromedp.Click(chromedp.CSS("main form button")))
	b.waitFor("document.querySelector('[data-verdict]') !== null && document.readyState == 'complete'")
	if text := b.text(); !strings.Contains(text, "It would be held") || !strings.Contains(text, "a<b>customers.csv") || string(h.read) != "name,mail\n" {
		t.Errorf("judged is %q; the page shows:\n%s", h.read, text)
	}
	eval[bool](b, script+"; true")
	for _, v := range b.axe() {
		t.Errorf("%s: %s: %+v", v.ID, v.Help, v.Nodes)
	}
	b.do(chromedp.SetValue(chromedp.CSS("#text"), "name\tmail\nAna\tana@shop.example"), chromedp.Click(chromedp.CSS("main form button")))
	b.waitFor("document.body.innerText.includes('pasted text') && document.readyState == 'complete'")
	if !strings.Contains(string(h.read), "ana@shop.example") {
		t.Errorf("judged is %q", h.read)
	}
	// A file that is dropped on the field is chosen.
	b.do(chromedp.Navigate(server.URL + "/try"))
	eval[bool](b, `(() => {
		const files = new DataTransfer()
		files.items.add(new File(['dropped'], 'dropped.csv'))
		document.querySelector('[data-drop]').dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }))
		document.querySelector('main form').requestSubmit()
		return true
	})()`)
	b.waitFor("document.body.innerText.includes('dropped.csv') && document.readyState == 'complete'")
	if string(h.read) != "dropped" {
		t.Errorf("judged is %q", h.read)
	}
	b.checkQuiet()
}
