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

// skipIfShort skips a test with -short, as the race detector is run, for a reason
// such as that it takes long. In CI, where CI=true says that all has to run, -short
// is a failure.
func skipIfShort(t testing.TB, why string) {
	t.Helper()
	if testing.Short() {
		skipUnlessCI(t, why)
	}
}
