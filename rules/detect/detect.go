package detect

import "sync"

// Detector reads values. It is immutable after New and safe for concurrent use.
type Detector struct {
	class   [256]class
	places  [256][2]uint64 // of each byte's class, for shapeOf
	anchors anchors
	word    [256]wordByte
	words   *words
	schemes *schemeIndex
	keys    []keyPrefix
	spare   sync.Pool // of *digitBuf, for the checks of schemes
}

// New loads the embedded name lists, which takes some milliseconds and about
// two megabytes. It fails only if the program was built with a damaged list.
func New() (*Detector, error) {
	words, err := loadWords()
	if err != nil {
		return nil, err
	}
	return &Detector{class: classTable(), places: placeTable(), anchors: newAnchors(), word: wordTable(), words: words, schemes: newSchemes(), keys: keyPrefixes()}, nil
}

// digitBuf returns room for an identifier, to be put back into spare.
func (d *Detector) digitBuf() *digitBuf {
	if buf, ok := d.spare.Get().(*digitBuf); ok {
		return buf
	}
	return new(digitBuf)
}

// Classify appends each reading of one table cell, best first, and returns the
// extended slice. The value must be trimmed of spaces and quotes. A value that
// could be anything has no reading. It allocates nothing when dst has room for
// eight more.
func (d *Detector) Classify(dst []Candidate, value []byte) []Candidate {
	if len(value) == 0 {
		return dst
	}
	if len(value) > maxCell {
		return d.readLong(dst, value)
	}
	r := reading{d: d, value: value, shape: d.shapeOf(value), out: dst, first: len(dst)}
	switch {
	case r.shape.of(classAt) > 0:
		r.at()
	case r.shape.letters() == 0 && r.shape.digits() > 0:
		r.numeric()
	case r.shape.digits() > 0:
		r.mixed()
	case r.shape.letters() > 0:
		r.wordy()
	}
	return r.out
}

// reading is the work on one value.
type reading struct {
	d     *Detector
	value []byte
	shape shape
	out   []Candidate
	first int // where this value's candidates begin in out
}

// add puts a candidate in its place; the better of two of one type stays.
func (r *reading) add(t Type, odds float32) {
	at := len(r.out)
	for i := r.first; i < len(r.out); i++ {
		if r.out[i].Type != t {
			continue
		}
		if r.out[i].LogOdds >= odds {
			return
		}
		at = i
		break
	}
	if at == len(r.out) {
		r.out = append(r.out, Candidate{})
	}
	for ; at > r.first && r.out[at-1].LogOdds < odds; at-- {
		r.out[at] = r.out[at-1]
	}
	r.out[at] = Candidate{Type: t, LogOdds: odds}
}

// addIf adds a candidate when its validator agreed.
func (r *reading) addIf(ok bool, t Type, odds float32) {
	if ok {
		r.add(t, odds)
	}
}
