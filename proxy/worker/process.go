package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// startTime is how long a worker may take to be ready.
const startTime = 20 * time.Second

// process is one worker. It is used by one job at a time, and those nested in
// that job.
type process struct {
	link
	cmd      *exec.Cmd
	to, from *os.File // our ends of its pipes
	silence  time.Duration
	held     Protection
	block    []byte

	jobs   int  // begun, without nested ones
	heard  bool // in this job
	retire bool // it asked to be replaced
	broken bool // it must not be used again
	killed sync.Once
}

// start runs the command and waits until it is ready.
func start(cfg Config) (*process, error) {
	stdin, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe to the worker: %w", err)
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pipe from the worker: %w", err), stdin.Close(), in.Close())
	}
	cmd := &exec.Cmd{Path: cfg.Program, Args: cfg.Args}
	cmd.Stdin, cmd.Stdout = stdin, stdout // no stderr: a parser's crash could tell content
	cmd.Dir = os.TempDir()
	// One thread's work, no file kept open for the time zone or the number of
	// processors, and nothing else of our own environment.
	cmd.Env = append([]string{"GOMAXPROCS=1", "GODEBUG=containermaxprocs=0,updatemaxprocs=0", "GOTRACEBACK=none", "TZ="}, cfg.Env...)
	bind(cmd)
	err = cmd.Start()
	stdin.Close()  //nolint:errcheck // the child has its own
	stdout.Close() //nolint:errcheck // the child has its own
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the worker: %w", err), in.Close(), out.Close())
	}
	p := &process{cmd: cmd, to: in, from: out, silence: startTime}
	p.r, p.w = timed{p}, timed{p}
	k, b, err := p.receive()
	if err == nil && (k != hello || len(b) != 1) {
		err = errFrame
	}
	if err != nil {
		p.close()
		return nil, fmt.Errorf("worker not ready: %w", err)
	}
	p.held, p.silence = Protection(b[0]), cfg.Silence
	return p, nil
}

// timed reads and writes a worker's pipes, with a bound on its silence.
type timed struct{ p *process }

func (t timed) Read(b []byte) (int, error) {
	if err := t.p.from.SetReadDeadline(time.Now().Add(t.p.silence)); err != nil {
		return 0, err
	}
	return t.p.from.Read(b)
}

func (t timed) Write(b []byte) (int, error) {
	if err := t.p.to.SetWriteDeadline(time.Now().Add(t.p.silence)); err != nil {
		return 0, err
	}
	return t.p.to.Write(b)
}

// watch kills the process when the context ends. The function that it returns
// must be called after the job; it reports false if the process was killed.
func (p *process) watch(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, p.kill)
}

// kill ends the process at once. Whoever reads its pipes sees their end.
func (p *process) kill() {
	p.killed.Do(func() { p.cmd.Process.Kill() }) //nolint:errcheck // it may have ended by itself
}

// close kills the process and waits until it is gone.
func (p *process) close() {
	p.kill()
	p.cmd.Wait()   //nolint:errcheck // killed: its status says nothing
	p.to.Close()   //nolint:errcheck // nothing is under way
	p.from.Close() //nolint:errcheck // nothing is under way
}
