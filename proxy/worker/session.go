package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/foreign"
)

// within is the key of the process that a context's job runs in.
type within struct{}

// session is one job on a process.
type session struct {
	p     *process
	ctx   context.Context // of the job, given to its output
	job   foreign.Job
	out   foreign.Output
	files int
	lost  error // of the content's source, told once the job ends
}

// run has a process read an archive. A job that does not come to its end in
// order, by an error or a panic of the output too, ends the process: the worker
// would wait for an answer to another question.
func (p *process) run(ctx context.Context, job foreign.Job, out foreign.Output) error {
	s := &session{p: p, ctx: context.WithValue(ctx, within{}, p), job: job, out: out}
	ended := false
	defer func() {
		if !ended {
			p.broken = true
			p.kill()
		}
	}()
	h, err := json.Marshal(header{job.Kind, job.Size, job.Passwords, job.Limits})
	if err != nil {
		return fmt.Errorf("job: %w", err)
	}
	if len(h) > maxFrame {
		return fmt.Errorf("job: %w", errFrame)
	}
	if err := p.send(begin, h); err != nil {
		return p.cause(ctx, err)
	}
	for {
		k, b, err := p.receive()
		if err != nil {
			return p.cause(ctx, err)
		}
		p.heard = true
		switch k {
		case want:
			err = s.serve(b)
		case file:
			err = s.file(string(b[:min(len(b), maxName)]))
		case done:
			if len(b) != 2 {
				return p.cause(ctx, errFrame)
			}
			ended = true
			p.retire = p.retire || b[1] != 0
			return errors.Join(s.lost, errorOf(b[0]))
		default:
			err = p.cause(ctx, errFrame)
		}
		if err != nil {
			return err
		}
	}
}

// serve answers a want. Where the source fails the block is short.
func (s *session) serve(b []byte) error {
	at, err := parseSpan(b, s.job.Size)
	if err != nil {
		return s.p.cause(s.ctx, err)
	}
	if cap(s.p.block) < at.n {
		s.p.block = make([]byte, blockSize)
	}
	buf := s.p.block[:at.n]
	n, err := s.job.Content.ReadAt(buf, at.off)
	if err != nil && !errors.Is(err, io.EOF) && s.lost == nil {
		s.lost = fmt.Errorf("content: %w", err)
	}
	if err := s.p.send(block, buf[:max(n, 0)]); err != nil {
		return s.p.cause(s.ctx, err)
	}
	return nil
}

// file hands one file to the output and answers the worker's last frame.
func (s *session) file(name string) error {
	if s.files++; s.files > s.job.Limits.Entries {
		return s.p.cause(s.ctx, errFrame) // the worker was told the bound
	}
	f := &received{s: s}
	if err := s.out.File(s.ctx, name, f); err != nil {
		return err
	}
	if f.lost != nil {
		return f.lost
	}
	answer := skip
	if f.err != nil {
		answer = next
	}
	if err := s.p.send(answer); err != nil {
		return s.p.cause(s.ctx, err)
	}
	return nil
}

// received is the stream of one file. The worker waits for an answer whenever
// the output has the word, so a job can be nested then.
type received struct {
	s    *session
	buf  []byte // own, since a nested job uses the link
	left []byte
	err  error // the file's end as the worker told it
	lost error // the worker is lost
}

func (f *received) Read(p []byte) (int, error) {
	for len(f.left) == 0 {
		if f.err == nil && f.lost == nil {
			f.lost = f.more()
		}
		if f.lost != nil {
			return 0, f.lost
		}
		if f.err != nil {
			return 0, f.err
		}
	}
	n := copy(p, f.left)
	f.left = f.left[n:]
	return n, nil
}

// more has the worker go on, up to the next bytes or the end of the file. Its
// error is of the worker.
func (f *received) more() error {
	p, ctx := f.s.p, f.s.ctx
	if err := p.send(next); err != nil {
		return p.cause(ctx, err)
	}
	for {
		k, b, err := p.receive()
		switch {
		case err != nil:
		case k == want:
			if err := f.s.serve(b); err != nil {
				return err
			}
			continue
		case k == data && len(b) > 0:
			f.buf = append(f.buf[:0], b...)
			f.left = f.buf
			return nil
		case k == end && len(b) == 1:
			if f.err = errorOf(b[0]); f.err == nil {
				f.err = io.EOF
			}
			return nil
		default:
			err = errFrame
		}
		return p.cause(ctx, err)
	}
}

// cause says why a worker was lost: its context ended, it was silent too long,
// or it failed.
func (p *process) cause(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("worker: %w", context.Cause(ctx))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("worker silent: %w", context.DeadlineExceeded)
	}
	// Not wrapped: the end of its pipe is io.EOF, which would read as a good end.
	return fmt.Errorf("worker lost (%v): %w", err, foreign.ErrFailed) //nolint:errorlint // see above
}
