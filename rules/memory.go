package rules

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// Memory keeps the evidence of parts, so that the copies of one mailing cost
// reading their common parts once. A part is known by the SHA-256 of its bytes
// as they stand in the message, together with where it stands, what its header
// says of it, the limits and the rule set; and only what was read to its end is
// kept. So evidence is the same with a memory as without one. It is safe for
// concurrent use. It holds no content, but hashes and the masked samples of
// findings.
type Memory struct {
	bound int64

	mu    sync.Mutex
	used  int64
	parts map[partKey]*list.Element // of *part
	order *list.List                // the last used in front
	busy  map[partKey]chan struct{} // closed when the part has been read
	stats MemoryStats
}

// MemoryStats counts what a memory was asked for.
type MemoryStats struct {
	Known, Read int64 // parts that were known, and that had to be read
	Bytes       int64 // of memory in use, roughly
	Parts       int64
}

// NewMemory makes a memory of at most so many bytes, as far as can be told.
func NewMemory(bytes int64) *Memory {
	return &Memory{bound: bytes, parts: map[partKey]*list.Element{}, order: list.New(), busy: map[partKey]chan struct{}{}}
}

// WithMemory returns an inspector that reads no part that m knows, and tells m
// of those it reads. The receiver stays as it is.
func (in *Inspector) WithMemory(m *Memory) *Inspector {
	with := *in
	with.memory = m
	return &with
}

// Stats returns what the memory was asked for so far.
func (m *Memory) Stats() MemoryStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	s.Bytes, s.Parts = m.used, int64(len(m.parts))
	return s
}

// partKey names a part and what its evidence depends on.
type partKey [sha256.Size]byte

// part is what is known of a part.
type part struct {
	key     partKey
	found   *gathered // nil: it is to be read each time
	reading extract.Reading
	size    int64
}

// emptyPart is what a part takes in a memory beside what was found, in bytes.
const emptyPart = 256

// get returns a part that is known. Where another message has it in work, get
// waits for that. Where it is not known the caller is to read it, and then to
// call done: with nil if the reading failed and says nothing. A part whose
// reading is not to be kept is known without what was found.
func (m *Memory) get(ctx context.Context, key partKey) (p *part, done func(*part), err error) {
	for {
		m.mu.Lock()
		if at, known := m.parts[key]; known {
			m.order.MoveToFront(at)
			p := at.Value.(*part)
			if p.found == nil {
				m.stats.Read++
			} else {
				m.stats.Known++
			}
			m.mu.Unlock()
			return p, nil, nil
		}
		reading, busy := m.busy[key]
		if !busy {
			reading = make(chan struct{})
			m.busy[key] = reading
			m.stats.Read++
			m.mu.Unlock()
			return nil, func(p *part) { m.done(key, reading, p) }, nil
		}
		m.mu.Unlock()
		select {
		case <-reading:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}

// done keeps a part that was read, and wakes those who wait for it.
func (m *Memory) done(key partKey, reading chan struct{}, p *part) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.busy, key)
	close(reading)
	if p == nil {
		return
	}
	if p.size > m.bound/2 {
		p = &part{size: emptyPart}
	}
	p.key = key
	m.parts[key] = m.order.PushFront(p)
	m.used += p.size
	for m.used > m.bound {
		last := m.order.Remove(m.order.Back()).(*part)
		delete(m.parts, last.key)
		m.used -= last.size
	}
}
