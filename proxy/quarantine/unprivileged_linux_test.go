package quarantine

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// unprivileged has permissions bind the rest of a test, also where it is root's:
// its thread, which it keeps, looks at files as nobody (setfsuid(2)).
func unprivileged(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Setfsuid(0) // to remove what the test made
		runtime.UnlockOSThread()
	})
}
