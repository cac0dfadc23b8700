package main

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
)

// hostiles are connections of clients that mean no good.
type hostiles struct {
	mu    sync.Mutex
	conns []net.Conn
	done  chan struct{}
}

func (h *hostiles) keep(conn net.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, conn)
}

func (h *hostiles) leave() {
	close(h.done)
	for _, c := range h.conns {
		c.Close() // whatever it was doing
	}
}

// each runs what n hostile clients do, a hundred at a time, each after EHLO.
func (h *hostiles) each(t *testing.T, n int, source, address string, do func(*tool) error) {
	t.Helper()
	var all sync.WaitGroup
	room := make(chan struct{}, 100)
	for range n {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			c, err := newTool(source, address)
			if err == nil {
				c.conn.SetDeadline(time.Time{})
				h.keep(c.conn)
				err = do(c)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// drip sends a message octet by octet, just fast enough not to be cut off yet.
func (h *hostiles) drip(c *tool) error {
	if _, err := io.WriteString(c.conn, "MAIL FROM:<slow@isp.example>\r\nRCPT TO:<ben@client.example>\r\nDATA\r\n"); err != nil {
		return err
	}
	for range 3 {
		if reply := c.in.line(); reply[0] != '2' && reply[0] != '3' {
			return fmt.Errorf("slow writer: %s", reply)
		}
	}
	go func() {
		for {
			select {
			case <-h.done:
				return
			case <-time.After(200 * time.Millisecond):
				if _, err := io.WriteString(c.conn, "x"); err != nil {
					return // the test has closed it
				}
			}
		}
	}()
	return nil
}

// stall sends commands and never reads a reply, until nothing more is taken. It
// is told to go long before its replies fill what lies between.
func (h *hostiles) stall(c *tool) error {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		if err := tcp.SetReadBuffer(4 << 10); err != nil {
			return err
		}
	}
	commands := []byte(strings.Repeat("NOOP\r\n", 2000))
	for range 1000 {
		c.conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := c.conn.Write(commands); err != nil {
			return nil // nothing more is taken
		}
	}
	return fmt.Errorf("a client that reads no reply could send %d commands", 1000*2000)
}

// sip reads the reply to each command octet by octet, and sends the next.
func (h *hostiles) sip(c *tool) error {
	go func() {
		var octet [1]byte
		for {
			if _, err := io.WriteString(c.conn, "NOOP\r\n"); err != nil {
				return // the test has closed it
			}
			for octet[0] = 0; octet[0] != '\n'; {
				select {
				case <-h.done:
					return
				case <-time.After(20 * time.Millisecond):
				}
				if _, err := c.conn.Read(octet[:]); err != nil {
					return // as above
				}
			}
		}
	}()
	return nil
}

// servedWithin returns the 99th percentile of the time that it takes to get a
// message of 4 KB through, on four connections.
func servedWithin(t *testing.T, address string) time.Duration {
	t.Helper()
	const messages, clients = 400, 4
	body := strings.Repeat(strings.ReplaceAll(ordinaryLetter, "\n", "\r\n"), 4096/len(ordinaryLetter))
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			c, err := newTool("", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.conn.Close() // every reply has been read
			for i := range messages / clients {
				m := readied("letter", letter("", "ana@office.example", "ben@client.example", fmt.Sprintf("Letter %d of %d\n\n%s", i, n, body)).content)
				began := time.Now()
				reply := c.send("ana@office.example", "ben@client.example", m)
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				if !strings.HasPrefix(reply, "250") {
					t.Errorf("reply %s", reply)
					return
				}
			}
		})
	}
	all.Wait()
	if len(took) == 0 {
		t.Fatal("no message was sent")
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// TestHostileLoad: with 2,000 connections that only sit there, clients that drip
// their message, and clients that sip their replies or read none, the others are served within
// twice their usual time.
func TestHostileLoad(t *testing.T) {
	testbed.SkipShort(t, "long")
	const idle, slow, noise = 2000, 50, 10 * time.Millisecond
	needDescriptors(t, 2*(idle+2*slow)+200)
	up := newCountingSink(t)
	p := serve(t, t.TempDir(), up.url(), "BULKHEAD_SMTP_MAX_CONNECTIONS=3000", "BULKHEAD_SMTP_MAX_PER_CLIENT=2500")
	servedWithin(t, p.smtp[0]) // so that what is made once is there
	const tries = 3            // the machine may be busy with other things
	for try := 1; ; try++ {
		before := servedWithin(t, p.smtp[0])
		h := &hostiles{done: make(chan struct{})}
		h.each(t, idle, "127.0.0.2", p.smtp[0], func(*tool) error { return nil })
		h.each(t, slow, "127.0.0.3", p.smtp[0], h.drip)
		h.each(t, slow, "127.0.0.4", p.smtp[0], h.sip)
		h.each(t, slow, "127.0.0.5", p.smtp[0], h.stall)
		if open := p.metric(t, "bulkhead_smtp_connections"); open < idle+2*slow {
			t.Errorf("%v connections are open, want %d hostile ones", open, idle+2*slow)
		}
		under := servedWithin(t, p.smtp[0])
		memory := p.metric(t, "process_resident_memory_bytes")
		h.leave()
		for deadline := time.Now().Add(patience); p.metric(t, "bulkhead_smtp_connections") > 0; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("hostile connections stay after their clients have gone")
			}
		}
		after := servedWithin(t, p.smtp[0])
		t.Logf("99 of 100 served within %v before, %v under hostile load, %v after it; %.0f MiB", before, under, after, memory/(1<<20))
		if under <= 2*max(before, after)+noise {
			break
		}
		if try == tries {
			t.Errorf("under hostile load served within %v, want twice of %v at most", under, max(before, after))
			break
		}
	}
	p.stop(t)
}

// TestOneClientCannotTakeEveryPlace: with the default settings, a client that
// opens connection after connection gets its share, and others are served.
func TestOneClientCannotTakeEveryPlace(t *testing.T) {
	testbed.SkipShort(t, "hundreds of connections")
	needDescriptors(t, 3000)
	p := serve(t, t.TempDir(), newCountingSink(t).url())
	const share = 500 // smtp.max_per_client
	h := &hostiles{done: make(chan struct{})}
	h.each(t, share, "127.0.0.2", p.smtp[0], func(*tool) error { return nil })
	for range 20 {
		if _, err := newTool("127.0.0.2", p.smtp[0]); err == nil || !strings.Contains(err.Error(), "421 4.7.0 Too many connections") {
			t.Fatalf("connection %d of one client: %v, want 421 4.7.0", share+1, err)
		}
	}
	servedWithin(t, p.smtp[0])
	h.leave()
	p.stop(t)
}

// needDescriptors skips a test on a machine that does not let a process have so
// many.
func needDescriptors(t *testing.T, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < n {
		testbed.Skip(t, fmt.Sprintf("a process may have %d descriptors only, and %d are needed: ulimit -Hn", limit.Max, n))
	}
}
