package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// progress is a bar on a terminal; on anything else it is silent.
type progress struct {
	w     io.Writer
	what  string
	total int
	shown bool
}

// newProgress makes a bar for total steps.
func newProgress(w io.Writer, what string, total int) *progress {
	if file, is := w.(*os.File); !is || !isTerminal(file) || total < 2 {
		w = nil
	}
	return &progress{w: w, what: what, total: total}
}

// newCounter makes a count of steps whose number nobody knows before.
func newCounter(w io.Writer, what string) *progress {
	p := newProgress(w, what, 2)
	p.total = 0
	return p
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// barWidth is the bar's width in characters.
const barWidth = 30

// set shows that done steps are behind.
func (p *progress) set(done int) {
	if p.w == nil {
		return
	}
	p.shown = true
	if p.total == 0 {
		fmt.Fprintf(p.w, "\r%d %s", done, p.what)
		return
	}
	full := min(done, p.total) * barWidth / p.total
	fmt.Fprintf(p.w, "\r[%s%s] %d of %d %s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, p.total, p.what)
}

// clear takes the bar away, so that lines can be printed.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
