package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

// Config says how workers are run.
type Config struct {
	// Program is the file of a program that, called with Args (its own name
	// first), calls Serve on its standard input and output.
	Program string
	Args    []string
	// Env is set in a worker, which has no other environment of ours.
	Env []string
	// Processes is how many run at the same time; 0 is the number of processors.
	Processes int
	// Jobs is how many a process does before it is replaced; 0 is 100.
	Jobs int
	// Silence is how long a worker may work without a word; 0 is 30 seconds.
	Silence time.Duration
	// Log takes what becomes of workers, never content; nil is silence.
	Log *slog.Logger
}

// Pool runs jobs in workers. It is safe for concurrent use. Make one with New.
type Pool struct {
	cfg    Config
	slots  chan struct{} // one for each process that may run
	closed chan struct{}

	mu   sync.Mutex
	idle []*process
	live map[*process]struct{} // all, idle or not; nil after Close
	warn sync.Once
}

// New returns a pool that has not started anything yet.
func New(cfg Config) *Pool {
	if cfg.Processes <= 0 {
		cfg.Processes = runtime.NumCPU()
	}
	if cfg.Jobs <= 0 {
		cfg.Jobs = 100
	}
	if cfg.Silence <= 0 {
		cfg.Silence = 30 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Pool{
		cfg: cfg, slots: make(chan struct{}, cfg.Processes), closed: make(chan struct{}),
		live: make(map[*process]struct{}),
	}
}

// errClosed: the pool is closed.
var errClosed = errors.New("the pool of workers is closed")

// Isolate reads an archive in a worker, as foreign.Read would in this process.
// It waits for a free one until the context ends. The worker's death, its lies
// and a worker that cannot be started wrap foreign.ErrFailed; its silence
// wraps context.DeadlineExceeded; the context's end is its cause.
func (p *Pool) Isolate(ctx context.Context, job foreign.Job, out foreign.Output) error {
	if outer, ok := ctx.Value(within{}).(*process); ok && p.owns(outer) {
		if outer.broken {
			return fmt.Errorf("worker lost before: %w", foreign.ErrFailed)
		}
		return outer.run(ctx, job, out)
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for a worker: %w", context.Cause(ctx))
	case <-p.closed:
		return fmt.Errorf("%w: %w", errClosed, foreign.ErrFailed)
	}
	defer func() { <-p.slots }()
	for {
		w, err := p.take()
		if err != nil {
			p.cfg.Log.ErrorContext(ctx, "no parser worker", "error", err)
			return fmt.Errorf("%v: %w", err, foreign.ErrFailed) // a pipe's io.EOF must not read as a good end
		}
		stale := w.jobs > 1
		err = p.try(ctx, w, job, out)
		if w.broken && stale && !w.heard && ctx.Err() == nil {
			continue // it had died between jobs: the content is not to blame
		}
		return err
	}
}

// try runs one job on a worker and puts the worker back, or away.
func (p *Pool) try(ctx context.Context, w *process, job foreign.Job, out foreign.Output) error {
	stop := w.watch(ctx)
	defer func() {
		if !stop() {
			w.broken = true
		}
		p.give(w)
	}()
	return w.run(ctx, job, out)
}

// take returns an idle worker or a new one.
func (p *Pool) take() (*process, error) {
	p.mu.Lock()
	if p.live == nil {
		p.mu.Unlock()
		return nil, errClosed
	}
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		w.jobs++
		w.heard = false
		return w, nil
	}
	p.mu.Unlock()
	w, err := start(p.cfg)
	if err != nil {
		return nil, err
	}
	w.jobs++
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live == nil {
		w.close()
		return nil, errClosed
	}
	p.live[w] = struct{}{}
	p.note(w)
	return w, nil
}

// note logs a new worker, and once what it could not give up.
func (p *Pool) note(w *process) {
	p.cfg.Log.Debug("parser worker started", "pid", w.cmd.Process.Pid, "confined", w.held.String())
	if w.held&Confined != Confined {
		p.warn.Do(func() {
			p.cfg.Log.Warn("parser workers are not fully confined on this system", "confined", w.held.String())
		})
	}
}

// give takes a worker back after a job.
func (p *Pool) give(w *process) {
	p.mu.Lock()
	keep := p.live != nil && !w.broken && !w.retire && w.jobs < p.cfg.Jobs
	if keep {
		p.idle = append(p.idle, w)
	} else {
		delete(p.live, w)
	}
	p.mu.Unlock()
	if keep {
		return
	}
	w.close()
	if w.broken {
		p.cfg.Log.Warn("parser worker ended", "pid", w.cmd.Process.Pid, "state", w.cmd.ProcessState.String())
	}
}

func (p *Pool) owns(w *process) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.live[w]
	return ok
}

// Close kills every worker and waits for them. Jobs under way end with an
// error. Closing twice does nothing.
func (p *Pool) Close() error {
	p.mu.Lock()
	live, idle := p.live, p.idle
	p.live, p.idle = nil, nil
	p.mu.Unlock()
	if live == nil {
		return nil
	}
	close(p.closed)
	for w := range live {
		w.kill()
	}
	for _, w := range idle {
		w.close()
	}
	// Busy workers are closed by their jobs, which hold the slots.
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	for range cap(p.slots) {
		<-p.slots
	}
	return nil
}
