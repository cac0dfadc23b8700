package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/ulikunitz/xz"
)

// workers are the process ids of a relay's parser workers.
func (p *process) workers(t testing.TB) (ids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name is in parentheses and may hold anything (proc(5)).
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 || string(fields[1]) != strconv.Itoa(p.cmd.Process.Pid) || string(fields[0]) == "Z" {
			continue
		}
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// xzOf compresses (the .xz file format, version 1.0.4).
func xzOf(t testing.TB, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := xz.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestAWorkerThatDiesTakesNoMessageWithIt: the process that reads an archive is
// killed while it does. The message is held as not read, a letter beside it
// passes, and the next archive is read by another process.
func TestAWorkerThatDiesTakesNoMessageWithIt(t *testing.T) {
	testbed.SkipShort(t, "it kills workers until one was met at work")
	archived := func(name, line string) []byte {
		var words strings.Builder
		for i := range 60_000 {
			fmt.Fprintf(&words, line, 1900+i%90, i*7919%1000)
		}
		return attached("", "ana@office.example", "ben@client.example", name, "application/octet-stream", xzOf(t, words.String())).content
	}
	archive := archived("bridge.txt.xz", "In the year %d the bridge was painted with %d litres.\n")
	box := newMailbox(t)
	p := serve(t, t.TempDir(), box.url())
	c, other := dial(t, p.smtp[0]), dial(t, p.smtp[0])
	send := func(c *client, content []byte) string {
		_, text := c.send("ana@office.example", []string{"ben@client.example"}, content)
		return text
	}
	const failed = `bulkhead_parts_unread_total{reason="failed"}`
	for try, passed := 1, 0; ; try++ {
		answer := make(chan string, 1)
		go func() { answer <- send(c, archive) }()
		text := ""
		for text == "" { // the first moment at which there is a worker
			select {
			case text = <-answer:
			default:
				for _, id := range p.workers(t) {
					syscall.Kill(id, syscall.SIGKILL) // it may have ended
				}
			}
		}
		if !strings.Contains(text, "Held for review") { // it was read before
			if passed++; len(box.got()) != passed {
				t.Fatalf("answered %s, and the upstream has %d messages, want %d", text, len(box.got()), passed)
			}
			if try < 20 {
				continue
			}
			t.Fatalf("no worker was met at work in %d tries", try)
		}
		if n := p.metric(t, failed); n == 0 || len(box.got()) != passed {
			t.Errorf("%v parts failed and the upstream has %d messages, want some and %d", n, len(box.got()), passed)
		}
		break
	}
	before := len(box.got())
	for _, content := range [][]byte{letter("", "ana@office.example", "ben@client.example", ordinaryLetter).content,
		archived("rain.txt.xz", "Of %d it is said that rain fell on %d days, and nobody minded it much.\n")} {
		if text := send(other, content); strings.Contains(text, "Held") {
			t.Errorf("after the death of a worker a message is answered %s", text)
		}
	}
	if n := len(box.got()) - before; n != 2 {
		t.Errorf("%d of the 2 messages after it came to the upstream", n)
	}
	if out, _, _ := runBulkhead(t, "quarantine", "list", "--data-dir", p.dataDir, "--format", "json"); !strings.Contains(out, `"policy":"unread"`) || strings.Count(out, "\n") != 1 {
		t.Errorf("held: %s, want one as unread", out)
	}
	if strings.Contains(p.logged(), "bridge") {
		t.Errorf("the log has content:\n%s", p.logged())
	}
	p.stop(t)
}
