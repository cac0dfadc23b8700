package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// turn lets one relay of a data folder at a time do what must not be done twice:
// go on with decisions that were broken off, and tell other programs of the audit
// trail. While a program is replaced the new process takes mail beside the old
// one, whose last messages and decisions are still under way.
type turn struct {
	file *os.File      // locked as long as it is open, and by nobody else
	mine chan struct{} // closed when it is
	// since is when the relay before was last known to run, zero if there was none.
	since time.Time
}

// turnEvery is how often it is looked whether the process before has ended.
const turnEvery = 200 * time.Millisecond

// takeTurn waits for the turn in the background, until the context ends.
func takeTurn(ctx context.Context, dir string, log *slog.Logger) (*turn, error) {
	file, err := os.OpenFile(filepath.Join(dir, "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	t := &turn{file: file, mine: make(chan struct{})}
	taken, err := lock(file)
	if err != nil {
		log.Warn("the data folder cannot be locked; have no other relay use it", "error", err)
	}
	if taken || err != nil {
		close(t.mine)
		return t, nil
	}
	log.Info("another relay uses the data folder: decisions and events are left to it until it ends")
	go t.wait(ctx, log)
	return t, nil
}

func (t *turn) wait(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	failed := false
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		taken, err := lock(t.file)
		if err != nil && !failed {
			failed = true // once: it is tried again until it can be told
			log.Warn("the data folder cannot be locked; decisions and events wait until it can", "error", err)
		}
		if taken {
			log.Info("the relay before has ended: decisions and events are this one's")
			t.since = time.Now()
			close(t.mine)
			return
		}
	}
}

// await returns false if the context ends before it is this relay's turn.
func (t *turn) await(ctx context.Context) bool {
	select {
	case <-t.mine:
		return true
	case <-ctx.Done():
		return false
	}
}

// shared reports whether another relay uses the data folder, or did a moment ago:
// what it wrote last is to be seen.
func (t *turn) shared() bool {
	select {
	case <-t.mine:
		return time.Since(t.since) < 5*turnEvery
	default:
		return true
	}
}

// end leaves the turn to the next.
func (t *turn) end() { t.file.Close() } //nolint:errcheck // nothing was written
