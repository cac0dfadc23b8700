package main

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// A list is read to its end, no page more than is asked for, and not beyond an
// error, which is told after what came before it.
func TestListsAreReadPageByPage(t *testing.T) {
	away := errors.New("away")
	for _, c := range []struct {
		pages     map[string][]int // by where they begin; none is an error
		stop      int              // 0: never
		want      []int
		wantPages int
		wantErr   error
	}{
		{pages: map[string][]int{"": nil}, wantPages: 1},
		{pages: map[string][]int{"": {1, 2}, "p1": nil, "p2": {3}}, want: []int{1, 2, 3}, wantPages: 3},
		{pages: map[string][]int{"": {1, 2}, "p1": {3}}, stop: 2, want: []int{1, 2}, wantPages: 1},
		{pages: map[string][]int{"": {1, 2}, "p1": {3}, "p3": {4}}, want: []int{1, 2, 3}, wantPages: 3, wantErr: away},
	} {
		var got []int
		var err error
		read := 0
		all := listed(func(after string) ([]int, string, error) {
			read++
			page, found := c.pages[after]
			if !found {
				return nil, "", away
			}
			more := ""
			if read < max(c.wantPages, len(c.pages)) {
				more = fmt.Sprintf("p%d", read)
			}
			return page, more, nil
		})
		for x, failed := range all {
			if err = failed; err != nil {
				break
			}
			if got = append(got, *x); len(got) == c.stop {
				break
			}
		}
		if !slices.Equal(got, c.want) || read != c.wantPages || !errors.Is(err, c.wantErr) {
			t.Errorf("%v: %v by %d pages, %v; want %v by %d, %v", c.pages, got, read, err, c.want, c.wantPages, c.wantErr)
		}
	}
}
