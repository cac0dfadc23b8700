package exact

import (
	"encoding/binary"
	"strings"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/cespare/xxhash/v2"
)

// Set is the indexes that are searched together. It is immutable and safe for
// concurrent use.
type Set struct {
	indexes []*Index
	version string
	lengths [numClasses]lengths
}

// NewSet makes a set.
func NewSet(indexes ...*Index) *Set {
	s := &Set{indexes: indexes}
	var names []string
	for _, x := range indexes {
		names = append(names, x.name+"@"+x.version)
		for c, l := range x.lengths {
			if l.longest > 0 {
				s.lengths[c].widen(l.shortest, l.longest)
			}
		}
	}
	s.version = strings.Join(names, "+")
	return s
}

// Indexes returns the indexes of the set.
func (s *Set) Indexes() []*Index { return s.indexes }

// Version names the set's content: each index by its name and version.
func (s *Set) Version() string { return s.version }

// Records returns the records that have the value of the given type, of each
// index the first few.
func (s *Set) Records(t detect.Type, value []byte) (all []Record) {
	var posts [maxPosts + 1]post
	for _, x := range s.indexes {
		for _, p := range x.posts(posts[:0], t, value) {
			if p.column() != countColumn {
				all = append(all, x.record(p.number()))
			}
		}
	}
	return all
}

// Record names a record of an index, the same as long as the index's version
// is. Records of different indexes differ, but for a chance in 2^64.
type Record uint64

// record returns the name of a record of the index.
func (x *Index) record(number uint32) Record {
	var b [20]byte
	copy(b[:12], x.version)
	binary.LittleEndian.PutUint32(b[12:], number)
	copy(b[16:], "rec\x00")
	return Record(xxhash.Sum64(b[:]))
}
