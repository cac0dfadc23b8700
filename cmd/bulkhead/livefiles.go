package main

import (
	"slices"

	"github.com/bulkhead-dlp/bulkhead/proxy/index"
)

// watched are files that are taken together, such as a certificate and its key.
// What is put in place whole is taken once there are others; what people write
// in place, once it rests: see changed.
type watched struct {
	paths       []string
	taken, seen []index.Stamp
}

// watch begins with the files as they are now.
func watch(paths ...string) watched {
	w := watched{paths: paths}
	w.take()
	return w
}

// take notes that the files are read as they are now.
func (w *watched) take() { w.taken = w.stamps() }

// others reports whether the files are others than those taken.
func (w *watched) others() bool { return !slices.Equal(w.stamps(), w.taken) }

// changed reports whether the files are others than those taken, and have not
// changed since it was asked before: one that is being written, or whose pair
// is still to come, is left to be finished.
func (w *watched) changed() bool {
	now := w.stamps()
	rests := slices.Equal(now, w.seen)
	w.seen = now
	return rests && !slices.Equal(now, w.taken)
}

func (w *watched) stamps() []index.Stamp {
	all := make([]index.Stamp, len(w.paths))
	for i, path := range w.paths {
		all[i] = index.StampOf(path)
	}
	return all
}
