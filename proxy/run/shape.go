package run

import (
	"maps"
	"math"
	"math/bits"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// shape is what a sender usually sends: how many people and bytes a message
// has, and which kinds of parts, each message counting half as much after
// halfLife. Quantiles are kept by powers of two.
type shape struct {
	at       time.Time
	messages float64
	subjects [64]float64 // messages with so many bits in their number of people
	bytes    [64]float64
	kinds    map[extract.Format]float64
}

const (
	halfLife = 7 * 24 * time.Hour
	// enoughMessages is how many messages, decayed, say what is usual.
	enoughMessages = 20
	// jump is by how many powers of two a message must pass what 98 in 100 of
	// the sender's messages do not: 32 times as much.
	jump = 5
	// rareKind is the share of messages below which a kind of part is new.
	rareKind = 0.01

	unusualSubjects = 10      // fewer people are never unusual
	unusualBytes    = 1 << 20 // nor is a smaller message
)

// unusual reports whether a message is far out of what its sender usually
// sends: orders of magnitude more people, or orders of magnitude larger with a
// kind of file that it does not send. A large picture alone is none.
func (s *shape) unusual(subjects int64, ev *rules.Evidence) bool {
	if s.messages < enoughMessages {
		return false
	}
	if subjects >= unusualSubjects && bits.Len64(uint64(subjects)) >= quantile(&s.subjects, 0.98)+jump {
		return true
	}
	if ev.Bytes < unusualBytes || bits.Len64(uint64(ev.Bytes)) < quantile(&s.bytes, 0.98)+jump {
		return false
	}
	for _, p := range ev.Parts {
		if carries(p.Format) && s.kinds[p.Format] < rareKind*s.messages {
			return true
		}
	}
	return false
}

// carries reports whether a format is one that lists are kept in.
func carries(f extract.Format) bool {
	switch f {
	case extract.FormatImage, extract.FormatAudio, extract.FormatVideo, extract.FormatFont, extract.FormatMultipart, extract.FormatMessage:
		return false
	}
	return true
}

// learn takes a message into account.
func (s *shape) learn(now time.Time, subjects int64, ev *rules.Evidence) {
	s.turn(now)
	s.messages++
	s.subjects[bits.Len64(uint64(subjects))]++
	s.bytes[bits.Len64(uint64(ev.Bytes))]++
	if s.kinds == nil {
		s.kinds = map[extract.Format]float64{}
	}
	met := map[extract.Format]bool{}
	for _, p := range ev.Parts {
		if !met[p.Format] {
			met[p.Format] = true
			s.kinds[p.Format]++
		}
	}
}

// turn moves the shape on to now.
func (s *shape) turn(now time.Time) {
	if passed := now.Sub(s.at); !s.at.IsZero() && passed > 0 {
		s.decay(math.Exp2(-float64(passed) / float64(halfLife)))
	}
	s.at = now
}

// add takes what another relay has seen.
func (s *shape) add(o *shape) {
	o.turn(s.at)
	s.messages += o.messages
	for i := range s.subjects {
		s.subjects[i] += o.subjects[i]
		s.bytes[i] += o.bytes[i]
	}
	for k, n := range o.kinds {
		if s.kinds == nil {
			s.kinds = map[extract.Format]float64{}
		}
		s.kinds[k] += n
	}
}

// clone returns a shape of its own.
func (s *shape) clone() shape {
	c := *s
	c.kinds = maps.Clone(s.kinds)
	return c
}

func (s *shape) decay(by float64) {
	s.messages *= by
	for i := range s.subjects {
		s.subjects[i] *= by
		s.bytes[i] *= by
	}
	for k := range s.kinds {
		s.kinds[k] *= by
	}
}

// quantile returns the number of bits that the given share of messages does not
// pass.
func quantile(counts *[64]float64, share float64) int {
	var all, sum float64
	for _, n := range counts {
		all += n
	}
	for i, n := range counts {
		if sum += n; sum >= share*all {
			return i
		}
	}
	return len(counts) - 1
}
