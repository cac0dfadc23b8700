package table

import (
	"bytes"
	"testing"
)

// FuzzLastBreak: the last line feed is the one that is found byte by byte.
func FuzzLastBreak(f *testing.F) {
	f.Add([]byte("one\ntwo and a long rest of it"))
	f.Add([]byte("\n12345678"))
	f.Add([]byte("\x8a\x0a\x8a\x0b\x09\x8a\x8a\x8a\x8a"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := lastBreak(text), bytes.LastIndexByte(text, '\n'); got != want {
			t.Errorf("the last line feed of %q is at %d, want %d", text, got, want)
		}
	})
}
