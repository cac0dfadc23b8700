package quarantine

import (
	"strings"
	"testing"
)

// A message that shares content is committed; before its chunks are remembered
// they are deleted, and another message begins. What is gone must not be
// remembered, or every further copy is told to come again.
func TestDeletedChunksAreNotRememberedAfterwards(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), Options{})
	body := bulk("shared")
	first := hold(t, s, letter(1), body)
	slow, err := s.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := letter(1)
	if err := slow.receive(t.Context(), &m, strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), first.ID, "anna", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	slow.done()
	hold(t, s, letter(1), body)
}
