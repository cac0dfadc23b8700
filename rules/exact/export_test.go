package exact

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/bulkhead-dlp/bulkhead/rules/keyed"
	"github.com/cespare/xxhash/v2"
)

// FileOf makes a file with the given header, whose checksums are set right
// where they can be.
func FileOf(text, rest []byte) []byte {
	var h header
	if json.Unmarshal(text, &h) == nil && h.BucketBits >= 0 && h.BucketBits < 20 && h.Values >= 0 && h.Values < 1<<16 {
		all := make([]byte, max(h.size(), headerSize))
		copy(all[headerSize:], rest)
		buckets, entries := all[headerSize:headerSize+4*(1<<h.BucketBits+1)], all[h.entriesAt():]
		h.BucketsSum, h.EntriesSum = xxhash.Sum64(buckets), xxhash.Sum64(entries)
		h.KeyCheck = keyed.Secret(bytes.Repeat([]byte{42}, keyed.SecretSize)).For(Purpose).Check()
		if block, err := h.encode(); err == nil {
			copy(all, block)
			return all
		}
	}
	block := make([]byte, headerSize, headerSize+len(rest))
	copy(block, magic)
	text = text[:min(len(text), headerSize-jsonAt)]
	binary.LittleEndian.PutUint32(block[8:], uint32(len(text)))
	binary.LittleEndian.PutUint64(block[16:], xxhash.Sum64(text))
	copy(block[jsonAt:], text)
	return append(block, rest...)
}
