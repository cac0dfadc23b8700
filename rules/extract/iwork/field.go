package iwork

import (
	"encoding/binary"
	"iter"
)

// field is one field of a message of Protocol Buffers.
type field struct {
	number uint64
	kind   uint64 // 0 a number, 1 and 5 fixed sizes, 2 bytes
	value  uint64
	bytes  []byte
}

// fields gives the fields of a message up to its end, or to where it is none.
func fields(b []byte) iter.Seq[field] {
	return func(yield func(field) bool) {
		for len(b) > 0 {
			tag, k := binary.Uvarint(b)
			if k <= 0 {
				return
			}
			b = b[k:]
			f := field{number: tag >> 3, kind: tag & 7}
			size := 0
			switch f.kind {
			case 0:
				if f.value, size = binary.Uvarint(b); size <= 0 {
					return
				}
			case 1:
				size = 8
			case 5:
				size = 4
			case 2:
				n, k := binary.Uvarint(b)
				if k <= 0 || n > uint64(len(b)-k) {
					return
				}
				f.bytes, size = b[k:k+int(n)], k+int(n)
			default:
				return
			}
			if size > len(b) {
				return
			}
			b = b[size:]
			if !yield(f) {
				return
			}
		}
	}
}
