package run

import "sync"

// bell is rung for those who wait, and for who comes next. Its zero value has not
// been rung.
type bell struct {
	mu   sync.Mutex
	rung bool
	wake chan struct{} // closed by the next ring; nil while nobody waits
}

// ring wakes all who wait.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung = true
	if b.wake != nil {
		close(b.wake)
		b.wake = nil
	}
}

// take reports whether it was rung since the last time.
func (b *bell) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	rung := b.rung
	b.rung = false
	return rung
}

// isRung reports whether it was, and leaves it so.
func (b *bell) isRung() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rung
}

// wait returns what the next ring closes.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wake == nil {
		b.wake = make(chan struct{})
	}
	return b.wake
}
