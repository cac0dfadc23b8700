package worker

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

func TestNothingStartsBeforeTheFirstJob(t *testing.T) {
	p := pool(t, func(c *Config) { c.Program = "/nowhere/bulkhead" })
	if len(p.live) != 0 {
		t.Error("a worker was started")
	}
	if err := p.Isolate(context.Background(), work(peek, "x"), &record{}); !errors.Is(err, foreign.ErrFailed) {
		t.Errorf("error %v, want %v", err, foreign.ErrFailed)
	}
}

func TestAWorkerIsUsedAgainAndThenReplaced(t *testing.T) {
	p := pool(t, func(c *Config) { c.Jobs = 2 })
	pids := make(map[int]bool)
	for i := range 4 {
		wellBehaved(t, p)
		if i%2 == 0 {
			pids[p.idle[0].cmd.Process.Pid] = true
		} else if len(p.idle) != 0 {
			t.Error("a worker is kept past its number of jobs")
		}
	}
	if len(pids) != 2 {
		t.Errorf("4 jobs took %d workers, want 2", len(pids))
	}
}

func TestAWorkerThatDiedBetweenJobsIsNotTheContentsFault(t *testing.T) {
	p := pool(t, nil)
	wellBehaved(t, p)
	p.idle[0].kill()
	wellBehaved(t, p)
}

func TestJobsWaitForAFreeWorkerUntilTheirContextEnds(t *testing.T) {
	p := pool(t, nil)
	entered, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		r := record{inner: func(context.Context, string) error { close(entered); <-leave; return nil }}
		if err := p.Isolate(context.Background(), work(peek, "held"), &r); err != nil {
			t.Error(err)
		}
	})
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := p.Isolate(ctx, work(peek, "x"), &record{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
	}
	close(leave)
	wg.Wait()
	wellBehaved(t, p)
}

func TestNestedJobsRunInTheWorkerOfTheOuterOne(t *testing.T) {
	p := pool(t, nil)
	var inner record
	outer := record{inner: func(ctx context.Context, _ string) error {
		if len(p.live) != 1 {
			t.Errorf("%d workers, want 1", len(p.live))
		}
		return p.Isolate(ctx, work(nestled, "y"), &inner)
	}}
	if err := p.Isolate(context.Background(), work(nestled, "x"), &outer); err != nil {
		t.Fatal(err)
	}
	want := "inner: 196608 bytes \"" + strings.Repeat("x", 40) + "\"\nafter: 10 bytes \"still here\"\n"
	if outer.b.String() != want || inner.b.String() != want+want {
		t.Errorf("outer %q\ninner %q\nwant %q, the inner twice", outer.b.String(), inner.b.String(), want)
	}
}

func TestANestedDeathEndsTheOuterJobToo(t *testing.T) {
	p := pool(t, nil)
	var inside []error
	r := record{inner: func(ctx context.Context, _ string) error {
		for range 2 {
			inside = append(inside, p.Isolate(ctx, work(leave, "y"), &record{}))
		}
		return nil // as extract does: what is unread is noted, the walk goes on
	}}
	err := p.Isolate(context.Background(), work(nestled, "x"), &r)
	for _, err := range append(inside, err) {
		if !errors.Is(err, foreign.ErrFailed) {
			t.Errorf("error %v, want %v", err, foreign.ErrFailed)
		}
	}
	wellBehaved(t, p)
}

func TestAnOutputsErrorAndPanicComeBack(t *testing.T) {
	p := pool(t, nil)
	full := errors.New("disk full")
	r := record{inner: func(context.Context, string) error { return full }}
	if err := p.Isolate(context.Background(), work(nestled, "x"), &r); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
	wellBehaved(t, p)
	func() {
		defer func() {
			if recover() != "oh" {
				t.Error("the panic did not come back")
			}
		}()
		r := record{inner: func(context.Context, string) error { panic("oh") }}
		p.Isolate(context.Background(), work(nestled, "x"), &r)
	}()
	wellBehaved(t, p)
}

// broken is a source that fails behind its first block.
type broken struct{ err error }

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off > 0 {
		return 0, b.err
	}
	return len(p), nil
}

func TestAFailingSourceIsTold(t *testing.T) {
	p := pool(t, nil)
	job := work(peek, "")
	bad := errors.New("bad sector")
	job.Content, job.Size = broken{bad}, 3*blockSize
	var r record
	if err := p.Isolate(context.Background(), job, &r); !errors.Is(err, bad) {
		t.Errorf("error %v, want %v", err, bad)
	}
	if want := ": 131072 bytes"; !strings.HasPrefix(r.b.String(), want) || !strings.Contains(r.b.String(), "damaged") {
		t.Errorf("gave %q, want %q and damage", r.b.String(), want)
	}
	wellBehaved(t, p)
}

func TestCloseEndsJobsAndLeavesNothing(t *testing.T) {
	p := pool(t, func(c *Config) { c.Processes = 3 })
	var wg sync.WaitGroup
	entered := make(chan struct{}, 3)
	for range 3 {
		wg.Go(func() {
			r := endless{entered}
			if err := p.Isolate(context.Background(), work(spin, "x"), r); !errors.Is(err, foreign.ErrFailed) {
				t.Errorf("error %v, want %v", err, foreign.ErrFailed)
			}
		})
	}
	for range 3 {
		<-entered
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if err := p.Isolate(context.Background(), work(peek, "x"), &record{}); !errors.Is(err, foreign.ErrFailed) {
		t.Errorf("after Close: error %v, want %v", err, foreign.ErrFailed)
	}
}

// endless reads for ever.
type endless struct{ entered chan struct{} }

func (o endless) File(_ context.Context, _ string, r io.Reader) error {
	o.entered <- struct{}{}
	_, err := io.Copy(io.Discard, r)
	if err == nil {
		return errors.New("an endless file ended")
	}
	return nil
}
