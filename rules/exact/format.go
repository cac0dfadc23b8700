package exact

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bulkhead-dlp/bulkhead/rules/detect"
	"github.com/cespare/xxhash/v2"
)

// The file's layout. Numbers are little-endian.
//
//	0          magic, 8 bytes
//	8          length of the header's JSON, 4 bytes; 4 bytes of zero
//	16         xxHash64 of the header's JSON, 8 bytes
//	24         the header's JSON, then zeros
//	headerSize the entry at which each bucket begins, and the number of
//	           entries: 4 bytes each
//	           zeros up to a multiple of 8
//	           the entries: 4 bytes of hash, 4 bytes of post
const (
	magic      = "BHEXACT\x01" // the last byte is the version
	headerSize = 8 << 10
	jsonAt     = 24
	entrySize  = 8
)

// Bounds of an index.
const (
	// MaxRecords is the most records of one index.
	MaxRecords = 1<<28 - 1
	// MaxColumns is the most columns of one index.
	MaxColumns = 15
	maxEntries = 1<<32 - 1
	// maxPosts is how many records of one value are kept.
	maxPosts = 31
	// bucketEntries is the least number of entries that a bucket has on
	// average, in an index of more than a few thousand: so many that the table
	// of buckets stays in the processor's cache.
	bucketEntries = 32
	minBucketBits = partitionBits
	maxBucketBits = 28
)

// ErrDamaged is wrapped by the errors about a file that is not a whole index.
var ErrDamaged = errors.New("not a whole index file: build it again")

// ErrKey is wrapped by the errors about a key that is not the index's.
var ErrKey = errors.New("the key is not the one that the index was built with")

// Column is one column of an index.
type Column struct {
	// Name is the column's header, or its number where that is not sure to be
	// no value.
	Name string `json:"name"`
	// Type is the field type's name.
	Type string `json:"type"`
	// Values is how many values were taken.
	Values int64 `json:"values"`
	// Bits is how rare it is that two strangers have the same value.
	Bits float64 `json:"bits"`
	// Shortest and Longest bound the values' compact forms, in bytes.
	Shortest int `json:"shortest"`
	Longest  int `json:"longest"`

	kind detect.Type
}

// Info is what an index says of itself.
type Info struct {
	// Records is the number of rows, Values that of the values that can be
	// looked up.
	Records int64 `json:"records"`
	Values  int64 `json:"values"`
	// Common is how many different values stand in more records than are kept.
	Common  int64     `json:"common"`
	Columns []Column  `json:"columns"`
	Built   time.Time `json:"built"`
	// KeyCheck names the key, and does not tell it.
	KeyCheck string `json:"key_check"`
}

// header is the header's JSON.
type header struct {
	Info
	BucketBits int    `json:"bucket_bits"`
	BucketsSum uint64 `json:"buckets_sum,string"`
	EntriesSum uint64 `json:"entries_sum,string"`
}

// entriesAt returns where the entries begin.
func (h *header) entriesAt() int64 {
	return (headerSize + 4*(1<<h.BucketBits+1) + entrySize - 1) / entrySize * entrySize
}

// size returns the size of the whole file.
func (h *header) size() int64 { return h.entriesAt() + entrySize*h.Values }

// encode returns the first headerSize bytes of the file.
func (h *header) encode() ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write the header: %w", err)
	}
	if len(text) > headerSize-jsonAt {
		return nil, fmt.Errorf("write the header: the columns' names are too long: %d bytes, at most %d fit", len(text), headerSize-jsonAt)
	}
	block := make([]byte, headerSize)
	copy(block, magic)
	binary.LittleEndian.PutUint32(block[8:], uint32(len(text)))
	binary.LittleEndian.PutUint64(block[16:], xxhash.Sum64(text))
	copy(block[jsonAt:], text)
	return block, nil
}

// decodeHeader reads and checks the header, and returns its JSON's sum.
func decodeHeader(data []byte) (*header, uint64, error) {
	if len(data) < headerSize || string(data[:len(magic)]) != magic {
		if bytes.HasPrefix(data, []byte(magic[:len(magic)-1])) {
			return nil, 0, fmt.Errorf("an index of another version: build it again with this program: %w", ErrDamaged)
		}
		return nil, 0, fmt.Errorf("no index header: %w", ErrDamaged)
	}
	n := binary.LittleEndian.Uint32(data[8:])
	if n > headerSize-jsonAt {
		return nil, 0, fmt.Errorf("header of %d bytes: %w", n, ErrDamaged)
	}
	text, sum := data[jsonAt:jsonAt+n], binary.LittleEndian.Uint64(data[16:])
	if xxhash.Sum64(text) != sum {
		return nil, 0, fmt.Errorf("header's checksum is wrong: %w", ErrDamaged)
	}
	h := new(header)
	if err := json.Unmarshal(text, h); err != nil {
		return nil, 0, fmt.Errorf("header: %w", errors.Join(err, ErrDamaged))
	}
	if err := h.check(int64(len(data))); err != nil {
		return nil, 0, err
	}
	return h, sum, nil
}

// check reports a header that cannot be of a file of the given size.
func (h *header) check(size int64) error {
	switch {
	case h.BucketBits < minBucketBits || h.BucketBits > maxBucketBits,
		h.Values < 0 || h.Values > maxEntries, h.Records < 0 || h.Records > MaxRecords,
		len(h.Columns) > MaxColumns:
		return fmt.Errorf("header with numbers that cannot be: %w", ErrDamaged)
	case h.size() != size:
		return fmt.Errorf("%d bytes, want %d: %w", size, h.size(), ErrDamaged)
	}
	for i := range h.Columns {
		c := &h.Columns[i]
		var known bool
		if c.kind, known = detect.Parse(c.Type); !known || !Indexable(c.kind) {
			return fmt.Errorf("column %d of the unknown type %q: %w", i+1, c.Type, ErrDamaged)
		}
	}
	return nil
}

// A post is what an entry says beside the hash: a record's number and a
// column, or how many records have the value where not all are kept.
type post uint32

const countColumn = MaxColumns // marks a post that is a count

func newPost(number uint32, column int) post { return post(number<<4 | uint32(column)) }

func (p post) column() int    { return int(p & 15) }
func (p post) number() uint32 { return uint32(p >> 4) }
