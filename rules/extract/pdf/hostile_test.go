package pdf

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// What is made to be slow or to grow ends soon, and within memory. The bounds
// are those of the design, 2 s and 256 MiB; the race detector is given more.
func TestHostileFilesEndSoon(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector")
	}
	page := "BT /F 10 Tf 50 700 Td (Ada) Tj ET\n"
	backwards := &strings.Builder{}
	backwards.WriteString("BT /F 1 Tf\n")
	for i := range 120_000 {
		fmt.Fprintf(backwards, "1 0 0 1 %.1f 700 Tm (w) Tj\n", 200_000-0.7*float64(i))
	}
	columns := &strings.Builder{}
	columns.WriteString("/F 1 Tf\n")
	for i := range 70_000 {
		fmt.Fprintf(columns, "BT 1 0 0 1 50 %d Tm (a b) Tj ET\n", 900_000-2*i)
	}
	wide := &strings.Builder{}
	wide.WriteString("/F 1 Tf\n")
	for y := range 150 {
		for x := range 900 {
			fmt.Fprintf(wide, "BT 1 0 0 1 %d %d Tm (%d) Tj ET\n", 4*x, 1000-2*y, x%7)
		}
	}
	endless := &strings.Builder{}
	for range 60_000 {
		endless.WriteString("9 0 obj << /Length 99 >> stream\n")
	}
	long := "begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <61> <" + strings.Repeat("0041", 60) + "> endbfchar"
	cases := map[string][]byte{
		"words from right to left": packed(backwards.String()),
		"weak columns":             packed(columns.String()),
		"a thousand columns":       packed(wide.String()),
		"streams without an end":   []byte("%PDF-1.4\n" + endless.String()),
		"strings without an end":   []byte("%PDF-1.4\n" + strings.Repeat("1 0 obj (", 300_000)),
		"arrays without an end":    []byte("%PDF-1.4\n" + strings.Repeat("1 0 obj [0 ", 300_000)),
		"a long array":             onePage(page, "/Annots 6 0 R", "", "["+strings.Repeat("0 ", 1<<20)+"]"),
		"long texts of characters": onePage("BT /G 10 Tf 50 700 Td ("+strings.Repeat("a", 4<<20)+") Tj ET", "", "",
			"<< /Type /Font /Subtype /Type1 /ToUnicode 7 0 R >>", streamObject("", long)),
		"empty table entries": onePage(page, "", "/Names << /EmbeddedFiles << /Kids ["+strings.Repeat("2 0 R ", 1<<18)+"] >> >>"),
	}
	for name, file := range cases {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := read(t, file, limits())
		elapsed := time.Since(start)
		runtime.ReadMemStats(&after)
		t.Logf("%-26s %8d bytes %8s %5d MiB allocated in all: %v", name, len(file), elapsed.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, err)
		if elapsed > 8*time.Second {
			t.Errorf("%s: %s", name, elapsed)
		}
		if !known(err) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// packed returns a page whose content is compressed, so that little is left
// of a file with many words.
func packed(content string) []byte {
	data := deflate(content)
	return onePage("", "/Contents 6 0 R", "", streamObject("/Filter /FlateDecode", data))
}
