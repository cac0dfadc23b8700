package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// freePort returns an address of loopback where nothing listens, for programs
// that cannot choose one themselves.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it was only tried
	return l.Addr().String()
}

// startSink starts Postfix's smtp-sink, which writes each message to a file of
// its own in the folder that is returned.
func startSink(t testing.TB) (address, dir string) {
	t.Helper()
	sink := needProgram(t, "smtp-sink", "postfix")
	address, dir = freePort(t), t.TempDir()
	args := []string{"-d", filepath.Join(dir, "message."), address, "200"}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "root"}, args...)
	}
	cmd := exec.Command(sink, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // it may have ended
		cmd.Wait()         // as above
	})
	for range 100 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close() // it was only tried
			return address, dir
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("smtp-sink does not listen on %s", address)
	return "", ""
}

// sinkMessages reads what smtp-sink wrote, without the lines that it put above
// each message itself.
func sinkMessages(t testing.TB, dir string) [][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "message.*"))
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(text, []byte("\nReceived: "))
		if at < 0 {
			t.Fatalf("%s: smtp-sink's own Received line is missing:\n%s", file, text)
		}
		below, err := belowTrace(text[at+1:])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, below)
	}
	return list
}

// split parts a message in header and body. smtp-sink writes LF ends.
func split(message []byte) (header, body string) {
	h, b, _ := strings.Cut(string(message), "\n\n")
	return h, b
}

// Postfix's own load generator and test server, with Bulkhead between them:
// nothing is lost, nothing is changed.
func TestPostfixClientAndServer(t *testing.T) {
	source := needProgram(t, "smtp-source", "postfix")
	address, dir := startSink(t)
	p := serve(t, t.TempDir(), "smtp://"+address)
	loads := []struct{ messages, size int }{{1400, 1_000}, {500, 20_000}, {100, 300_000}}
	if testing.Short() {
		loads = loads[:0:0]
		loads = append(loads, struct{ messages, size int }{200, 1_000}, struct{ messages, size int }{10, 300_000})
	}
	want, total := map[string]int{}, 0
	began := time.Now()
	for _, load := range loads {
		want[sourceBody(t, source, load.size)] += load.messages
		total += load.messages
		runProgram(t, source, "-s", "20", "-m", fmt.Sprint(load.messages), "-l", fmt.Sprint(load.size),
			"-f", "sender@source.example", "-t", "reader@sink.example", p.smtp[0])
	}
	t.Logf("%d messages in %v", total, time.Since(began).Round(time.Millisecond))

	got := sinkMessages(t, dir)
	for _, message := range got {
		below, err := belowTrace(message)
		if err != nil {
			t.Fatalf("%v:\n%.300s", err, message)
		}
		header, body := split(below)
		if !strings.HasPrefix(header, "From: <sender@source.example>\nTo: <reader@sink.example>\nDate: ") || strings.Count(header, "\n") != 3 {
			t.Fatalf("the header has changed:\n%s", header)
		}
		want[body]--
	}
	if len(got) != total {
		t.Errorf("%d messages arrived, want %d", len(got), total)
	}
	for body, missing := range want {
		if missing != 0 {
			t.Errorf("%d messages too few with the body of %d bytes that begins %.40q", missing, len(body), body)
		}
	}
	if passed := p.metric(t, `bulkhead_messages_total{action="pass",completeness="complete"}`); passed != float64(total) {
		t.Errorf("/metrics counts %v messages passed, want %d", passed, total)
	}
	p.stop(t)
}

// sourceBody returns the body that smtp-source makes for a size, as it arrives
// without a relay between.
func sourceBody(t *testing.T, source string, size int) string {
	t.Helper()
	address, dir := startSink(t)
	runProgram(t, source, "-l", fmt.Sprint(size), "-f", "sender@source.example", "-t", "reader@sink.example", address)
	messages := sinkMessages(t, dir)
	if len(messages) != 1 {
		t.Fatalf("%d reference messages, want 1", len(messages))
	}
	_, body := split(messages[0])
	if len(body) < size/2 {
		t.Fatalf("the reference body has %d bytes, want about %d", len(body), size)
	}
	return body
}

// runProgram runs a program to its end and returns what it printed.
func runProgram(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
	return string(out)
}
