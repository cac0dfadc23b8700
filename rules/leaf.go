package rules

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/bulkhead-dlp/bulkhead/rules/extract"
)

// Leaf is a part of a message as it stands in it, by its hash.
type Leaf struct {
	// Hash is the first half of the SHA-256 of the part's bytes.
	Hash [sha256.Size / 2]byte
	// Bytes is its size.
	Bytes int64
	// Media is true for a picture, a sound, a video or a font, which many
	// messages of one sender have and none is about.
	Media bool
}

var _ extract.Leaves = (*sink)(nil)

// Leaf implements extract.Leaves: a leaf is gathered for itself, and merged
// into what was gathered before, whether it was read now or is known.
func (s *sink) Leaf(l extract.Leaf, read func() (extract.Reading, error)) (extract.Reading, error) {
	if s.together {
		return read()
	}
	if s.memory == nil {
		r, _, err := s.gather(read, nil)
		return r, err
	}
	content, key, err := s.keyOf(l)
	if err != nil {
		return extract.Reading{}, err
	}
	known, done, err := s.memory.get(s.ctx, key)
	if err != nil {
		return extract.Reading{}, err
	}
	var r extract.Reading
	var found *gathered
	if known != nil && known.found != nil && l.Fits(known.reading) {
		r, found = known.reading, known.found
		s.ev.merge(found)
	} else if r, found, err = s.gather(read, done); err != nil {
		return r, err
	}
	s.whole.Leaves = append(s.whole.Leaves, Leaf{
		Hash: [len(content) / 2]byte(content[:]), Bytes: l.Encoded.Size, Media: r.Media() && found.people.empty()})
	return r, nil
}

// gather reads a leaf for itself, and gives it to done if it may be kept.
func (s *sink) gather(read func() (extract.Reading, error), done func(*part)) (r extract.Reading, g *gathered, err error) {
	s.endContent()
	outer := s.ev
	g = newGathered()
	var keep *part
	if done != nil {
		defer func() { done(keep) }()
	}
	s.ev, s.resolver.ev = g, g
	r, err = read()
	s.endContent()
	s.ev, s.resolver.ev = outer, outer
	if err != nil {
		return r, g, err
	}
	if done != nil {
		keep = &part{size: emptyPart}
		if r.Whole() && len(g.unread) == 0 {
			g.freeze()
			keep = &part{found: g, reading: r, size: emptyPart + g.size() + r.Size()}
		}
	}
	outer.merge(g)
	return r, g, nil
}

// largestStride is how many octets of a leaf are hashed at once.
const largestStride = 16 << 10

// keyOf hashes a leaf.
func (s *sink) keyOf(l extract.Leaf) (content, key partKey, err error) {
	h := sha256.New()
	if room := int(min(l.Encoded.Size, largestStride)); len(s.used.stride) < room {
		s.used.stride = make([]byte, room)
	}
	// The reader is hidden, so that it is read through the buffer.
	from := struct{ io.Reader }{io.NewSectionReader(l.Encoded, 0, l.Encoded.Size)}
	if l.Encoded.Size > 0 {
		if _, err := io.CopyBuffer(h, from, s.used.stride); err != nil {
			return content, key, fmt.Errorf("hashing a part: %w", err)
		}
	}
	h.Sum(content[:0])
	h.Reset()
	h.Write(content[:])
	io.WriteString(h, s.whole.RuleSet+" "+l.Context) //nolint:errcheck // a hash does not fail
	h.Sum(key[:0])
	return content, key, nil
}
