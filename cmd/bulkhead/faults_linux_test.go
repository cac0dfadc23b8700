package main

import (
	"bufio"
	"database/sql"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"golang.org/x/sys/unix"
)

// faulty is a relay that something is done to, with a client that keeps a
// ledger.
type faulty struct {
	t     *testing.T
	p     *process
	box   *mailbox
	data  string
	table string
	sent  int
	acked map[string]bool
}

// newFaulty starts one over a data folder.
func newFaulty(t *testing.T, data string, more ...string) *faulty {
	t.Helper()
	f := &faulty{t: t, box: newMailbox(t), data: data, table: csvOf(makeCustomers(30)), acked: map[string]bool{}}
	f.box.server.MaxLineLength = 0
	f.p = serve(t, data, f.box.url(), more...)
	f.works() // what is made once is there
	return f
}

// connect is a session that is open already when the fault comes.
func (f *faulty) connect() *client {
	f.t.Helper()
	c := dial(f.t, f.p.smtp[0])
	return c
}

// try sends a message that leaks or one that does not, and notes whether it was
// acknowledged.
func (f *faulty) try(c *client, leak bool) (code int, text string) {
	f.t.Helper()
	f.sent++
	id := fmt.Sprintf("m%d", f.sent)
	m := marked(id, leak, f.table)
	c.conn.SetDeadline(time.Now().Add(patience)) // a test that waits longer fails anyway
	code, text, err := c.try(m.from, []string{m.to}, m.content)
	if err != nil {
		return 0, err.Error()
	}
	if code == 250 {
		f.acked[id] = true
	}
	return code, text
}

// want sends a message on a session and checks the answer's code, and that what
// is refused is so for now.
func (f *faulty) want(c *client, leak bool, codes ...int) {
	f.t.Helper()
	code, text := f.try(c, leak)
	for _, want := range codes {
		if code == want {
			return
		}
	}
	f.t.Errorf("a message (leaks: %v) is answered %d %s, want %v", leak, code, text, codes)
}

// tryBig sends a message that is larger than what the spool keeps in memory.
func (f *faulty) tryBig(c *client) (code int, text string) {
	f.t.Helper()
	return c.send("big@office.example", []string{"ben@client.example"},
		letter("", "big@office.example", "ben@client.example", strings.Repeat(ordinaryLetter, 2*spoolMemory/len(ordinaryLetter))).content)
}

// works waits until a message is held and another passes.
func (f *faulty) works() {
	f.t.Helper()
	last := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", f.p.smtp[0], time.Second)
		if err != nil {
			last = err.Error()
			continue
		}
		conn.SetDeadline(time.Now().Add(patience)) // a test that waits longer fails anyway
		c := &client{t: f.t, conn: conn, text: textproto.NewConn(conn)}
		if _, last, err = c.text.ReadResponse(220); err != nil {
			continue
		}
		c.cmd(250, "EHLO client.example")
		held, heldText := f.try(c, true)
		passed, passedText := f.try(c, false)
		conn.Close() // every reply has been read
		if last = heldText + "; " + passedText; held == 250 && passed == 250 {
			return
		}
	}
	f.t.Fatalf("the relay does not work again: %s", last)
}

// settle stops the relay, and checks that all that was acknowledged is where it
// belongs, once, and nothing anywhere twice.
func (f *faulty) settle() {
	f.t.Helper()
	f.works()
	f.p.stop(f.t)
	sent := tally{}
	for _, m := range f.box.got() {
		if m.from == "big@office.example" {
			continue
		}
		sent.note(f.t, "the upstream", m.content, f.table, false)
	}
	held := heldWhole(f.t, f.data, f.table)
	for i := 1; i <= f.sent; i++ {
		id := fmt.Sprintf("m%d", i)
		if n := sent[id] + held[id]; n > 1 || f.acked[id] && n != 1 {
			f.t.Errorf("%s (acknowledged: %v) is %d times at the upstream, %d times held", id, f.acked[id], sent[id], held[id])
		}
	}
	if log := f.p.logged(); strings.Contains(log, "panic") {
		f.t.Errorf("a panic was logged:\n%s", log)
	}
}

// inject makes system calls of the relay fail, until the function that it returns
// is called.
func (f *faulty) inject(calls, fault string) (end func()) {
	f.t.Helper()
	strace := needProgram(f.t, "strace", "strace")
	cmd := exec.Command(strace, "-f", "-o", "/dev/null", "-e", "trace="+calls, "-e", "inject="+calls+":error="+fault, "-p", fmt.Sprint(f.p.cmd.Process.Pid))
	said, err := cmd.StderrPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	if !lines.Scan() || !strings.Contains(lines.Text(), "attached") {
		testbed.Skip(f.t, fmt.Sprintf("strace cannot attach, which root may: %s, %v", lines.Text(), cmd.Wait()))
	}
	go func() {
		for lines.Scan() {
			continue // which threads come and go
		}
	}()
	time.Sleep(100 * time.Millisecond) // to reach every thread
	return func() {
		cmd.Process.Signal(syscall.SIGTERM) // it detaches
		cmd.Wait()                          // ended by the signal
	}
}

