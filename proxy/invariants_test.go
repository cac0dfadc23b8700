package proxy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy"
	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
	"github.com/emersion/go-smtp"
)

// TestNoSilentLoss: success is told only after the upstream has accepted, or
// the store has kept, the message; every other ending is a refusal.
func TestNoSilentLoss(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  string
		setup func(*rig)
		want  string
		sent  int
		held  int
	}{
		{"clean and accepted", "words\r\n", func(*rig) {}, "250", 1, 0},
		{"clean, refused for good", "words\r\n", func(r *rig) {
			r.sink.data = func() error { return &smtp.SMTPError{Code: 554, Message: "no"} }
		}, "554", 0, 0},
		{"clean, refused for now", "words\r\n", func(r *rig) {
			r.sink.data = func() error { return &smtp.SMTPError{Code: 451, Message: "later"} }
		}, "451", 0, 0},
		{"held and kept", leak(20), func(*rig) {}, "250 2.0.0 Held for review as BH-TEST-0001", 0, 1},
		{"held, store broken", leak(20), func(r *rig) { r.store.err = errBoom }, "451 4.3.0", 0, 0},
		{"held, disk full", leak(20), func(r *rig) { r.store.err = &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} }, "452 4.3.1", 0, 0},
		{"held, store full", leak(20), func(r *rig) { r.store.err = fmt.Errorf("%w: no room", proxy.ErrFull) }, "452 4.3.1", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			c.setup(r)
			p := r.dial(t)
			p.envelope()
			if reply := p.data(message(c.body)); !strings.HasPrefix(reply, c.want) {
				t.Errorf("reply %q, want %s", reply, c.want)
			}
			if len(r.sink.got()) != c.sent || r.store.count() != c.held {
				t.Errorf("sent %d, held %d; want %d, %d", len(r.sink.got()), r.store.count(), c.sent, c.held)
			}
			p.cmd("NOOP", "250") // the session goes on
		})
	}
}

// TestNoReplyBeforeTheStore: the client hears nothing until the held copy is
// on stable storage.
func TestNoReplyBeforeTheStore(t *testing.T) {
	r := newRig(t, nil)
	r.store.wait = make(chan struct{})
	p := r.dial(t)
	p.envelope()
	p.cmd("DATA", "354")
	fmt.Fprintf(p.conn, "%s.\r\n", message(leak(20)))
	p.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if line, err := p.r.ReadString('\n'); err == nil {
		t.Fatalf("told %q before the copy was kept", line)
	}
	close(r.store.wait)
	p.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	p.want("250")
}

// TestFailClosed: an error, a timeout or a panic in inspection never means
// "deliver".
func TestFailClosed(t *testing.T) {
	for _, c := range []struct {
		name    string
		inspect inspectFunc
		reason  string
	}{
		{"error", func(context.Context, extract.Source) (*rules.Evidence, error) { return nil, errBoom }, "other"},
		{"panic", func(context.Context, extract.Source) (*rules.Evidence, error) {
			panic("a value of the message")
		}, "panic"},
		{"deadline", func(ctx context.Context, _ extract.Source) (*rules.Evidence, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, "timeout"},
		{"deadline not kept", func(context.Context, extract.Source) (*rules.Evidence, error) {
			time.Sleep(2 * time.Second)
			return &rules.Evidence{}, nil
		}, "timeout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(cfg *proxy.Config) {
				inspectedBy(cfg, c.inspect)
				cfg.Deadline = 200 * time.Millisecond
			})
			p := r.dial(t)
			p.envelope()
			if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "451 4.3.0") {
				t.Errorf("reply %q, want 451 4.3.0", reply)
			}
			if len(r.sink.got()) != 0 || r.store.count() != 0 {
				t.Error("a message that could not be judged was passed on or kept")
			}
			if got := count(r.metrics.Faults, "inspect", c.reason); got != 1 {
				t.Errorf("faults counted as inspect/%s: %v, want 1", c.reason, got)
			}
		})
	}
}

// TestPanicInDecidingIsAFaultOfTheMessage, and of nothing else.
func TestPanicInDecidingIsAFaultOfTheMessage(t *testing.T) {
	r := newRig(t, func(cfg *proxy.Config) {
		with := cfg.InForce()
		with.Policies = nil // a call of it panics
		cfg.InForce = func() proxy.Rules { return with }
	})
	p := r.dial(t)
	p.envelope()
	if reply := p.data(message("words\r\n")); !strings.HasPrefix(reply, "451 4.3.0") {
		t.Errorf("reply %q, want 451 4.3.0", reply)
	}
	if got := count(r.metrics.Faults, "inspect", "panic"); got != 1 || len(r.sink.got()) != 0 {
		t.Errorf("counted %v times, sent %d; want 1, 0", got, len(r.sink.got()))
	}
	r.brokenDown(t, "(*Policies).")
	p.cmd("NOOP", "250")
}

