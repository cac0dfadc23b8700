package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// A hundred who ask whether the relay is ready cost the upstream one
// connection, and one of them that leaves does not spoil the answer of the rest.
func TestReadinessIsLookedUpOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared sharedLook
		looks, end := 0, make(chan struct{})
		see := func() string {
			looks++
			<-end
			return "upstream: not reachable"
		}
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			if _, err := shared.ask(ctx, see); !errors.Is(err, context.Canceled) {
				t.Errorf("who left has %v", err)
			}
		}()
		synctest.Wait()
		for range 100 {
			go func() {
				if why, err := shared.ask(t.Context(), see); err != nil || why != "upstream: not reachable" {
					t.Errorf("answer %q, %v", why, err)
				}
			}()
		}
		leave()
		synctest.Wait()
		close(end)
		synctest.Wait()
		if looks != 1 {
			t.Errorf("%d looks, want 1", looks)
		}
		if _, err := shared.ask(t.Context(), see); err != nil || looks != 2 {
			t.Errorf("a later question is answered by an old look (%v)", err)
		}
	})
}
