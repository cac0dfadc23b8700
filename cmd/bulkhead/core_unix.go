//go:build unix

package main

import (
	"fmt"
	"syscall"
)

// forbidCore keeps the kernel from writing the memory of this process, and of its
// workers, to a file when it is killed: there is mail in it.
func forbidCore() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	return nil
}
