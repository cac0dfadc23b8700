package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/bulkhead-dlp/bulkhead/configs"
)

// readyTime bounds one look at whether mail can be taken.
const readyTime = 10 * time.Second

// readyz says whether mail can be taken: inspections have room, the store
// answers and the upstream can be reached, if what is taken goes there.
func (r *relay) readyz(w http.ResponseWriter, req *http.Request) {
	why, err := r.ready.ask(req.Context(), r.obstacle)
	switch {
	case err != nil:
		return // the client has gone
	case why == degraded:
		w.Write([]byte("ready, " + degraded + "\n")) //nolint:errcheck // the client has gone
	case why != "":
		http.Error(w, why, http.StatusServiceUnavailable)
	default:
		w.Write([]byte("ready\n")) //nolint:errcheck // the client has gone
	}
}

// degraded is what a relay says that takes mail by choice while its quarantine is
// away.
const degraded = "degraded: the quarantine is not available; mail that is clean passes"

// obstacle says what keeps mail from being taken, "" if nothing does.
func (r *relay) obstacle() string {
	ctx, cancel := context.WithTimeout(context.Background(), readyTime)
	defer cancel()
	if err := r.smtp.Ready(); err != nil {
		return "relay: " + err.Error()
	}
	kept := ""
	if _, err := r.store.Stats(ctx); err != nil {
		if !passesClean(r.cfg) {
			return "quarantine: not available"
		}
		kept = degraded
	}
	if len(r.listeners) == 0 {
		return kept // mail servers that ask keep the delivery
	}
	if err := r.upstream.Probe(ctx); err != nil {
		return "upstream: not reachable"
	}
	return kept
}

// sharedLook lets all who ask at the same time have the answer of one look:
// each costs a connection to the upstream, and anybody may ask.
type sharedLook struct {
	mu  sync.Mutex
	now *look // the one under way, nil if none
}

type look struct {
	done   chan struct{}
	answer string
}

// ask returns the answer of the look under way, or else of a new one. The
// error is that of ctx.
func (s *sharedLook) ask(ctx context.Context, see func() string) (string, error) {
	s.mu.Lock()
	l := s.now
	if l == nil {
		l = &look{done: make(chan struct{})}
		s.now = l
		go func() {
			l.answer = see()
			s.mu.Lock()
			s.now = nil
			s.mu.Unlock()
			close(l.done)
		}()
	}
	s.mu.Unlock()
	select {
	case <-l.done:
		return l.answer, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// passesClean reports whether mail that is clean by itself passes while the
// quarantine's database is away.
func passesClean(cfg *configs.Config) bool { return cfg.Degraded == "pass-clean" }
