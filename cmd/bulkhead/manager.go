package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// manager is the service manager that runs this process, such as systemd, and is
// told how it does (sd_notify(3)). Where there is none nobody is told.
type manager struct {
	// watchdog is how long the manager waits for a sign of life before it ends
	// the process; 0: for ever.
	watchdog time.Duration
	log      *slog.Logger
}

// newManager asks the environment for the manager.
func newManager(log *slog.Logger) (manager, error) {
	watchdog, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		return manager{}, fmt.Errorf("the service manager's watchdog: %w", err)
	}
	return manager{watchdog, log}, nil
}

// tell sends assignments of sd_notify(3).
func (m manager) tell(state ...string) {
	if _, err := daemon.SdNotify(false, strings.Join(state, "\n")); err != nil && m.log != nil {
		m.log.Warn("the service manager cannot be told", "error", err)
	}
}

// ready says that all that was begun is done: the start, or a reload.
func (m manager) ready(status string) { m.tell(daemon.SdNotifyReady, "STATUS="+status) }

// reloading says that a reload has begun, which ready ends; by its time the
// manager knows which of its signals it answers.
func (m manager) reloading() {
	m.tell(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()), "STATUS=Reloading")
}

// stopping says that the process goes down, and how long it may take.
func (m manager) stopping(grace time.Duration) {
	m.tell(daemon.SdNotifyStopping, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (grace+stopMargin).Microseconds()),
		fmt.Sprintf("STATUS=Going down: what is under way has %v", grace))
}

// stopMargin is how long the process takes to go down beside the grace time.
const stopMargin = 20 * time.Second

// feed gives the manager signs of life until the context ends, as long as alive
// answers in time and finds nothing. A process that gives none is ended, and
// started again.
func (m manager) feed(ctx context.Context, alive func(context.Context) error) {
	if m.watchdog == 0 {
		return
	}
	tick := time.NewTicker(m.watchdog / 3)
	defer tick.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, m.watchdog/3)
		err := alive(look)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			m.log.Error("no sign of life for the service manager, which will start the program again", "error", err)
		default:
			m.tell(daemon.SdNotifyWatchdog)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// alive returns an error if the relay is in a state that a restart mends: no
// inspection ends any more, or the store does not answer at all. What is wrong
// elsewhere, as with the upstream, or is an answer of the store's, stays wrong
// over a restart, and is for readyz to tell.
func (r *relay) alive(ctx context.Context) error {
	if err := r.smtp.Stuck(); err != nil {
		return err
	}
	if _, err := r.store.Stats(ctx); err != nil && ctx.Err() != nil {
		return fmt.Errorf("the quarantine does not answer: %w", err)
	}
	return nil
}

// status says in one line what the relay does.
func (r *relay) status() string {
	var at []string
	for _, l := range r.listeners {
		at = append(at, l.Addr().String())
	}
	if r.milter != nil {
		at = append(at, r.milter.Addr().String()+" (milter)")
	}
	status := "Taking mail on " + strings.Join(at, ", ") + "; rules " + r.live.now.Load().version()
	if wrong := r.live.notTaken(); len(wrong) > 0 {
		status += "; not taken, so that those before stay in use: " + strings.Join(wrong, ", ") + " (the log says why)"
	}
	return status
}
