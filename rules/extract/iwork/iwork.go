// Package iwork pulls the strings out of the archives that Apple's Numbers,
// Pages and Keynote keep their documents in (.iwa). Their format is not
// published: it is Snappy over messages of Protocol Buffers, whose meaning is
// known in part. Cells hold numbers for their strings, which stand in lists in
// the order in which they were first used; that order is kept here, the rows are
// not put together again.
//
// What is always true: memory is bounded by the limit given, and lengths that
// a file states are never trusted.
package iwork

import (
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/bulkhead-dlp/bulkhead/rules/extract/document"
	"github.com/klauspost/compress/s2"
)

// chunkHead is a zero, and the size of what follows in three bytes.
const chunkHead = 4

// maxChunk is what a chunk may hold, in bytes: Apple writes 64 KiB.
const maxChunk = 1 << 20

// Is tells an archive: a chain of chunks that ends with the file, the first of
// which begins like Snappy.
func Is(r io.ReaderAt, size int64) bool {
	chunks := 0
	for off := int64(0); off < size; chunks++ {
		var h [chunkHead + 10]byte
		n, _ := r.ReadAt(h[:], off)
		if n < chunkHead+2 || h[0] != 0 {
			return false
		}
		if chunks == 0 {
			if plain, k := binary.Uvarint(h[chunkHead:n]); k <= 0 || plain == 0 || plain > maxChunk {
				return false
			}
		}
		length := int64(h[1]) | int64(h[2])<<8 | int64(h[3])<<16
		if off += chunkHead + length; length < 2 || off > size || chunks > 1<<16 {
			return false
		}
	}
	return chunks > 0
}

// Strings is what an archive says.
type Strings struct {
	Text   []byte // a string a line, in order
	Tables bool   // there are rows of a table, which are not read
}

// Read pulls the strings out of an archive, up to limit bytes of it out of
// compression. What was found before an error is good.
func Read(r io.ReaderAt, size, limit int64) (Strings, error) {
	plain, fault := expand(r, size, limit)
	var s Strings
	var err error
	for len(plain) > 0 && err == nil {
		plain, err = s.archive(plain)
	}
	if fault != nil {
		err = fault // what cut it off explains its damage
	}
	return s, err
}

var errDamaged = fmt.Errorf("iWork archive: %w", document.ErrDamaged)

func expand(r io.ReaderAt, size, limit int64) (plain []byte, err error) {
	for off := int64(0); off < size; {
		var h [chunkHead]byte
		if _, err := r.ReadAt(h[:], off); err != nil {
			return plain, errDamaged
		}
		packed := make([]byte, int64(h[1])|int64(h[2])<<8|int64(h[3])<<16)
		if n, _ := r.ReadAt(packed, off+chunkHead); n < len(packed) {
			return plain, errDamaged
		}
		off += chunkHead + int64(len(packed))
		n, err := s2.DecodedLen(packed)
		if err != nil || n > maxChunk {
			return plain, errDamaged
		}
		if int64(len(plain)+n) > limit {
			return plain, fmt.Errorf("iWork archive: %w", document.ErrTooBig)
		}
		chunk, err := s2.Decode(nil, packed)
		if err != nil {
			return plain, errDamaged
		}
		plain = append(plain, chunk...)
	}
	return plain, nil
}

// typeTile is the number of the message that holds the rows of a table.
const typeTile = 6002

// archive reads one object: what it is made of, and its messages.
func (s *Strings) archive(b []byte) (rest []byte, err error) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, errDamaged
	}
	info, rest := b[k:k+int(n)], b[k+int(n):]
	for f := range fields(info) {
		if f.number != 2 || f.kind != 2 {
			continue
		}
		var kind, length uint64
		for f := range fields(f.bytes) {
			switch f.number {
			case 1:
				kind = f.value
			case 3:
				length = f.value
			}
		}
		if length > uint64(len(rest)) {
			return nil, errDamaged
		}
		s.Tables = s.Tables || kind == typeTile
		s.message(rest[:length], 0)
		rest = rest[length:]
	}
	return rest, nil
}

// maxDepth is how deep messages may stand in each other.
const maxDepth = 16

// message gives the strings in a message: a field of bytes is one if it can be
// one, and else a message of its own.
func (s *Strings) message(b []byte, depth int) {
	for f := range fields(b) {
		switch {
		case f.kind != 2:
		case isText(f.bytes):
			s.Text = append(append(s.Text, f.bytes...), '\n')
		case depth < maxDepth:
			s.message(f.bytes, depth+1)
		}
	}
}

func isText(b []byte) bool {
	if len(b) < 2 || !utf8.Valid(b) {
		return false
	}
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
