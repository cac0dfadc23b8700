package events

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Target takes events. Only one goroutine calls it.
type Target interface {
	// Name is "file", "syslog" or "webhook".
	Name() string
	// Send sends events in their order, and returns how many of them, from the
	// first, need not be sent again. All of them if there is no error.
	Send(ctx context.Context, batch []Told) (int, error)
	// Close gives up what the target holds open.
	Close() error
}

// Config is what a Sender is made of.
type Config struct {
	Targets []Target
	// Queue is how many events may wait for a target, at least 1.
	Queue int
	// Count is told of each event once for each target, with how it ended: ok
	// or dropped.
	Count func(target, result string, events int)
	Log   *slog.Logger
}

// Sender hands events to all targets.
type Sender struct {
	cfg   Config
	lanes []*lane
}

// lane is the queue of one target.
type lane struct {
	target Target
	queue  chan Told
	cfg    *Config
}

// New makes a sender. Events wait until Run.
func New(cfg Config) *Sender {
	s := &Sender{cfg: cfg}
	for _, t := range cfg.Targets {
		s.lanes = append(s.lanes, &lane{t, make(chan Told, max(1, cfg.Queue)), &s.cfg})
	}
	return s
}

// Send gives an event to every target. It never waits: where a queue is full,
// the event is dropped.
func (s *Sender) Send(e Told) {
	for _, l := range s.lanes {
		select {
		case l.queue <- e:
		default:
			s.cfg.Count(l.target.Name(), "dropped", 1)
		}
	}
}

// lastTime is how long what waits may still be sent after the end.
const lastTime = 5 * time.Second

// Run sends until the context ends, and then what waits, for a few seconds.
// What is left then is dropped. It returns when all targets are closed.
func (s *Sender) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, l := range s.lanes {
		all.Go(func() { l.run(ctx) })
	}
	all.Wait()
}

// maxBatch is how many events are sent at once.
const maxBatch = 100

func (l *lane) run(ctx context.Context) {
	defer l.target.Close() //nolint:errcheck // nothing is sent any more
	for {
		select {
		case e := <-l.queue:
			if left := l.send(ctx, l.batch(e)); len(left) > 0 {
				l.finish(ctx, left)
				return
			}
		case <-ctx.Done():
			l.finish(ctx, nil)
			return
		}
	}
}

// batch takes what waits behind an event.
func (l *lane) batch(first Told) []Told {
	batch := []Told{first}
	for len(batch) < maxBatch {
		select {
		case e := <-l.queue:
			batch = append(batch, e)
		default:
			return batch
		}
	}
	return batch
}

// The pauses after a failure, which double.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 30 * time.Second
)

// send sends a batch, again and again until all of it has gone or the context
// has ended, and returns what has not. Meanwhile events wait, and then drop.
func (l *lane) send(ctx context.Context, batch []Told) []Told {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		n, err := l.target.Send(ctx, batch)
		if n > 0 {
			l.cfg.Count(l.target.Name(), "ok", n)
			batch = batch[n:]
		}
		if err == nil && len(batch) == 0 {
			if pause > firstPause {
				l.cfg.Log.Info("events are taken again", "target", l.target.Name())
			}
			return nil
		}
		if err != nil && pause == firstPause && ctx.Err() == nil {
			l.cfg.Log.Warn("events are not taken; they wait, and drop when too many do", "target", l.target.Name(), "error", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return batch
		}
	}
}

// finish sends what is left at the end, once.
func (l *lane) finish(ctx context.Context, left []Told) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTime)
	defer cancel()
	for {
		if len(left) == 0 {
			select {
			case e := <-l.queue:
				left = l.batch(e)
			default:
				return
			}
		}
		n, err := l.target.Send(ctx, left)
		if n > 0 {
			l.cfg.Count(l.target.Name(), "ok", n)
		}
		left = left[n:]
		if err != nil {
			l.cfg.Count(l.target.Name(), "dropped", len(left)+len(l.queue))
			return
		}
	}
}