// TestFaultsOfTheDisk: whatever the disk refuses, a message that has to be held
// is put off, one that passes goes on, and nothing acknowledged is lost.
func TestFaultsOfTheDisk(t *testing.T) {
	testbed.SkipShort(t, "long")
	t.Parallel() // mostly waiting
	for _, c := range []struct {
		name, calls, fault string
		leak, big          int // the answers to what has to be held, and to what goes to the spool's file
	}{
		{"what was written cannot be synced", "fsync,fdatasync", "EIO", 451, 250},
		{"no room for the records", "pwrite64", "ENOSPC", 452, 250},
		{"the records cannot be written", "pwrite64", "EIO", 451, 250},
		{"no file can be opened", "openat", "EMFILE", 250, 451}, // a small one is kept in the records
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFaulty(t, t.TempDir())
			s := f.connect()
			end := f.inject(c.calls, c.fault)
			for range 3 {
				f.want(s, true, c.leak)
				f.want(s, false, 250)
			}
			if code, text := f.tryBig(s); code != c.big {
				t.Errorf("a big message is answered %d %s, want %d", code, text, c.big)
			}
			end()
			f.settle()
		})
	}
}

// TestFullDisk: the same on a volume that is really full.
func TestFullDisk(t *testing.T) {
	testbed.SkipShort(t, "long")
	if os.Getuid() != 0 {
		testbed.Skip(t, "a volume of its own needs root")
	}
	t.Parallel() // mostly waiting
	data := t.TempDir()
	if err := syscall.Mount("bulkhead-test", data, "tmpfs", 0, "size=24m,mode=700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(data, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	f := newFaulty(t, data, "BULKHEAD_QUARANTINE_RESERVE=1")
	s := f.connect()
	ballast := filepath.Join(data, "ballast")
	fill(t, ballast)
	for range 3 {
		f.want(s, true, 452)
		f.want(s, false, 250)
		if code, text := f.tryBig(s); code != 452 {
			t.Errorf("a message that the spool has no room for is answered %d %s, want 452", code, text)
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	f.settle()
}

// fill writes a file until the volume is full.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() // its content is of no interest
	for size := 1 << 20; size > 0; {
		if _, err := file.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

// TestLockedStore: another program holds on to the quarantine's database for
// longer than anybody waits.
func TestLockedStore(t *testing.T) {
	testbed.SkipShort(t, "long")
	t.Parallel() // mostly waiting
	f := newFaulty(t, t.TempDir())
	s := f.connect()
	db, err := sql.Open("sqlite", filepath.Join(f.data, "quarantine.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() // nothing is left to write
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	f.want(f.connect(), false, 250)
	f.want(s, true, 451)
	f.want(s, false, 250)
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	f.settle()
}

// TestWantOfDescriptors: with none left, what cannot be taken is put off, and
// all goes on when there are some again.
func TestWantOfDescriptors(t *testing.T) {
	testbed.SkipShort(t, "long")
	t.Parallel() // mostly waiting
	f := newFaulty(t, t.TempDir())
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", f.p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var before unix.Rlimit
	few := unix.Rlimit{Cur: uint64(len(open)) + 6}
	if err := unix.Prlimit(f.p.cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	few.Max = before.Max
	sessions := []*client{f.connect(), f.connect()}
	if err := unix.Prlimit(f.p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &few, nil); err != nil {
		t.Fatal(err)
	}
	var crowd []net.Conn
	for range 40 { // the kernel takes them; the relay cannot
		conn, err := net.DialTimeout("tcp", f.p.smtp[0], patience)
		if err != nil {
			t.Fatal(err)
		}
		crowd = append(crowd, conn)
	}
	for deadline := time.Now().Add(patience); !strings.Contains(f.p.logged(), "no client can be accepted"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("descriptors do not run out")
		}
	}
	for _, s := range sessions {
		for range 3 {
			f.want(s, true, 250, 421, 451, 452)
			f.want(s, false, 250, 421, 451, 452)
		}
	}
	if err := unix.Prlimit(f.p.cmd.Process.Pid, unix.RLIMIT_NOFILE, &before, nil); err != nil {
		t.Fatal(err)
	}
	for _, conn := range crowd {
		conn.Close() // nothing was asked of them
	}
	f.settle()
}
