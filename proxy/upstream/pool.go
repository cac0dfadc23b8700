package upstream

import (
	"slices"
	"sync"
	"time"
)

// Bounds after which a connection is replaced, so that a change of address or
// certificate takes effect, and no server meets an endless session.
const (
	maxAge  = 5 * time.Minute
	maxUses = 1000
)

// pool keeps idle links, each for a limited time. The one used last is taken
// first, so that those too many run out.
type pool struct {
	size int
	keep time.Duration

	mu     sync.Mutex
	idle   []idleLink
	closed bool
}

type idleLink struct {
	link   *link
	expiry *time.Timer
}

// take gives an idle link, or nil if there is none.
func (p *pool) take() (*link, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	if len(p.idle) == 0 {
		return nil, nil
	}
	last := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	last.expiry.Stop() // one that has begun finds its link gone, see expire
	return last.link, nil
}

// put keeps the link for another session, or ends it.
func (p *pool) put(l *link) {
	if !p.keeps(l) {
		l.quit()
	}
}

func (p *pool) keeps(l *link) bool {
	if !l.clean() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= p.size {
		return false
	}
	p.idle = append(p.idle, idleLink{l, time.AfterFunc(p.keep, func() { p.expire(l) })})
	return true
}

// expire ends a link that nobody has taken.
func (p *pool) expire(l *link) {
	p.mu.Lock()
	i := slices.IndexFunc(p.idle, func(candidate idleLink) bool { return candidate.link == l })
	if i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		l.quit()
	}
}

// close ends all idle links, at the same time, and takes no more.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	var quits sync.WaitGroup
	for _, one := range idle {
		one.expiry.Stop()
		quits.Go(one.link.quit)
	}
	quits.Wait()
}

// clean reports whether another session may have the link: it works, carried
// no client's credentials, is in step with the server, and is not too old. An
// RSET still in the buffer is sent, so that an idle link holds no transaction.
func (l *link) clean() bool {
	if l.err != nil || l.foreign || l.clock.broken() || l.uses >= maxUses || time.Since(l.created) > maxAge {
		return false
	}
	if l.owed == 0 && l.r.Buffered() > 0 {
		return false
	}
	if l.w.Buffered() == 0 {
		return true
	}
	l.clock.extend(lastWords)
	return l.w.Flush() == nil
}