// TestUnreadIsNeverClean: what could hide a table and was not read is held.
func TestUnreadIsNeverClean(t *testing.T) {
	r := newRig(t, nil)
	p := r.dial(t)
	p.envelope()
	body := "MIME-Version: 1.0\r\nContent-Type: message/partial; id=1; number=1; total=2\r\n\r\nhalf of something\r\n"
	if reply := p.data(body); !strings.HasPrefix(reply, "250 2.0.0 Held") {
		t.Errorf("reply %q, want held", reply)
	}
}

// TestSameBytes: what was inspected is what is delivered or stored, below one
// Received line.
func TestSameBytes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 30 {
		var inspected []byte
		r := newRig(t, func(cfg *proxy.Config) {
			real := cfg.InForce().Inspector
			inspectedBy(cfg, inspectFunc(func(ctx context.Context, m extract.Source) (*rules.Evidence, error) {
				inspected, _ = io.ReadAll(io.NewSectionReader(m, 0, m.Size))
				return real.Inspect(ctx, m, extract.DefaultLimits())
			}))
		})
		body := lines(random, i*i*40)
		if i%2 == 1 {
			body += leak(12)
		}
		sent := message(body)
		p := r.dial(t)
		p.envelope()
		if reply := p.data(sent); !strings.HasPrefix(reply, "250") {
			t.Fatalf("reply %q", reply)
		}
		var got []byte
		if i%2 == 1 {
			got = r.store.held[0]
		} else {
			got = r.sink.got()[0].content
		}
		head, rest, found := bytes.Cut(got, []byte("\r\nFrom: "))
		if !found || !bytes.HasPrefix(head, []byte("Received: from client.example")) {
			t.Fatalf("message %d: no Received line of ours at the top", i)
		}
		if "From: "+string(rest) != sent || string(inspected) != sent {
			t.Fatalf("message %d: bytes were changed", i)
		}
	}
}

// lines makes n lines of words, dots and odd bytes.
func lines(random *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		for range random.IntN(8) {
			b.WriteString([]string{".", "..", "word ", "\t", "ä", "\xff", " ."}[random.IntN(7)])
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

// TestNoLeak: no value from a message or an envelope stands in a log, a
// metric or a reply, whatever becomes of the message.
func TestNoLeak(t *testing.T) {
	r := newRig(t, nil)
	p := r.dial(t)
	var replies strings.Builder
	for _, body := range []string{"words\r\n", leak(20), "Content-Type: application/zip\r\n\r\nbroken " + leak(3)} {
		p.envelope()
		replies.WriteString(p.data(message(body)))
	}
	r.store.err = errBoom
	p.envelope()
	replies.WriteString(p.data(message(leak(20))))
	families, err := r.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	told := r.logged() + replies.String() + fmt.Sprint(families)
	for _, value := range []string{"sender.example", "reader.example", "Turner", "post.example", "20 7946", "70001,", "hello"} {
		if strings.Contains(told, value) {
			t.Errorf("%q, a value of the message, was told", value)
		}
	}
	if strings.Count(r.logged(), "msg=verdict") != 4 {
		t.Errorf("want one log line for each of 4 messages:\n%s", r.logged())
	}
}

// TestClientGone: work on a message stops when its client has gone, and
// nothing is sent.
func TestClientGone(t *testing.T) {
	stopped := make(chan error, 1)
	r := newRig(t, func(cfg *proxy.Config) {
		inspectedBy(cfg, inspectFunc(func(ctx context.Context, _ extract.Source) (*rules.Evidence, error) {
			<-ctx.Done()
			stopped <- context.Cause(ctx)
			return nil, ctx.Err()
		}))
	})
	p := r.dial(t)
	p.envelope()
	p.cmd("DATA", "354")
	fmt.Fprintf(p.conn, "%s.\r\n", message("words\r\n"))
	time.Sleep(50 * time.Millisecond)
	p.conn.Close()
	select {
	case err := <-stopped:
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stopped by the deadline: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("inspection went on without its client")
	}
	if len(r.sink.got()) != 0 {
		t.Error("sent although the client had gone")
	}
}
