package main

import "golang.org/x/sys/unix"

// clockKept reports whether the kernel takes its clock to be kept right, as NTP
// clients tell it, and whether that is known.
func clockKept() (kept, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, true
}
