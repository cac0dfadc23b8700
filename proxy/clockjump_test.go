package proxy_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// TestClockThatJumps: a wall clock that is set forward or back by hours, between
// the commands of a message or while it is read, ends no session and no deadline,
// and changes no verdict.
func TestClockThatJumps(t *testing.T) {
	for _, jump := range []time.Duration{13 * time.Hour, -13 * time.Hour, 400 * 24 * time.Hour} {
		var off atomic.Int64
		inside := new(atomic.Bool) // jump while a message is read
		r := newRig(t, func(cfg *proxy.Config) {
			cfg.Deadline = 10 * time.Second
			cfg.Now = func() time.Time { return time.Now().Round(0).Add(time.Duration(off.Load())) } // wall clock only
			real := realInspector(t)
			inspectedBy(cfg, inspectFunc(func(ctx context.Context, m extract.Source) (*rules.Evidence, error) {
				if inside.Load() {
					off.Add(int64(jump))
				}
				return real.Inspect(ctx, m, extract.DefaultLimits())
			}))
		})
		p := r.dial(t)
		for _, during := range []bool{false, true} {
			inside.Store(during)
			for range 2 {
				p.cmd("MAIL FROM:<ana@sender.example>", "250")
				off.Add(int64(jump))
				p.cmd("RCPT TO:<ben@reader.example>", "250")
				if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "250") || strings.Contains(reply, "Held") {
					t.Errorf("by %v: reply %q, want the upstream's 250", jump, reply)
				}
				p.envelope()
				off.Add(-int64(jump))
				if reply := p.data(message(leak(20))); !strings.HasPrefix(reply, "250 2.0.0 Held") {
					t.Errorf("by %v: reply %q, want held", jump, reply)
				}
			}
		}
		if sent, held := len(r.sink.got()), r.store.count(); sent != 4 || held != 4 {
			t.Errorf("by %v: %d sent, %d held, want 4 of each", jump, sent, held)
		}
		r.dial(t).cmd("NOOP", "250")
	}
}
