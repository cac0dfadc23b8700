//go:build !linux

package quarantine

import (
	"os"
	"testing"
)

// unprivileged skips a test of permissions where they do not bind.
func unprivileged(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		t.Skip("permissions do not bind root")
	}
}
