package main

import (
	"iter"
	"time"
)

// listed gives all that a list has, page by page. next reads the page after a
// place, which is zero at the begin, and tells where the one behind it begins,
// zero after the last. An error ends the list.
func listed[T any, Place comparable](next func(after Place) (page []T, more Place, err error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		var after, end Place
		for {
			page, more, err := next(after)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page {
				if !yield(&page[i], nil) {
					return
				}
			}
			if more == end {
				return
			}
			after = more
		}
	}
}

// ago is since when a list is asked for that goes back so far; zero, which
// bounds nothing, for 0.
func ago(age time.Duration) time.Time {
	if age <= 0 {
		return time.Time{}
	}
	return time.Now().Add(-age)
}
