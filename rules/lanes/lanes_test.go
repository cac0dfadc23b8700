package lanes_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/lanes"
)

// TestLanesAreTestedAsBytes: each lane tells what its byte does, whatever stands
// beside it.
func TestLanesAreTestedAsBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var text [8]byte
	for range 20_000 {
		binary.LittleEndian.PutUint64(text[:], rng.Uint64())
		lo, hi, c := byte(rng.IntN(0x80)), byte(rng.IntN(0x80)), text[rng.IntN(8)]
		lo, hi = min(lo, hi), max(lo, hi)
		word := binary.LittleEndian.Uint64(text[:])
		within, equal := lanes.Within(lanes.Low(word), lo, hi)&^word&lanes.Tops, lanes.Equal(word, c)
		for i, b := range text {
			if got, want := within>>(8*i)&0x80 != 0, lo <= b && b <= hi; got != want {
				t.Fatalf("%#x of % x is from %#x to %#x: %v", b, text, lo, hi, got)
			}
			if got, want := equal>>(8*i)&0x80 != 0, b == c; got != want {
				t.Fatalf("%#x of % x is %#x: %v", b, text, c, got)
			}
		}
		for i := 7; i >= 0; i-- {
			if text[i] == c {
				if got := lanes.Last(equal); got != i {
					t.Fatalf("the last %#x of % x is at %d, want %d", c, text, got, i)
				}
				break
			}
		}
		for i, b := range text {
			if b == c {
				if got := lanes.First(equal); got != i {
					t.Fatalf("the first %#x of % x is at %d, want %d", c, text, got, i)
				}
				break
			}
		}
	}
}

// TestSum: the lanes are added up to 255.
func TestSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		var text [8]byte
		left := 255
		for i := range text {
			text[i] = byte(rng.IntN(left + 1))
			left -= int(text[i])
		}
		if got := lanes.Sum(binary.LittleEndian.Uint64(text[:])); int(got) != 255-left {
			t.Fatalf("the sum of %v is %d, want %d", text, got, 255-left)
		}
	}
}
