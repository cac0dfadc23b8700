package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// writes keeps what was written, each write by itself.
type writes struct {
	mu  sync.Mutex
	all []string
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, string(p))
	return len(p), nil
}

func (w *writes) so() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.all...)
}

func TestLogLinesThatComeFastAreWrittenTogetherAndInOrder(t *testing.T) {
	var to writes
	lines := &logLines{to: &to}
	var want bytes.Buffer
	for i := range 1000 {
		line := fmt.Sprintf("line %d\n", i)
		want.WriteString(line)
		if n, err := lines.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatalf("%d octets of %d, %v", n, len(line), err)
		}
	}
	for began := time.Now(); strings.Join(to.so(), "") != want.String(); time.Sleep(time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("%d octets of %d are written", len(strings.Join(to.so(), "")), want.Len())
		}
	}
	if n := len(to.so()); n > 500 {
		t.Errorf("1000 lines took %d writes", n)
	}
	for _, written := range to.so() {
		if !strings.HasSuffix(written, "\n") {
			t.Fatalf("half a line was written: %q", written)
		}
	}
}

func TestALogLineByItselfIsWrittenAtOnce(t *testing.T) {
	var to writes
	lines := &logLines{to: &to}
	for i := range 3 {
		_, _ = lines.Write([]byte("one\n"))
		if n := len(to.so()); n != i+1 {
			t.Fatalf("%d lines are written after %d", n, i+1)
		}
		time.Sleep(2 * linesApart)
	}
}

func TestNoMoreLogLinesWaitThanMay(t *testing.T) {
	var to writes
	lines := &logLines{to: &to, wrote: time.Now().Add(time.Hour)} // so that all wait
	line := []byte(strings.Repeat("x", 999) + "\n")
	const n = 100
	for range n {
		_, _ = lines.Write(line)
	}
	lines.flush()
	if got := strings.Join(to.so(), ""); got != strings.Repeat(string(line), n) {
		t.Errorf("%d octets written of %d", len(got), n*len(line))
	}
	for _, written := range to.so() {
		if len(written) > maxLines {
			t.Errorf("%d octets at once: a pipe takes %d in one piece", len(written), maxLines)
		}
	}
}
