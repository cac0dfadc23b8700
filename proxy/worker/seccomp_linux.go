//go:build linux && (amd64 || arm64)

package worker

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// allowed are the calls that the Go runtime and two pipes need.
func allowed() []uint32 {
	return append([]uint32{
		// The pipes.
		unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_FCNTL,
		// Memory.
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_MPROTECT, unix.SYS_MREMAP, unix.SYS_BRK, unix.SYS_MINCORE,
		// Threads, and waiting for one another.
		unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP,
		unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_MEMBARRIER, unix.SYS_RESTART_SYSCALL,
		unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2,
		// Signals within the process.
		unix.SYS_SIGALTSTACK, unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN,
		// Clocks, identity, chance, and the end.
		unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY, unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_GETRUSAGE,
		unix.SYS_GETRANDOM, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	}, allowedHere()...)
}

// deadly are calls that no parser makes in good faith: they end the process.
// What is in neither list, opening files among it, is refused with EPERM.
func deadly() []uint32 {
	return append([]uint32{
		unix.SYS_EXECVE, unix.SYS_EXECVEAT,
		unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT,
		unix.SYS_ACCEPT4, unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_RECVMSG,
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD,
		unix.SYS_KILL, unix.SYS_TKILL, unix.SYS_SETRLIMIT, unix.SYS_PRLIMIT64,
		unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP,
		unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_KEXEC_LOAD,
		unix.SYS_MEMFD_CREATE,
	}, deadlyHere()...)
}

// Offsets in struct seccomp_data (linux/seccomp.h); both machines are
// little-endian.
const (
	atCall = 0
	atArch = 4
	atArg0 = 16
)

// program is the filter as classic BPF: foreign machines and call tables die,
// lists are walked in order, the rest is refused.
func program(pid int) []unix.SockFilter {
	const (
		allow = unix.SECCOMP_RET_ALLOW
		die   = unix.SECCOMP_RET_KILL_PROCESS
		deny  = unix.SECCOMP_RET_ERRNO
	)
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	ret := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	jump := func(op uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | op, K: k, Jt: yes, Jf: no}
	}
	p := []unix.SockFilter{
		load(atArch), jump(unix.BPF_JEQ, auditArch, 1, 0), ret(die),
		load(atCall), jump(unix.BPF_JGE, foreignCalls, 0, 1), ret(die),
	}
	each := func(calls []uint32, action uint32) {
		for _, nr := range calls {
			p = append(p, jump(unix.BPF_JEQ, nr, 0, 1), ret(action))
		}
	}
	each(allowed(), allow)
	each(deadly(), die)
	// clone(2) makes threads, not processes. clone3(2) hides its flags behind a
	// pointer: "not known" has the C library turn to clone(2).
	p = append(p, jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1), ret(deny|uint32(unix.ENOSYS)),
		jump(unix.BPF_JEQ, unix.SYS_CLONE, 0, 4), load(atArg0),
		jump(unix.BPF_JSET, unix.CLONE_THREAD, 0, 1), ret(allow), ret(die))
	// tgkill(2) to itself is how the runtime stops a thread.
	p = append(p, jump(unix.BPF_JEQ, unix.SYS_TGKILL, 0, 4), load(atArg0),
		jump(unix.BPF_JEQ, uint32(pid), 0, 1), ret(allow), ret(die))
	return append(p, ret(deny|uint32(unix.EPERM)))
}

// filterSyscalls puts the filter on all threads. It reports false where the
// kernel has no filters.
func filterSyscalls() (bool, error) {
	kill := make([]byte, 4)
	binary.LittleEndian.PutUint32(kill, unix.SECCOMP_RET_KILL_PROCESS)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&kill[0])))
	if errno != 0 {
		return false, nil
	}
	code := slices.Clip(program(unix.Getpid()))
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(code)
	if errno != 0 {
		return false, fmt.Errorf("filter system calls: %w", errno)
	}
	if thread != 0 {
		return false, fmt.Errorf("filter system calls: thread %d cannot take them", thread)
	}
	return true, nil
}
