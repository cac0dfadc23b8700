package similar_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bulkhead-dlp/bulkhead/rules/similar"
)

func sketch(text string) *similar.Sketch {
	var w similar.Writer
	w.Write([]byte(text))
	s := w.Sketch()
	return &s
}

// TestThreshold: copies of a mailing lie above the threshold, and other
// mailings of the same sender in the same frame below it.
func TestThreshold(t *testing.T) {
	r := rand.New(rand.NewPCG(2006, 7))
	var same, other []float64
	for range 60 {
		top, bottom := frame(r)
		var firsts []*similar.Sketch
		for _, paragraphs := range []int{2, 3, 5, 9, 20} {
			m := newMailing(r, top, bottom, paragraphs)
			first := sketch(m.copyFor(r, 0))
			for _, items := range []int{0, 0, 0, 3, 1000} {
				same = append(same, first.Similarity(sketch(m.copyFor(r, items))))
			}
			for _, f := range firsts {
				other = append(other, f.Similarity(first))
			}
			firsts = append(firsts, first)
		}
	}
	slices.Sort(same)
	slices.Sort(other)
	t.Logf("copies of one mailing: lowest %.2f, first percentile %.2f, median %.2f; other mailings in the frame: highest %.2f, last percentile %.2f, median %.2f",
		same[0], same[len(same)/100], same[len(same)/2], other[len(other)-1], other[len(other)-1-len(other)/100], other[len(other)/2])
	if same[0] < similar.Threshold+0.05 {
		t.Errorf("two copies of one mailing are at %.2f", same[0])
	}
	if worst := other[len(other)-1]; worst > similar.Threshold-0.05 {
		t.Errorf("two mailings are at %.2f", worst)
	}
}

// TestSketchDependsOnTheTextAlone, not on how it comes.
func TestSketchDependsOnTheTextAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	top, bottom := frame(r)
	text := newMailing(r, top, bottom, 400).copyFor(r, 3000)
	want := sketch(text)
	for range 20 {
		var w similar.Writer
		for rest := text; rest != ""; {
			n := min(len(rest), 1+r.IntN(200))
			w.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		if got := w.Sketch(); got != *want {
			t.Fatal("another sketch when the text came in other pieces")
		}
	}
}

// TestMergeIsTheSketchOfBoth: parts can be read one by one.
func TestMergeIsTheSketchOfBoth(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	a, b := paragraph(r, 40), paragraph(r, 60)
	both := sketch(a)
	both.Merge(sketch(b))
	if got := both.Similarity(sketch(a + "\n" + b)); got < 0.97 { // three shingles lie across the seam
		t.Errorf("similarity %.2f of the merged sketches with that of both texts", got)
	}
	var none, of similar.Sketch
	of.Merge(sketch(a))
	of.Merge(&none)
	if of != *sketch(a) {
		t.Error("an empty sketch changes another")
	}
}

// TestSimilarityEstimatesTheShareInCommon, within four standard errors.
func TestSimilarityEstimatesTheShareInCommon(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	sentences := make([]string, 4000)
	for i := range sentences {
		sentences[i] = sentence(r) + "\n"
	}
	for _, share := range []float64{0, 0.2, 0.5, 0.8, 1} {
		// Two texts of n sentences with k in common: k/(2n-k) is the share.
		const n = 40
		k := int(2 * n * share / (1 + share))
		a, b := strings.Join(sentences[:n], ""), strings.Join(sentences[n-k:2*n-k], "")
		got := sketch(a).Similarity(sketch(b))
		if err := 4 * math.Sqrt(max(share*(1-share), 0.02)/128); math.Abs(got-share) > err+0.03 {
			t.Errorf("similarity %.2f, want %.2f ± %.2f", got, share, err)
		}
	}
}

