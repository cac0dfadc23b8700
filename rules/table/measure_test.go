package table

import (
	"bytes"
	"context"
	"math/rand/v2"
	"reflect"
	"testing"
)

// What is remembered of lines never changes what a sample is: at each line of
// a text it is the one that is taken without having seen the lines before.
func TestSamplesAreAsIfTakenAnew(t *testing.T) {
	pieces := []string{"a, b, c\n", "a, b, c\n", "a, b, c\n", "1,2,3\n", ",b,\n", "x y z, q, 12\n", "\n", "----\n", "a,b\n", "no\n", "\"a,b\",c,d\n", "a;b,c;d\n"}
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var text []byte
		for range 60 {
			kinds := len(pieces)
			if rng.IntN(3) > 0 { // stretches of even lines are what is summed up
				kinds = 7
			}
			for range rng.IntN(40) {
				text = append(text, pieces[rng.IntN(kinds)%(1+rng.IntN(kinds))]...)
			}
		}
		s := newTestSplitter(text)
		if err := s.refill(); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < 800; n++ {
			line, next, ok := s.src.peek(0)
			if !ok {
				break
			}
			if !blank(unquote(line)) {
				for _, d := range []byte(",;") {
					f := form{delim: d, quote: '"'}
					got := s.take(&f)
					got.widths = append([]int(nil), got.widths...)
					want := newTestSplitter(text[s.src.pos:]).filled().take(&f)
					if want.widths = append([]int(nil), want.widths...); !reflect.DeepEqual(got, want) {
						t.Fatalf("seed %d, line %d, %q:\n got %+v\nwant %+v", seed, n, d, got, want)
					}
				}
			}
			s.src.pos += next
		}
	}
}

func newTestSplitter(text []byte) *splitter {
	s := &splitter{src: newSource(), lim: DefaultLimits(), traits: newTraits(), cuts: new(cuts)}
	s.src.r, s.src.stop = bytes.NewReader(text), context.Background().Err
	return s
}

func (s *splitter) filled() *splitter {
	if err := s.refill(); err != nil {
		panic(err)
	}
	return s
}
