package run

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/similar"
)

// print is the fingerprint of a run: that of its first copy.
type print struct {
	sketch similar.Sketch
	people rules.Key    // who is in the content, 0 for fewer than somePeople
	leaves []rules.Leaf // no media
	bytes  int64        // of the leaves
}

// somePeople is how many people make a content: the same few are in many
// letters.
const somePeople = 3

// maxLeaves is how many parts of a message a fingerprint keeps.
const maxLeaves = 64

func printOf(m *Message) print {
	p := print{sketch: *m.Evidence.Sketch(), people: peopleOf(m)}
	for _, l := range m.Evidence.Leaves {
		if !l.Media && len(p.leaves) < maxLeaves {
			p.leaves = append(p.leaves, l)
			p.bytes += l.Bytes
		}
	}
	return p
}

func peopleOf(m *Message) rules.Key {
	if m.Subjects.Found() < somePeople {
		return 0
	}
	return m.Subjects.Content
}

// agrees reports whether a message is a copy: its text is the same but for the
// personal parts, or the very same people are in it, or the parts that it
// shares are at least half of both. A picture is in many messages of a sender
// and makes no run.
func (p *print) agrees(m *Message) bool {
	if p.sketch.Agrees(m.Evidence.Sketch()) || p.people != 0 && p.people == peopleOf(m) {
		return true
	}
	var all, shared int64
	for _, l := range m.Evidence.Leaves {
		if l.Media {
			continue
		}
		all += l.Bytes
		for _, own := range p.leaves {
			if own.Hash == l.Hash {
				shared += l.Bytes
				break
			}
		}
	}
	return shared > 0 && 2*shared >= all && 2*shared >= p.bytes
}

// same reports whether two fingerprints are of one mailing, as agrees does of a
// message.
func (p *print) same(o *print) bool {
	if p.sketch.Agrees(&o.sketch) || p.people != 0 && p.people == o.people {
		return true
	}
	var shared int64
	for _, l := range o.leaves {
		if slices.ContainsFunc(p.leaves, func(own rules.Leaf) bool { return own.Hash == l.Hash }) {
			shared += l.Bytes
		}
	}
	return shared > 0 && 2*shared >= o.bytes && 2*shared >= p.bytes
}

// MarshalBinary writes a fingerprint for the ledger.
func (p *print) MarshalBinary() ([]byte, error) {
	b, err := p.sketch.MarshalBinary()
	b = binary.BigEndian.AppendUint64(b, uint64(p.people))
	for _, l := range p.leaves {
		b = append(b, l.Hash[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(l.Bytes))
	}
	return b, err
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (p *print) UnmarshalBinary(b []byte) error {
	const sketch, people, leaf = 4 * 128, 8, 16 + 8
	if len(b) < sketch+people || (len(b)-sketch-people)%leaf != 0 {
		return fmt.Errorf("the fingerprint of a run: %d bytes are none", len(b))
	}
	*p = print{}
	if err := p.sketch.UnmarshalBinary(b[:sketch]); err != nil {
		return fmt.Errorf("the fingerprint of a run: %w", err)
	}
	p.people = rules.Key(binary.BigEndian.Uint64(b[sketch:]))
	for b = b[sketch+people:]; len(b) > 0; b = b[leaf:] {
		l := rules.Leaf{Hash: [16]byte(b[:16]), Bytes: int64(binary.BigEndian.Uint64(b[16:]))}
		p.leaves = append(p.leaves, l)
		p.bytes += l.Bytes
	}
	return nil
}