// TestShortTextsSayNothing: a few words in common make no mailing.
func TestShortTextsSayNothing(t *testing.T) {
	long := "Dear Ben,\nthe works on the northern bridge are done, and the road is open for all vehicles again.\n" +
		"the council thanks everybody for their patience and for the many helpful letters of these months.\n"
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"your code to sign in is 123456", "your code to sign in is 123456", false},
		{"here is the file that you wanted", "here is the file for the meeting", false},
		{long, long, true},
		{long, "Dear Ana,\nthanks. " + long, true},
		{"", "", false},
	} {
		if got := sketch(c.a).Agrees(sketch(c.b)); got != c.want {
			t.Errorf("%q agrees with %q: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// TestAgreesIsBySimilarity, though it does not look at all bins of texts that differ.
func TestAgreesIsBySimilarity(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 8))
	agreed := 0
	for range 20_000 {
		var a, b similar.Sketch
		filled, same := r.Float64(), 0.2+0.8*r.Float64()
		for i := range a {
			if r.Float64() < filled {
				a[i] = 1 + r.Uint32N(1e9)
			}
			if b[i] = a[i]; r.Float64() > same {
				b[i] = r.Uint32N(2) * (1 + r.Uint32N(1e9))
			}
		}
		want := a.Filled() >= 24 && b.Filled() >= 24 && a.Similarity(&b) >= similar.Threshold
		if got := a.Agrees(&b); got != want {
			t.Fatalf("%d and %d bins filled, similarity %.3f: agrees is %v", a.Filled(), b.Filled(), a.Similarity(&b), got)
		}
		if want {
			agreed++
		}
	}
	if agreed < 2000 || agreed > 18_000 {
		t.Errorf("%d of 20,000 pairs agree: both sorts were to be tried", agreed)
	}
}

// TestPersonalPartsAreMasked: names, addresses and numbers make no difference.
func TestPersonalPartsAreMasked(t *testing.T) {
	a := "Dear Anna Baker,\nwe sent your order 4711 on 3 May to 12 Mill Lane, Cambridge and wrote to anna.baker@inbox.example about it."
	b := "Dear Zoë Øster,\nwe sent your order 99 on 28 September to Émile Road 9, Żory and wrote to z@x.example about it."
	if got := sketch(a).Similarity(sketch(b)); got < 0.99 {
		t.Errorf("similarity %.2f, want 1", got)
	}
}

func TestMarshal(t *testing.T) {
	s := sketch(paragraph(rand.New(rand.NewPCG(7, 8)), 50))
	b, _ := s.MarshalBinary()
	var back similar.Sketch
	if err := back.UnmarshalBinary(b); err != nil || back != *s {
		t.Errorf("read back as another sketch, error %v", err)
	}
	for _, bad := range [][]byte{{1}, make([]byte, len(b)-1), make([]byte, len(b)+1)} {
		if back.UnmarshalBinary(bad) == nil {
			t.Errorf("%d bytes that are no sketch were taken for one", len(bad))
		}
	}
}

// FuzzWriter: no text and no cut makes it fail, and the cut does not matter.
func FuzzWriter(f *testing.F) {
	f.Add([]byte("Dear Anna,\nyour order has been sent."), 5)
	f.Add([]byte(strings.Repeat("ä1@ Ö\n", 3000)), 4095)
	f.Add([]byte(strings.Repeat("one two three\n", 2000)), 8193)
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		cut = max(0, min(cut, len(text)))
		var w similar.Writer
		w.Write(text[:cut])
		w.Write(text[cut:])
		if w.Sketch() != *sketch(string(text)) {
			t.Error("the cut changes the sketch")
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name string
		size int
	}{{"4K", 4 << 10}, {"4M", 4 << 20}} {
		var text []byte
		for len(text) < c.size {
			text = append(text, paragraph(r, 2)+"\n"...)
		}
		text = text[:c.size]
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				var w similar.Writer
				w.Write(text)
				w.Sketch()
			}
		})
	}
}

// BenchmarkAgrees compares letters that have nothing to do with each other, as most
// are that one is compared with.
func BenchmarkAgrees(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 9))
	var one, other similar.Sketch
	for i := range one {
		one[i], other[i] = r.Uint32(), r.Uint32()
	}
	for b.Loop() {
		if one.Agrees(&other) {
			b.Fatal("they agree")
		}
	}
}
