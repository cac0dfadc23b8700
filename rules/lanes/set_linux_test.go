package lanes

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSetKeepsToItsPage: what is read at once is never in a page of memory where
// the text has no byte.
func TestSetKeepsToItsPage(t *testing.T) {
	page := os.Getpagesize()
	memory, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(memory)
	for _, around := range [][]byte{memory[:page], memory[2*page:]} {
		if err := unix.Mprotect(around, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	usable := memory[page : 2*page]
	set := SetOf(func(c byte) bool { return c == 'x' })
	for n := 1; n < 200; n++ {
		for apart := range 64 { // from the edge of the page
			for _, text := range [][]byte{usable[apart : apart+n], usable[page-apart-n : page-apart]} {
				text[n-1] = 'x'
				if got := set.Index(text); got != n-1 {
					t.Fatalf("%d bytes, %d from the edge: found at %d, want %d", n, apart, got, n-1)
				}
				var masks [4]uint64
				if set.Masks(masks[:], text); masks[(n-1)/64] != 1<<((n-1)%64) {
					t.Fatalf("%d bytes, %d from the edge: masks %x", n, apart, masks)
				}
				text[n-1] = '.'
			}
		}
	}
}
