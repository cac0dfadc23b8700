package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// listenSink is an upstream that takes all there is, with little work of its
// own: what is measured is the relay.
func listenSink(b testing.TB) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { listener.Close() }) // ends the loop
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go takeAll(conn)
		}
	}()
	return listener.Addr().String()
}

// takeAll answers each command of a session, and swallows content.
func takeAll(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	io.WriteString(conn, "220 sink\r\n") // the read that follows tells
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		reply := "250 Ok\r\n"
		switch {
		case bytes.HasPrefix(line, []byte("EHLO")):
			reply = "250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
		case bytes.HasPrefix(line, []byte("DATA")):
			io.WriteString(conn, "354 go\r\n") // the read that follows tells
			if swallow(in) != nil {
				return
			}
		case bytes.HasPrefix(line, []byte("QUIT")):
			io.WriteString(conn, "221 bye\r\n") // over either way
			return
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

// swallow reads to the end of the content, which comes last.
func swallow(in *bufio.Reader) error {
	var tail [5]byte
	for string(tail[:]) != "\r\n.\r\n" {
		if _, err := in.Peek(1); err != nil {
			return err
		}
		got, _ := in.Peek(in.Buffered())
		seen := append(tail[:], got[max(0, len(got)-len(tail)):]...)
		copy(tail[:], seen[len(seen)-len(tail):])
		in.Discard(len(got)) // it is buffered
	}
	return nil
}

// parcel is a message of which every copy is a little different, so that none
// is known from before.
type parcel struct {
	content []byte // as it goes on the wire, final dot included
	at      int    // where blank is
	sent    *atomic.Int64
}

const blank = "MDAwMDAw" // "000000" in base64

func newParcel(message string) parcel {
	return parcel{content: []byte(message + ".\r\n"), at: strings.Index(message, blank), sent: new(atomic.Int64)}
}

// post sends one message in a session of its own, as smtp-source does: each
// command waits for the answer to the one before.
func (p parcel) post(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	if err := await(in, "220"); err != nil {
		return err
	}
	for _, c := range []struct{ command, code string }{
		{"EHLO client.example\r\n", "250"}, {"MAIL FROM:<ana@sender.example>\r\n", "250"},
		{"RCPT TO:<ben@reader.example>\r\n", "250"}, {"DATA\r\n", "354"}, {"", "250"}, {"QUIT\r\n", "221"},
	} {
		if c.command == "" {
			err = p.pour(conn)
		} else {
			_, err = io.WriteString(conn, c.command)
		}
		if err == nil {
			err = await(in, c.code)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pour writes the content, with a number of its own where any may stand.
func (p parcel) pour(conn net.Conn) error {
	own := base64.StdEncoding.AppendEncode(nil, fmt.Appendf(nil, "%06d", p.sent.Add(1)))
	parts := net.Buffers{p.content[:p.at], own, p.content[p.at+len(blank):]}
	_, err := parts.WriteTo(conn)
	return err
}

func await(in *bufio.Reader, code string) error {
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case !bytes.HasPrefix(line, []byte(code)):
			return fmt.Errorf("want %s, got %q", code, line)
		case len(line) > 3 && line[3] != '-':
			return nil
		}
	}
}

// load sends n messages over so many connections at a time, and returns how
// long that took.
func (p parcel) load(b *testing.B, address string, connections, n int) time.Duration {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(n))
	began := time.Now()
	var all sync.WaitGroup
	for range min(connections, n) {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if err := p.post(address); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return time.Since(began)
}

// family returns the process identifiers of a process and its children.
func family(b *testing.B, process int) []string {
	pid := strconv.Itoa(process)
	all := []string{pid}
	tasks, err := os.ReadDir("/proc/" + pid + "/task")
	if err != nil {
		b.Skip("there is no /proc to read from")
	}
	for _, task := range tasks {
		children, _ := os.ReadFile("/proc/" + pid + "/task/" + task.Name() + "/children") // a thread may have ended
		all = append(all, strings.Fields(string(children))...)
	}
	return all
}

// spent returns the processor time that the process and its children have used.
func (p *process) spent(b *testing.B) time.Duration { return spentBy(b, p.cmd.Process.Pid) }

// spentBy is the same of any process. Children that have ended count, too.
func spentBy(b *testing.B, process int) (used time.Duration) {
	const tick = 10 * time.Millisecond // USER_HZ of Linux
	for _, pid := range family(b, process) {
		stat, _ := os.ReadFile("/proc/" + pid + "/stat") // a child may have ended
		_, fields, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(fields); len(f) > 15 {
			for _, ticks := range f[11:15] { // utime, stime, cutime and cstime of proc_pid_stat(5)
				n, _ := strconv.Atoi(ticks)
				used += time.Duration(n) * tick
			}
		}
	}
	return used
}
