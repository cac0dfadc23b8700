//go:build !linux

package worker

import (
	"os/exec"
	"time"
)

// bind does nothing: a worker ends when its pipes do.
func bind(*exec.Cmd) {}

// confine does nothing: a worker is a process of its own and no more.
func confine() (Protection, error) { return 0, nil }

// cpuUsed is not known.
func cpuUsed() time.Duration { return 0 }
