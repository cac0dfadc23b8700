package review

import (
	"slices"
	"testing"
)

// A release declares the size of what it sends, which is the held copy with
// its trace line, and not of what the client had announced.
func TestReleaseDeclaresItsOwnSize(t *testing.T) {
	got := declared([]string{"SIZE=100", "BODY=8BITMIME", "RET=HDRS"}, 321)
	if want := []string{"SIZE=321", "BODY=8BITMIME", "RET=HDRS"}; !slices.Equal(got, want) {
		t.Errorf("declares %q, want %q", got, want)
	}
	if got := declared([]string{"BODY=8BITMIME"}, 321); !slices.Equal(got, []string{"BODY=8BITMIME"}) {
		t.Errorf("declares %q where the client had declared nothing", got)
	}
}
