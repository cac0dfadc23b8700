package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	// lease is for all that are taken together. No attempt begins after lastStart,
	// so that none goes on when another process may take the notice.
	lease     = 15 * time.Minute
	lastStart = lease - mailTime - time.Minute
	// mailTime bounds one mail, webhookTime one call.
	mailTime    = 10 * time.Minute
	webhookTime = 15 * time.Second
	// keepTrying is how long a notice is tried.
	keepTrying = 3 * 24 * time.Hour
	// keepSealed is how long one waits for the private key that it is sealed to.
	keepSealed = 30 * 24 * time.Hour
)

// backoff is how long to wait after an attempt that failed: from 30 seconds,
// doubled each time, to an hour.
func backoff(attempts int) time.Duration {
	return min(30*time.Second<<min(attempts, 10), time.Hour)
}

// Flush sends what is due once. The error is the outbox's; what cannot be sent
// is told to the log and tried again.
func (n *Notifier) Flush(ctx context.Context) error {
	for {
		taken := n.cfg.Now()
		due, err := n.cfg.Outbox.Take(ctx, lease, n.own)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return nil
		}
		for _, p := range due {
			if now := n.cfg.Now(); now.Sub(taken) > lastStart {
				err = n.cfg.Outbox.Again(ctx, p.ID, now)
			} else {
				err = n.attempt(ctx, p)
			}
			if err != nil {
				return err
			}
		}
	}
}

// attempt sends one notice and says what became of it.
func (n *Notifier) attempt(ctx context.Context, p Posted) error {
	packed := n.unsealed(p)
	old := n.cfg.Now().Sub(p.Posted) > keepTrying
	switch {
	case packed != nil:
	case p.Damaged:
		return n.end(ctx, p, "failed", errors.New("what was posted is damaged"))
	case n.cfg.Now().Sub(p.Posted) > keepSealed:
		return n.end(ctx, p, "dropped", errors.New("the private key that it is sealed to was not here in time"))
	default: // sealed to an older key, maybe
		return n.cfg.Outbox.Again(ctx, p.ID, n.cfg.Now().Add(time.Hour))
	}
	err := n.send(ctx, p, packed)
	switch {
	case err == nil:
		return n.end(ctx, p, "ok", nil)
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), n.cfg.Outbox.Again(context.WithoutCancel(ctx), p.ID, n.cfg.Now()))
	case errors.Is(err, ErrRefused), old:
		return n.end(ctx, p, "failed", err)
	}
	wait := backoff(p.Attempts)
	n.cfg.Log.Warn("a notice could not be sent; it is tried again", "notice", p.Key, "in", wait, "error", err)
	return n.cfg.Outbox.Again(ctx, p.ID, n.cfg.Now().Add(wait))
}

// own reports whether a notice that cannot be opened here is dealt with here all
// the same: this process has posted it, or it has waited too long.
func (n *Notifier) own(key string, posted time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.plain[key] != nil || n.cfg.Now().Sub(posted) > keepSealed
}

func (n *Notifier) unsealed(p Posted) []byte {
	if p.Payload != nil {
		return p.Payload
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.plain[p.Key]
}

func (n *Notifier) end(ctx context.Context, p Posted, result string, cause error) error {
	n.mu.Lock()
	n.plainBytes -= len(n.plain[p.Key])
	delete(n.plain, p.Key)
	n.mu.Unlock()
	n.cfg.Count(p.Channel, result)
	if cause != nil {
		n.cfg.Log.Error("a notice will not be sent", "notice", p.Key, "error", cause)
	}
	// The notice has gone, whatever becomes of this process.
	return n.cfg.Outbox.Done(context.WithoutCancel(ctx), p.ID, result)
}

func (n *Notifier) send(ctx context.Context, p Posted, packed []byte) error {
	var out payload
	if err := json.Unmarshal(packed, &out); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	switch {
	case out.Letter != nil:
		ctx, cancel := context.WithTimeout(ctx, mailTime)
		defer cancel()
		return n.cfg.Mailer.Mail(ctx, out.Letter.From, out.Letter.To, out.Letter.Content)
	case out.Call != nil:
		return n.call(ctx, p, out.Call)
	case out.Return != nil:
		ctx, cancel := context.WithTimeout(ctx, mailTime)
		defer cancel()
		return n.sendReturn(ctx, out.Return)
	}
	return fmt.Errorf("%w: nothing to send", ErrRefused)
}
