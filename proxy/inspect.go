package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// inspect reads what a client sent, by the rules in force now. They are the
// message's to its end.
func (s *Server) inspect(ctx context.Context, m *message) (*rules.Evidence, error) {
	m.rules = s.cfg.InForce()
	evidence, err := s.inspectBy(ctx, m.from.client, m.rules.Inspector, extract.Source{ReaderAt: m.spool, Size: m.spool.size})
	if err != nil {
		m.spool.lend() // it may have been left behind
	}
	return evidence, err
}

// ErrNotNow is why a message that a person asked about is not read: no slot was
// free in time, or it took longer than the deadline.
var ErrNotNow = errors.New("not read in time")

// Inspect reads a message that did not come by SMTP: with the bounds, within the
// deadline and in the slots of those that did, so that what people look at takes
// no more of the machine than mail may. An inspection that does not stop may
// read on after Inspect has returned; source then has to answer with errors. The
// error is [ErrNotNow], the context's, the source's, or a fault of ours.
func (s *Server) Inspect(ctx context.Context, by Inspector, source extract.Source) (*rules.Evidence, error) {
	evidence, err := s.inspectBy(ctx, netip.Addr{}, by, source)
	if errors.Is(err, errBusy) || errors.Is(err, errDeadline) {
		err = fmt.Errorf("%w: %w", ErrNotNow, err)
	}
	return evidence, err
}

// inspectBy waits for a free slot, then reads the message under the deadline. An
// inspection that does not stop at its deadline is left behind, so that it
// cannot hold up who waits for it.
func (s *Server) inspectBy(ctx context.Context, client netip.Addr, by Inspector, source extract.Source) (*rules.Evidence, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Deadline, errDeadline)
	defer cancel()
	slot, err := s.slots.take(ctx, client)
	if err != nil {
		return nil, err
	}
	type result struct {
		evidence *rules.Evidence
		err      error
	}
	done := make(chan result, 1)
	s.hands.do(func() {
		defer slot.end()
		defer func() {
			if fault := recover(); fault != nil {
				done <- result{err: rules.Recovered(fault)}
			}
		}()
		evidence, err := by.Inspect(ctx, source, s.cfg.Limits)
		done <- result{evidence, err}
	})
	select {
	case r := <-done:
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return r.evidence, r.err
	case <-ctx.Done():
		slot.leave()
		return nil, context.Cause(ctx)
	}
}
