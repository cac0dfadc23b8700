package main

import (
	"context"
	"crypto/x509"
	"net"
	"sync"
	"time"

	"github.com/bulkhead-dlp/bulkhead/proxy/metrics"
	"github.com/bulkhead-dlp/bulkhead/proxy/quarantine"
)

// figures are those metrics that no message moves.
type figures struct {
	metrics      *metrics.Metrics
	certificates *metrics.Certificates
	pace         *metrics.Pace
}

// newFigures registers what is known of the configuration.
func (r *relay) newFigures(m *metrics.Metrics) figures {
	metrics.SetBounds(r.registry, metrics.Bounds{Deadline: r.cfg.Inspection.Deadline, Inspections: r.smtp.Inspections(), Reserve: int64(r.cfg.Quarantine.Reserve)})
	return figures{m, metrics.NewCertificates(r.registry), metrics.NewPace(m, time.Now())}
}

// show has a certificate renewed while running, and tells of its end: to people
// by the address, and in the figures by the listener's place, or "console".
func (r *relay) show(c *shownCertificate, at net.Addr, label string) {
	where := at.String()
	c.told(func(leaf *x509.Certificate) {
		r.figures.certificates.Shown(label, leaf)
		r.told.certificate(where, leaf.NotAfter)
	})
	r.live.show(c)
}

// watch looks after what changes without a message of ours until it is stopped,
// which is after the last message. Decisions count from now on.
func (r *relay) watch(ctx context.Context) (stop func(), err error) {
	now, err := r.store.Stats(context.WithoutCancel(ctx)) // one that ends at once is no fault
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	all.Go(func() { r.watchUpstream(ctx) })
	all.Go(func() { r.figures.watchPace(ctx) })
	all.Go(func() {
		r.followTrail(ctx, now.AuditRecords, func(page []quarantine.Entry) {
			for i := range page {
				r.figures.decided(&page[i])
			}
		})
	})
	if r.events != nil {
		all.Go(func() { r.events.run(ctx, r, now.AuditRecords) })
	}
	return func() {
		cancel()
		all.Wait()
	}, nil
}

// upstreamEvery is how often the upstream is looked at where no message does.
const upstreamEvery = time.Minute

// watchUpstream finds out whether the upstream can be reached, also when no
// mail comes: a relay that has just started and one whose upstream has come
// back would otherwise tell what is not so.
func (r *relay) watchUpstream(ctx context.Context) {
	tick := time.NewTicker(upstreamEvery)
	defer tick.Stop()
	for {
		look, cancel := context.WithTimeout(ctx, r.cfg.Upstream.ConnectTimeout)
		err := r.upstream.Probe(look)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.log.Warn("upstream not reachable", "error", err)
			r.figures.metrics.UpstreamReachable.Set(0)
		} else {
			r.figures.metrics.UpstreamReachable.Set(1)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// watchPace notes every minute how fast messages are answered.
func (f figures) watchPace(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			f.pace.Note(now)
		case <-ctx.Done():
			return
		}
	}
}

// trailEvery is how often the audit trail is read on.
const trailEvery = 2 * time.Second

// followTrail gives what is added to the audit trail, in its order and until
// the context ends. Decisions are made by other processes, too, and the trail
// has them all.
func (r *relay) followTrail(ctx context.Context, after int64, tell func(page []quarantine.Entry)) {
	tick := time.NewTicker(trailEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		for more := true; more; {
			page, next, err := r.store.Audit(ctx, quarantine.AuditQuery{After: after, Limit: 1000})
			if err != nil {
				if ctx.Err() == nil {
					r.log.Error("reading the audit trail", "error", err)
				}
				break
			}
			if len(page) > 0 {
				after = page[len(page)-1].Seq
				tell(page)
			}
			more = next != 0
		}
	}
}

// decided counts what an entry of the audit trail decides.
func (f figures) decided(e *quarantine.Entry) {
	switch e.Act {
	case quarantine.ActReleaseBegun:
		f.metrics.Decisions.WithLabelValues("release", "message").Inc()
	case quarantine.ActRefused:
		f.metrics.Decisions.WithLabelValues("refuse", "message").Inc()
	case quarantine.ActDeleted:
		f.metrics.Decisions.WithLabelValues("delete", "message").Inc()
	case quarantine.ActExpired:
		f.metrics.Decisions.WithLabelValues("expire", "message").Inc()
	case quarantine.ActDecisionEnded:
		switch a := e.Detail.Action; a {
		case quarantine.ActionRelease, quarantine.ActionRefuse, quarantine.ActionDelete:
			f.metrics.Decisions.WithLabelValues(a, "incident").Inc()
		}
	case quarantine.ActReleaseSettled, quarantine.ActReleaseLapsed:
		for state, n := range e.Detail.Results {
			if result := releaseResult(state); result != "" {
				f.metrics.ReleaseRecipients.WithLabelValues(result).Add(float64(n))
			}
		}
	}
}

// releaseResult names what a release came to for a recipient, "" where it came
// to nothing.
func releaseResult(s quarantine.RecipientState) string {
	switch s {
	case quarantine.RecipientReleased:
		return "accepted"
	case quarantine.RecipientDeferred, quarantine.RecipientRefused, quarantine.RecipientUnknown:
		return string(s)
	}
	return ""
}
