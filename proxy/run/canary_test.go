package run

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// bulky makes a tracker with a canary of three, whose sender is one of many.
func bulky(t *testing.T, wait time.Duration) *office {
	o := newOffice(t, Config{Canary: Canary{Copies: 3, Wait: wait, Bulk: 5}})
	for i := range 6 {
		if c := o.join("news@isp.example", "ana@reader.test", fmt.Sprintf("Note %d: the parcel with the number %d has come and lies at the desk for you.\n", i, i*7919)); c.canary && i < 5 {
			t.Fatalf("message %d waits, though its sender is not one of many yet", i+1)
		}
	}
	return o
}

func waiting(ctx context.Context, c *Copy) <-chan error {
	done := make(chan error, 1)
	go func() { done <- c.Wait(ctx) }()
	return done
}

func TestTheFirstCopiesWaitForEachOther(t *testing.T) {
	o := bulky(t, time.Minute)
	first := waiting(t.Context(), o.join("news@isp.example", "ana@reader.test", newsletter("Ana")))
	second := waiting(t.Context(), o.join("news@isp.example", "ben@reader.test", newsletter("Ben")))
	select {
	case <-first:
		t.Fatal("the first copy goes before the third has come")
	case <-second:
		t.Fatal("the second copy goes before the third has come")
	case <-time.After(50 * time.Millisecond):
	}
	third := waiting(t.Context(), o.join("news@isp.example", "cy@reader.test", newsletter("Cy")))
	for i, c := range []<-chan error{first, second, third} {
		select {
		case err := <-c:
			if err != nil {
				t.Errorf("copy %d: %v", i+1, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("copy %d waits on though three have come", i+1)
		}
	}
	if c := o.join("news@isp.example", "dora@reader.test", newsletter("Dora")); c.canary {
		t.Error("the fourth copy waits")
	}
}

func TestNoCanaryWaitsForLong(t *testing.T) {
	o := bulky(t, 30*time.Millisecond)
	if err := o.join("news@isp.example", "ana@reader.test", newsletter("Ana")).Wait(t.Context()); err != nil {
		t.Errorf("at the end of the time: %v", err)
	}
	// Whoever sends one message after the other waits once.
	second := o.join("news@isp.example", "ben@reader.test", newsletter("Ben"))
	select {
	case <-second.run.known:
	default:
		t.Error("the second copy waits again")
	}

	// A client that goes ends the wait, with its reason.
	o = bulky(t, time.Minute)
	gone := errors.New("the client has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := waiting(ctx, o.join("news@isp.example", "ana@reader.test", newsletter("Ana")))
	cancel(gone)
	if err := <-done; !errors.Is(err, gone) {
		t.Errorf("a wait whose client went ends with %v", err)
	}

	// A copy that is held ends it for all.
	held := o.join("news@isp.example", "ben@reader.test", newsletter("Ben"))
	other := waiting(t.Context(), o.join("news@isp.example", "ben@reader.test", "Something else entirely: the harbour is closed on Monday since the crane is mended, boats go round by the north.\n"))
	held.Hold(hold)
	select {
	case <-held.run.known:
	default:
		t.Error("a held run keeps its copies waiting")
	}
	select {
	case <-other:
		t.Error("another run's copy went with it")
	case <-time.After(30 * time.Millisecond):
	}
}
