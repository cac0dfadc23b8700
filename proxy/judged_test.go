package proxy_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/proxy"
)

// Of every message it is told what became of it, once, with the names under
// which it is found again.
func TestWhatBecameOfEachMessageIsTold(t *testing.T) {
	var mu sync.Mutex
	var all []proxy.Judged
	r := newRig(t, func(cfg *proxy.Config) {
		cfg.RunAnswer = proxy.RunDefer
		cfg.Tell = func(j *proxy.Judged) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, *j)
		}
	})
	p := r.dial(t)
	for _, m := range []struct{ body, reply string }{
		{message("hello\r\n"), "250"},
		{message(leak(40)), "250 2.0.0 Held"},
		{message(leak(40)), "451 4.3.0 Run paused"},
		{strings.Repeat("Received: from a by b\r\n", 30) + message("hello\r\n"), "554 5.4.6"},
	} {
		p.envelope()
		if reply := p.data(m.body); !strings.HasPrefix(reply, m.reply) {
			t.Fatalf("the reply is %q, want %s", reply, m.reply)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(all) != 4 {
		t.Fatalf("%d messages are told of, want 4", len(all))
	}
	pass, hold, later, fault := all[0], all[1], all[2], all[3]
	if pass.Action != "pass" || pass.Upstream != "accepted" || pass.Verdict == nil || pass.Stage != "" || pass.Envelope.From != "ana@sender.example" || pass.Bytes == 0 {
		t.Errorf("the letter: %+v", pass)
	}
	if hold.Action != "hold" || hold.Kept.ID == "" || hold.Verdict.Exposure.Subjects != 40 || hold.Stopped || hold.Upstream != "" {
		t.Errorf("the list: %+v", hold)
	}
	if later.Action != "defer" || later.Kept.ID != "" || !later.Stopped || later.Run != hold.Run {
		t.Errorf("its copy: %+v", later)
	}
	if fault.Action != "fault" || fault.Verdict != nil || fault.Stage != "receive" || fault.Reason != "limit" || fault.Code != 554 {
		t.Errorf("the loop: %+v", fault)
	}
	refs := map[string]bool{}
	for _, j := range all {
		refs[j.Ref] = true
	}
	if len(refs) != 4 {
		t.Errorf("two messages have one reference: %v", refs)
	}
}
