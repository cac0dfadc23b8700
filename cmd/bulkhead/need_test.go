package main

import (
	"os"
	"testing"
)

// skipUnlessCI skips a test that misses something on a user's machine. In CI,
// which installs what the tests need, missing it is a failure.
func skipUnlessCI(t testing.TB, missing string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}
