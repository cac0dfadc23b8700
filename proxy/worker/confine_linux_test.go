package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy/testbed"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
	"golang.org/x/sys/unix"
)

// calls are system calls in the way of one who has taken over a parser.
func calls() map[string][4]uintptr {
	return map[string][4]uintptr{
		"fork by clone":        {unix.SYS_CLONE, uintptr(unix.SIGCHLD)},
		"clone3":               {unix.SYS_CLONE3},
		"kill the pool":        {unix.SYS_KILL, uintptr(os.Getppid()), 0},
		"signal a thread":      {unix.SYS_TGKILL, uintptr(os.Getppid()), uintptr(os.Getppid()), 0},
		"trace":                {unix.SYS_PTRACE},
		"read other memory":    {unix.SYS_PROCESS_VM_READV},
		"io_uring":             {unix.SYS_IO_URING_SETUP, 1},
		"raise its own limits": {unix.SYS_PRLIMIT64},
		"unix socket":          {unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM},
		"netlink socket":       {unix.SYS_SOCKET, unix.AF_NETLINK, unix.SOCK_RAW},
		"load a program":       {unix.SYS_BPF},
		"open a directory":     {unix.SYS_OPENAT, ^uintptr(99), 0, 0},
		"remove a file":        {unix.SYS_UNLINKAT, 0, 0, 0},
		"change directory":     {unix.SYS_CHDIR},
		"a call of the future": {4000},
	}
}

func rawCall(name string) error {
	c := calls()[name]
	r, _, errno := syscall.RawSyscall(c[0], c[1], c[2], c[3])
	if errno == 0 && c[0] == unix.SYS_CLONE && r == 0 {
		os.Exit(0) // the child
	}
	if errno == 0 || errno == unix.EFAULT || errno == unix.EBADF {
		return nil // it came through to the kernel
	}
	return errno
}

func TestSystemCallsOutsideOfTheListAreRefused(t *testing.T) {
	needs(t, Syscalls)
	refused := map[string]bool{"clone3": true, "open a directory": true, "remove a file": true, "change directory": true, "a call of the future": true}
	for name := range calls() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pool(t, nil)
			var r record
			want := foreign.ErrFailed // killed
			if refused[name] {
				want = document.ErrUnsupported
			}
			if err := p.Isolate(context.Background(), work(call, name), &r); !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
			if r.b.Len() > 0 {
				t.Error("it was done")
			}
		})
	}
}

// tryLandlock is a process that has no protection but Landlock. Its exit
// status is 0 if that held, 3 if the kernel has none, 7 if this build cannot use it.
func tryLandlock() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 4
	}
	// Threads that exist before are bound too.
	var ready, start, done sync.WaitGroup
	ready.Add(4)
	start.Add(1)
	leaks := make(chan string, 8)
	for range 4 {
		done.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			start.Wait()
			if _, err := os.ReadFile("/etc/passwd"); !errors.Is(err, unix.EACCES) {
				leaks <- fmt.Sprint("read a file: ", err)
			}
			if c, err := net.Dial("tcp", listener.Addr().String()); !errors.Is(err, unix.EACCES) {
				leaks <- fmt.Sprint("made a connection: ", c, err)
			}
		})
	}
	ready.Wait()
	whole, err := onEveryThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
	if err != nil {
		return 5
	}
	if !whole {
		return 7
	}
	ok, err := landlock()
	if err != nil {
		return 6
	}
	if !ok {
		return 3
	}
	start.Done()
	done.Wait()
	select {
	case leak := <-leaks:
		fmt.Fprintln(os.Stderr, leak)
		return 1
	default:
		return 0
	}
}

func TestLandlockAloneTakesFilesAndConnections(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{role + "=landlock"}
	var told strings.Builder
	cmd.Stderr = &told
	err = cmd.Run()
	switch code := cmd.ProcessState.ExitCode(); {
	case code == 3:
		testbed.Skip(t, "this system has no Landlock")
	case code == 7:
		t.Skip("a build with C, as for the race detector, cannot reach every thread")
	case err != nil:
		t.Errorf("exit status %d: %s", code, told.String())
	}
}

func TestAWorkerHasTwoPipesAndNoEnvironment(t *testing.T) {
	t.Setenv("BULKHEAD_TEST_SECRET", "a password")
	var left [2]int // descriptors that a careless program leaves to its children
	if err := unix.Pipe(left[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(left[0])
	defer unix.Close(left[1])
	p := pool(t, nil)
	wellBehaved(t, p)
	pid := p.idle[0].cmd.Process.Pid
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err == nil && strings.Contains(string(env), "SECRET") {
		t.Error("the worker has our environment")
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		testbed.Skip(t, "no proc file system: "+err.Error())
	}
	for _, want := range []string{"NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("status lacks %q", want)
		}
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if os.IsPermission(err) && os.Getuid() != 0 {
		return // who is not root cannot look into a process that closes its memory to others
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		to, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, fd.Name()))
		if n := fd.Name(); n > "2" && !strings.HasPrefix(to, "anon_inode:[event") {
			t.Errorf("descriptor %s is %s, error %v", n, to, err)
		}
	}
}
