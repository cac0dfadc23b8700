package similar

import (
	"encoding/binary"
	"errors"
)

// bins is how many hashes a sketch holds. The standard error of an estimated
// similarity s is sqrt(s(1-s)/bins): 4 % at one half.
const bins = 128

// Threshold is the similarity from which two texts are taken for copies of one
// mailing. Measured on generated mail merges (TestThreshold): copies of one
// mailing, with names, addresses, amounts, paragraphs for some readers only and
// bills of any length, are at 0.74 and above; other mailings of the same sender
// in the same frame at 0.30 and below.
const Threshold = 0.5

// enough is how many bins must be filled for a similarity to say anything: some
// thirty words. Shorter texts are in many letters of one writer.
const enough = 24

// Sketch is the fingerprint of a text: of the hashes of its shingles the
// smallest in each bin, less the bits that name the bin; 0 for an empty bin.
// The zero value is that of a text of fewer than three words.
type Sketch [bins]uint32

// add takes the hash of a shingle.
func (s *Sketch) add(hash uint64) {
	bin, h := hash>>57, max(uint32(hash>>20), 1)
	if old := s[bin]; old == 0 || h < old {
		s[bin] = h
	}
}

// Empty reports whether there was nothing to fingerprint.
func (s *Sketch) Empty() bool { return *s == Sketch{} }

// Filled is how many of the bins are filled, at most 128.
func (s *Sketch) Filled() (n int) {
	for _, h := range s {
		if h != 0 {
			n++
		}
	}
	return n
}

// Agrees reports whether two texts are copies of one mailing: whether both are long
// enough, and their similarity is Threshold at least. Most that are compared have
// nothing in common, and are told apart before the last bin.
func (s *Sketch) Agrees(o *Sketch) bool {
	const step = 16
	both, apart := 0, 0
	for at := 0; at < bins; at += step {
		ours, theirs := (*[step]uint32)(s[at:]), (*[step]uint32)(o[at:])
		for i, h := range ours {
			switch {
			case h != theirs[i]:
				apart++
			case h != 0:
				both++
			}
		}
		if most := both + bins - step - at; float64(most) < Threshold*float64(most+apart) {
			return false // even if all the rest were the same
		}
	}
	return s.Filled() >= enough && o.Filled() >= enough
}

// Similarity estimates the share of shingles that two texts have in common:
// the size of the intersection over that of the union, 0 to 1.
func (s *Sketch) Similarity(o *Sketch) float64 {
	union, both := 0, 0
	for i, h := range s {
		if h != 0 || o[i] != 0 {
			union++
			if h == o[i] {
				both++
			}
		}
	}
	if union == 0 {
		return 0
	}
	return float64(both) / float64(union)
}

// Merge makes s the sketch of two texts together.
func (s *Sketch) Merge(o *Sketch) {
	for i, h := range o {
		if h != 0 && (s[i] == 0 || h < s[i]) {
			s[i] = h
		}
	}
}

// MarshalBinary writes a sketch: four bytes a bin, big-endian.
func (s *Sketch) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, 4*bins)
	for _, h := range s {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (s *Sketch) UnmarshalBinary(b []byte) error {
	if len(b) != 4*bins {
		return errors.New("similar: not a sketch")
	}
	for i := range s {
		s[i] = binary.BigEndian.Uint32(b[4*i:])
	}
	return nil
}
