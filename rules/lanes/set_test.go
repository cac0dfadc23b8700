package lanes

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// FuzzSet: what is looked for in many bytes at once is what is found byte by
// byte, wherever a text begins and ends.
func FuzzSet(f *testing.F) {
	every := make([]byte, 256)
	for c := range every {
		every[c] = byte(c)
	}
	f.Add(every, []byte("0123456789@"))
	f.Add(every, every[0x80:])
	f.Add([]byte("a line of words that is longer than sixty-four bytes, and has a figure in the end: 7"), []byte("7\n"))
	f.Add([]byte("short"), []byte("t"))
	f.Fuzz(func(t *testing.T, text, members []byte) {
		set := SetOf(func(c byte) bool { return slices.Contains(members, c) })
		for from := range min(len(text)+1, 70) {
			part := text[from:]
			want := slices.IndexFunc(part, func(c byte) bool { return slices.Contains(members, c) })
			if got := set.Index(part); got != want {
				t.Fatalf("the first of %q in %q is at %d, want %d", members, part, got, want)
			}
			masks := slices.Repeat([]uint64{^uint64(0)}, len(part)/64+2) // what was there before does not count
			set.Masks(masks, part)
			singly := make([]uint64, len(masks)-1)
			words := (len(part) + 63) / 64
			set.mask(singly, part)
			if first := set.index(part); first != want && (first != len(part) || want != -1) {
				t.Fatalf("the first of %q in %q is at %d byte by byte, want %d", members, part, first, want)
			}
			if !slices.Equal(singly[:words], masks[:words]) {
				t.Fatalf("the masks of %q in %q are %x byte by byte, and %x", members, part, singly, masks)
			}
			for i := range (len(part) + 63) / 64 * 64 {
				want := i < len(part) && slices.Contains(members, part[i])
				if got := masks[i/64]>>(i%64)&1 != 0; got != want {
					t.Fatalf("byte %d of %q is one of %q: %v", i, part, members, got)
				}
			}
			if masks[(len(part)+63)/64] != ^uint64(0) {
				t.Fatalf("%d bytes: a mask behind the text was written", len(part))
			}
		}
	})
}

// TestSetHasWhatItIsMadeOf: a set has the bytes that it was made of, and no other.
func TestSetHasWhatItIsMadeOf(t *testing.T) {
	for i := range 256 {
		set := SetOf(func(c byte) bool { return c == byte(i) })
		for c := range 256 {
			if got := set.Index([]byte{byte(c)}) == 0; got != (c == i) {
				t.Errorf("the set of %#x has %#x: %v", i, c, got)
			}
		}
	}
}

// TestSetIsTheSameWithoutAVX2: on a processor that has it, all of these tests are
// run as if it had not.
func TestSetIsTheSameWithoutAVX2(t *testing.T) {
	const without = "there is no AVX2"
	if !Wide() {
		t.Skip(without)
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=Set", "-test.v")
	again.Env = append(os.Environ(), "GODEBUG=cpu.avx2=off")
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), without) || !strings.Contains(string(out), "--- PASS: FuzzSet") {
		t.Errorf("%v: %s", err, out)
	}
}
