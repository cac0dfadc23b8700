package review_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails where a test leaves a goroutine behind. A process that a test has
// started does what it was started for.
func TestMain(m *testing.M) {
	doAsChild()
	goleak.VerifyTestMain(m)
}
