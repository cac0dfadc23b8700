package worker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bind has the kernel kill a worker whose pool dies. It fires when the thread
// that started the worker ends (golang/go#27505); the runtime keeps its
// threads, so that is the process's end.
func bind(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// confine gives up what this process does not need, for good. What the kernel
// does not know is left out; what it knows and refuses is an error.
func confine() (Protection, error) {
	runtime.LockOSThread() // the thread whose rights the others take over
	defer runtime.UnlockOSThread()
	debug.SetMemoryLimit(maxMemory * 3 / 4)
	if err := closeInherited(); err != nil {
		return 0, err
	}
	if err := limit(); err != nil {
		return 0, err
	}
	held := Bounded
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return held, fmt.Errorf("forbid core dumps: %w", err)
	}
	whole, err := onEveryThread(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
	if err != nil {
		return held, fmt.Errorf("forbid new privileges: %w", err)
	}
	held |= NoGain
	ok, err := landlock()
	if err != nil {
		return held, err
	}
	if ok && whole {
		held |= Landlock
	}
	if ok, err = filterSyscalls(); err != nil {
		return held, err
	}
	if ok {
		held |= Syscalls
	}
	return held, nil
}

// onEveryThread makes a system call on all threads. A program built with C
// (the race detector) can do so on this thread only; then it reports false.
func onEveryThread(call, a, b uintptr) (bool, error) {
	_, _, errno := syscall.AllThreadsSyscall6(call, a, b, 0, 0, 0, 0)
	whole := errno != syscall.ENOTSUP
	if !whole {
		_, _, errno = syscall.RawSyscall6(call, a, b, 0, 0, 0, 0)
	}
	if errno != 0 {
		return whole, errno
	}
	return whole, nil
}

// closeInherited closes every descriptor beyond the standard ones, which some
// program above may have left open, but for those the runtime waits by.
func closeInherited() error {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no proc file system: what is open stays
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return fmt.Errorf("descriptors: %w", err)
		}
		to, err := os.Readlink(dir + "/" + e.Name())
		if fd <= 2 || err != nil || strings.HasPrefix(to, "anon_inode:[event") {
			continue // err: the descriptor that the list was read from
		}
		if err := unix.Close(fd); err != nil && !errors.Is(err, unix.EBADF) {
			return fmt.Errorf("close descriptor %d: %w", fd, err)
		}
	}
	return nil
}

// limit sets resource limits that cannot be raised again.
func limit() error {
	reserved, err := addressSpace()
	if err != nil {
		return err
	}
	for _, l := range []struct {
		what  string
		which int
		value uint64
	}{
		// The runtime reserves far more addresses than it uses, hence two: what
		// may be written, and what may be mapped beyond the start.
		{"memory", unix.RLIMIT_DATA, maxMemory},
		{"address space", unix.RLIMIT_AS, reserved + 2*maxMemory},
		{"processor time", unix.RLIMIT_CPU, uint64(maxCPU / time.Second)},
		{"descriptors", unix.RLIMIT_NOFILE, maxFiles},
		{"written files", unix.RLIMIT_FSIZE, 0},
		{"core dumps", unix.RLIMIT_CORE, 0},
	} {
		var now unix.Rlimit
		if err := unix.Getrlimit(l.which, &now); err != nil {
			return fmt.Errorf("limit of %s: %w", l.what, err)
		}
		value := min(l.value, now.Max) // the system may be stricter already
		if err := unix.Setrlimit(l.which, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("limit %s: %w", l.what, err)
		}
	}
	return nil
}

// addressSpace returns the bytes that this process has mapped.
func addressSpace() (uint64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 2 << 30, nil // no proc file system: more than the runtime takes
	}
	first, _, _ := strings.Cut(string(b), " ")
	pages, err := strconv.ParseUint(first, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("size of this process: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}

// landlock takes away all files and, where the kernel can, TCP and what
// reaches other processes. It reports false where the kernel has none of it.
func landlock() (bool, error) {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 || abi < 1 {
		return false, nil
	}
	rules := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1}
	if abi >= 2 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		rules.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if abi >= 5 {
		rules.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		rules.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	// Kernels that know less than the whole structure take it if the rest is zero.
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&rules)), unsafe.Sizeof(rules), 0)
	if errno != 0 {
		return false, fmt.Errorf("landlock rules: %w", errno)
	}
	defer unix.Close(int(fd)) //nolint:errcheck // it holds no data
	whole, err := onEveryThread(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0)
	if err != nil {
		return false, fmt.Errorf("landlock: %w", err)
	}
	return whole, nil
}

// cpuUsed returns the processor time that this process has used.
func cpuUsed() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
