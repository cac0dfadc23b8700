package worker

import "golang.org/x/sys/unix"

const (
	auditArch    = unix.AUDIT_ARCH_X86_64
	foreignCalls = 0x40000000 // __X32_SYSCALL_BIT: the x32 table, past the filter's numbers
)

// allowedHere are calls of this machine only.
func allowedHere() []uint32 {
	return []uint32{unix.SYS_EPOLL_WAIT}
}

// deadlyHere are calls of this machine only.
func deadlyHere() []uint32 { return []uint32{unix.SYS_FORK, unix.SYS_VFORK} }
