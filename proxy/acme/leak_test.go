package acme_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails if a test leaves a goroutine of ours behind. certmagic has two
// kinds of its own: the loop of a rate limiter, which it keeps for each account
// until the process ends, and the one that keeps a lock file fresh, which looks
// every five seconds whether its lock is gone.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.(*RingBufferRateLimiter).loop"),
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"))
}
