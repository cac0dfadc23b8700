package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// The stage and Unknown tell the relay what to answer its client; a wrong
// Unknown is a lost or a doubled message.
func TestDeathAtEachStep(t *testing.T) {
	hello := func(p *peer) { p.greet("PIPELINING") }
	for _, test := range []struct {
		name    string
		play    func(*peer)
		stage   Stage
		unknown bool
	}{
		{"before the greeting", func(*peer) {}, StageGreeting, false},
		{"in the greeting", func(p *peer) { _, _ = io.WriteString(p.nc, "220 mx") }, StageGreeting, false},
		{"at EHLO", func(p *peer) { p.say("220 x"); p.line() }, StageHello, false},
		{"in the EHLO answer", func(p *peer) { p.say("220 x"); p.line(); p.say("250-mx", "250-SIZE") }, StageHello, false},
		{"at MAIL", func(p *peer) { hello(p); p.line() }, StageMail, false},
		{"at RCPT", func(p *peer) { hello(p); p.turn("MAIL FROM:<ann@a.example>", "250 Ok"); p.line() }, StageRcpt, false},
		{"at DATA", func(p *peer) { hello(p); p.envelope(); p.line() }, StageData, false},
		{"in the content", func(p *peer) { hello(p); p.envelope(); p.turn("DATA", "354 go"); p.line() }, StageData, false},
		{"after the dot", func(p *peer) { hello(p); p.envelope(); p.turn("DATA", "354 go"); p.content() }, StageFinal, true},
		{"in the final reply", func(p *peer) {
			hello(p)
			p.envelope()
			p.turn("DATA", "354 go")
			p.content()
			_, _ = io.WriteString(p.nc, "250 2.0")
		}, StageFinal, true},
		{"nonsense at the end", func(p *peer) {
			hello(p)
			p.envelope()
			p.turn("DATA", "354 go")
			p.content()
			p.say("whatever")
		}, StageFinal, true},
		{"a go-ahead at the end", func(p *peer) {
			hello(p)
			p.envelope()
			p.turn("DATA", "354 go")
			p.content()
			p.say("354 more")
		}, StageFinal, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, Config{URL: "smtp://" + serve(t, test.play)})
			// More than the socket buffers hold, so that a death in the
			// content is noticed before its end.
			content := strings.Repeat("0123456789\r\n", 2<<20)
			if test.unknown {
				content = "short\r\n"
			}
			wantFailure(t, transact(t.Context(), server, content), test.stage, test.unknown)
		})
	}
}

// transact does a transaction with one recipient step by step.
func transact(ctx context.Context, server *Server, content string) error {
	c, err := server.Dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Mail(ctx, "ann@a.example", nil); err != nil {
		return err
	}
	if _, err := c.Rcpt(ctx, "bob@b.example", nil); err != nil {
		return err
	}
	_, err = send(ctx, c, content)
	return err
}

func TestCancellationInterruptsAtOnceAndNeverSendsTheDot(t *testing.T) {
	for _, test := range []struct {
		name    string
		play    func(p *peer, cancel func())
		stage   Stage
		unknown bool
	}{
		{"EHLO", func(p *peer, cancel func()) { p.say("220 x"); p.line(); cancel(); p.hear("") }, StageHello, false},
		{"MAIL", func(p *peer, cancel func()) { p.greet(); p.line(); cancel(); p.hear("") }, StageMail, false},
		{"DATA", func(p *peer, cancel func()) { p.greet(); p.envelope(); p.line(); cancel(); p.hear("") }, StageData, false},
		{"content", func(p *peer, cancel func()) {
			p.greet()
			p.envelope()
			p.turn("DATA", "354 go")
			p.line()
			cancel()
			time.Sleep(100 * time.Millisecond) // what follows is what was in flight
			if wire := p.content(); strings.HasSuffix("\r\n"+wire, "\r\n.\r\n") {
				p.t.Error("the dot was sent")
			}
		}, StageData, false},
		{"final", func(p *peer, cancel func()) {
			p.greet()
			p.envelope()
			p.turn("DATA", "354 go")
			p.content()
			cancel()
			p.hear("")
		}, StageFinal, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			gone := errors.New("the client has gone")
			ctx, cancel := context.WithCancelCause(t.Context())
			cancelled := make(chan time.Time, 1)
			play := func(p *peer) {
				test.play(p, func() {
					cancelled <- time.Now()
					cancel(gone)
				})
			}
			content := "short\r\n"
			if test.stage == StageData {
				content = strings.Repeat("0123456789\r\n", 2<<20)
			}
			err := transact(ctx, newServer(t, Config{URL: "smtp://" + serve(t, play)}), content)
			if waited := time.Since(<-cancelled); waited > 3*time.Second {
				t.Errorf("interrupted only after %s", waited)
			}
			if wantFailure(t, err, test.stage, test.unknown); !errors.Is(err, gone) {
				t.Errorf("got %v, want the context's cause", err)
			}
		})
	}
}

// A deadline set by the next step must not undo a cancellation.
func TestInterruptedConnectionStaysInterrupted(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _ = ours.Close(); _ = theirs.Close() }()
	d := newDeadline(ours)
	ctx, cancel := context.WithCancel(t.Context())
	w := d.watch(ctx)
	cancel()
	for begun := time.Now(); !d.broken(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > 5*time.Second {
			t.Fatal("the cancellation has no effect")
		}
	}
	w.stop()
	d.extend(time.Minute)
	if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a timeout at once", err)
	}
}

// A deadline that is far enough away is left where it is: so neither does the wait of
// a step before end this one's, nor is it this one's.
func TestEachWaitIsItsOwn(t *testing.T) {
	ours, theirs := net.Pipe()
	defer func() { _ = ours.Close(); _ = theirs.Close() }()
	d := newDeadline(ours)
	d.extend(time.Hour)
	d.extend(20 * time.Millisecond)
	read := make(chan error, 1)
	go func() {
		_, err := ours.Read(make([]byte, 1))
		read <- err
	}()
	select {
	case err := <-read:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want a timeout", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the shorter wait does not end")
	}
	d.extend(time.Hour)
	go func() { _, _ = theirs.Write([]byte("x")) }()
	if _, err := ours.Read(make([]byte, 1)); err != nil {
		t.Errorf("after a longer wait: %v", err)
	}
}
