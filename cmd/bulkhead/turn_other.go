//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package main

import "os"

// lock locks nothing: here no process takes over from another.
func lock(*os.File) (bool, error) { return true, nil }
