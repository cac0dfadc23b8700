package detect

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// kind is a set of things that a word can be.
type kind uint32

const (
	kindGiven kind = 1 << iota
	kindFamily
	kindPrefix
	kindWord // everyday word, of some language
	kindCity
	kindRegion
	kindCountry
	kindJob
	kindCompany
	kindStreet
	kindSex
	kindMarital
	kindStatus
	kindNationality
	kindReligion
	kindEthnicity
	kindPolitics
	kindCondition
	kindCurrency
	kindGivenRare  // a given name in few languages, a family name in most
	kindFamilyRare // the other way about
)

const (
	kindName  = kindGiven | kindFamily
	kindPlace = kindCity | kindRegion | kindCountry
)

// kindNames are the names of the kinds in the embedded list, in bit order.
func kindNames() []string {
	return []string{"given", "family", "prefix", "word", "city", "region", "country", "job", "company", "street",
		"sex", "marital", "status", "nationality", "religion", "ethnicity", "politics", "condition", "currency",
		"given?", "family?"}
}

// namesGz is written by .ci/tools/namelist; its format is told there.
//
//go:embed names.txt.gz
var namesGz []byte

// words maps the folded form of a word to its kinds: an open-addressing table
// of hashes, each with its kinds in the low 24 bits. Two words share their 40
// bits of hash with a chance of one in 10^7, which costs a clue, not a wrong
// count.
type words struct {
	slots []uint64
	shift uint
}

const (
	wordSlots = 1 << 17
	kindBits  = 24
	hashMask  = ^uint64(1<<kindBits - 1)
)

func loadWords() (*words, error) {
	packed, err := gzip.NewReader(bytes.NewReader(namesGz))
	if err != nil {
		return nil, fmt.Errorf("name list: %w", err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		return nil, fmt.Errorf("name list: %w", err)
	}
	w := &words{slots: make([]uint64, wordSlots), shift: 64 - uint(bits.TrailingZeros(wordSlots))}
	var kinds kind
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if names, ok := bytes.CutPrefix(line, []byte("=")); ok {
			if kinds, err = parseKinds(names); err != nil {
				return nil, err
			}
			continue
		}
		w.add(hashFolded(line), kinds)
		if bytes.IndexByte(line, 0xc3) >= 0 { // ä, ö, ü, ø, å begin so in UTF-8
			w.add(hashWord(appendSpelt(nil, line)), kinds)
		}
	}
	return w, nil
}

func parseKinds(names []byte) (kind, error) {
	var kinds kind
	for name := range bytes.SplitSeq(names, []byte(",")) {
		i := slices.Index(kindNames(), string(name))
		if i < 0 {
			return 0, fmt.Errorf("name list: unknown kind %q", name)
		}
		kinds |= 1 << i
	}
	return kinds, nil
}

// appendSpelt appends the form of a word that a system without umlauts stores,
// "mueller".
func appendSpelt(dst, word []byte) []byte {
	for i := 0; i < len(word); {
		_, size := utf8.DecodeRune(word[i:])
		switch letter := word[i : i+size]; string(letter) {
		case "ä":
			dst = append(dst, "ae"...)
		case "ö", "ø":
			dst = append(dst, "oe"...)
		case "ü":
			dst = append(dst, "ue"...)
		case "å":
			dst = append(dst, "aa"...)
		default:
			dst = appendFold(dst, letter)
		}
		i += size
	}
	return dst
}

func (w *words) add(h uint64, k kind) {
	for i := h >> w.shift; ; i = (i + 1) % wordSlots {
		if w.slots[i] == 0 || w.slots[i]&hashMask == h&hashMask {
			w.slots[i] = h&hashMask | w.slots[i]&^hashMask | uint64(k)
			return
		}
	}
}

func (w *words) find(h uint64) kind {
	for i := h >> w.shift; ; i = (i + 1) % wordSlots {
		slot := w.slots[i]
		if slot == 0 {
			return 0
		}
		if slot&hashMask == h&hashMask {
			return kind(slot &^ hashMask)
		}
	}
}

// hashWord is FNV-1a with a final mix, so that the high bits that pick the
// slot depend on every byte.
func hashWord(word []byte) uint64 {
	h := uint64(hashSeed)
	for _, c := range word {
		h = (h ^ uint64(c)) * hashPrime
	}
	return mixHash(h)
}

const (
	hashSeed  = 14695981039346656037
	hashPrime = 1099511628211
)

func mixHash(h uint64) uint64 {
	h ^= h >> 32
	return h * 0x9e3779b97f4a7c15
}

// hashFolded is hashWord of the folded form. It folds ASCII while it hashes.
func hashFolded(value []byte) uint64 {
	h := uint64(hashSeed)
	for _, c := range value {
		if c >= utf8.RuneSelf {
			var buf [6 * maxWord]byte
			return hashWord(appendFold(buf[:0], value))
		}
		if isUpper(c) {
			c |= 0x20
		}
		h = (h ^ uint64(c)) * hashPrime
	}
	return mixHash(h)
}

// kindsOf returns what a value can be, 0 when it is in no list.
func (w *words) kindsOf(value []byte) kind {
	if len(value) > maxWord {
		return 0
	}
	return w.find(hashFolded(value))
}

// maxWord is the longest value looked up, in bytes.
const maxWord = 64
