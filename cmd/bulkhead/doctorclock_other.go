//go:build !linux

package main

func clockKept() (kept, known bool) { return false, false }
