package worker

import (
	"strings"
	"time"
)

// The bounds of one worker over its life.
const (
	maxMemory = 512 << 20 // bytes of writable memory, above what the runtime has at its start
	maxCPU    = 120 * time.Second
	maxFiles  = 8
)

// Protection is what a worker has given up, as a set.
type Protection uint8

// The protections, by what they hold back.
const (
	Bounded  Protection = 1 << iota // memory, processor time, descriptors, written files: setrlimit(2)
	NoGain                          // rights cannot be gained, memory not read by others: prctl(2)
	Landlock                        // files, and TCP where the kernel is new enough: landlock(7)
	Syscalls                        // every system call that a parser does not need: seccomp(2)

	// Confined is what makes a worker harmless.
	Confined = Bounded | NoGain | Syscalls
)

// String lists the protections.
func (p Protection) String() string {
	var names []string
	for i, name := range []string{"limits", "no new privileges", "landlock", "seccomp"} {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}
