package run

import (
	"fmt"

	"github.com/bulkhead-dlp/bulkhead/rules"
	"github.com/bulkhead-dlp/bulkhead/rules/similar"
)

// print is the fingerprint of a run: that of its first copy.
type print struct {
	sketch similar.Sketch
	leaves []rules.Leaf // no media
	bytes  int64        // of the leaves
}

// maxLeaves is how many parts of a message a fingerprint keeps.
const maxLeaves = 64

func printOf(ev *rules.Evidence) print {
	p := print{sketch: *ev.Sketch()}
	for _, l := range ev.Leaves {
		if !l.Media && len(p.leaves) < maxLeaves {
			p.leaves = append(p.leaves, l)
			p.bytes += l.Bytes
		}
	}
	return p
}

// agrees reports whether a message is a copy: its text is the same but for the
// personal parts, or the parts that it shares are at least half of both. A
// picture is in many messages of a sender and makes no run.
func (p *print) agrees(ev *rules.Evidence) bool {
	if p.sketch.Agrees(ev.Sketch()) {
		return true
	}
	var all, shared int64
	for _, l := range ev.Leaves {
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

// MarshalBinary writes a fingerprint for the ledger.
func (p *print) MarshalBinary() ([]byte, error) {
	b, err := p.sketch.MarshalBinary()
	for _, l := range p.leaves {
		b = append(b, l.Hash[:]...)
		for shift := 56; shift >= 0; shift -= 8 {
			b = append(b, byte(l.Bytes>>shift))
		}
	}
	return b, err
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (p *print) UnmarshalBinary(b []byte) error {
	const sketch, leaf = 4 * 128, 16 + 8
	if len(b) < sketch || (len(b)-sketch)%leaf != 0 {
		return fmt.Errorf("the fingerprint of a run: %d bytes are none", len(b))
	}
	*p = print{}
	if err := p.sketch.UnmarshalBinary(b[:sketch]); err != nil {
		return fmt.Errorf("the fingerprint of a run: %w", err)
	}
	for b = b[sketch:]; len(b) > 0; b = b[leaf:] {
		l := rules.Leaf{Hash: [16]byte(b[:16])}
		for _, c := range b[16:leaf] {
			l.Bytes = l.Bytes<<8 | int64(c)
		}
		p.leaves = append(p.leaves, l)
		p.bytes += l.Bytes
	}
	return nil
}
