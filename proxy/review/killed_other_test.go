//go:build !unix

package review_test

// doAsChild has nothing to do: no test starts a process here.
func doAsChild() {}
