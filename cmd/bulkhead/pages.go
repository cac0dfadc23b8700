package main

import "iter"

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
