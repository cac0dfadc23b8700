package similar

import (
	"math/bits"
	"unicode"
)

// words is the state of cutting text into words.
type words struct {
	hash    uint64 // of the word so far, 0 between words
	masked  bool   // the word so far is personal
	last    byte   // the byte before
	first   uint64 // the last two words
	second  uint64
	counted int
}

// mask is what stands for personal words.
const mask = 1

// kinds of bytes.
const (
	gap     = iota // ends a word
	letter         // of a word
	capital        // masks the word it begins
	figure         // masks the word it stands in
	high           // of a character beyond ASCII
)

var kinds = makeKinds()

func makeKinds() (k [256]uint8) {
	for c := range 256 {
		switch {
		case 'a' <= c && c <= 'z':
			k[c] = letter
		case 'A' <= c && c <= 'Z':
			k[c] = capital
		case '0' <= c && c <= '9', c == '@':
			k[c] = figure
		case c >= 0x80:
			k[c] = high
		case c == '_', c == '\'', c == '-', c == '/', c == '.':
			k[c] = letter // within names of files and links, which are one word
		}
	}
	return k
}

// take reads a piece of text and notes the hash of each shingle.
func (w *Writer) take(text []byte) {
	w.read += len(text)
	hash, masked, last := w.hash, w.masked, w.last
	for _, c := range text {
		kind := kinds[c]
		if kind == gap {
			if hash != 0 {
				w.word(hash, masked)
				hash, masked = 0, false
			}
			last = c
			continue
		}
		switch kind {
		case letter:
		case capital:
			masked = masked || hash == 0
			c += 'a' - 'A'
		case figure:
			masked = true
		case high:
			masked = masked || hash != 0 && hash>>8 == 0 && upper(last, c)
		}
		if hash == 0 {
			hash = uint64(c) // one byte: see high
		} else {
			hash = (hash<<5 ^ hash>>27 ^ uint64(c)) * 0x9e3779b97f4a7c15
			if hash>>8 == 0 {
				hash = 1 << 8
			}
		}
		last = c
	}
	w.hash, w.masked, w.last = hash, masked, last
}

// upper reports whether two bytes of UTF-8 are a capital.
func upper(lead, c byte) bool {
	return lead>>5 == 0b110 && unicode.IsUpper(rune(lead&0x1f)<<6|rune(c&0x3f))
}

// word takes a word that has ended. Dots and strokes at its end are no part of
// it to people, but stand in every copy alike.
func (w *Writer) word(hash uint64, masked bool) {
	if masked {
		if w.second == mask {
			return
		}
		hash = mask
	}
	if w.counted >= 2 {
		three := (bits.RotateLeft64(w.first, 23) ^ bits.RotateLeft64(w.second, 43) ^ hash) * 0xff51afd7ed558ccd
		w.sketch.add((three ^ three>>29) * 0xc4ceb9fe1a85ec53)
	}
	w.first, w.second = w.second, hash
	w.counted = min(w.counted+1, 2)
}

// endWord ends the word at hand, as a gap does.
func (w *Writer) endWord() {
	if w.hash != 0 {
		w.word(w.hash, w.masked)
		w.hash, w.masked = 0, false
	}
}

// mix spreads the bits of a hash (the finaliser of MurmurHash3).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
